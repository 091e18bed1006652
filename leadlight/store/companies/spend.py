"""What providers may still be asked this month, shared by all processes, and how each stands."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.providers.circuit import Circuit
from leadlight.store.database import insert
from leadlight.store.tables import provider_months, provider_states

MICROS = 1_000_000
"""Of one unit of a currency: prices of a single question are far below a cent."""


class Budget(Struct, frozen=True):
    """The most that a provider may be asked and may cost in a UTC month."""

    calls: int
    micros: int | None  # None: no bound in money
    price_micros: int  # of one question


class Month(Struct, frozen=True):
    """What a month has used up so far."""

    calls: int = 0
    matches: int = 0
    spent_micros: int = 0


class Standing(Struct, frozen=True):
    """How a source outside stood when it was last asked by any process."""

    state: str
    error: str
    not_before: datetime | None
    changed_at: datetime


def month_of(now: datetime) -> str:
    return now.strftime("%Y-%m")


async def reserve(connection: AsyncConnection, provider: str, budget: Budget, *, now: datetime) -> bool:
    """Take one question off the month's budget, unless that is used up. A crash after this costs one question."""
    if budget.calls < 1 or (budget.micros is not None and budget.micros < budget.price_micros):
        return False
    months = provider_months.c
    left = [months.calls < budget.calls]
    if budget.micros is not None:
        left.append(months.spent_micros + budget.price_micros <= budget.micros)
    statement = insert(connection, provider_months)
    taken = await connection.execute(
        statement.values(provider=provider, month=month_of(now), calls=1, matches=0, spent_micros=budget.price_micros)
        .on_conflict_do_update(
            index_elements=["provider", "month"],
            set_={"calls": months.calls + 1, "spent_micros": months.spent_micros + budget.price_micros},
            where=and_(*left),
        )
        .returning(months.calls)
    )
    return taken.first() is not None


async def settle(connection: AsyncConnection, provider: str, *, month: str, matched: int, refund_micros: int) -> None:
    """Count what questions came to: companies named, and money that was not taken after all."""
    await connection.execute(
        update(provider_months)
        .where(provider_months.c.provider == provider, provider_months.c.month == month)
        .values(
            matches=provider_months.c.matches + matched,
            spent_micros=provider_months.c.spent_micros - refund_micros,
        )
    )


async def used(connection: AsyncConnection, providers: Sequence[str], *, month: str) -> dict[str, Month]:
    rows = await connection.execute(
        select(provider_months).where(provider_months.c.provider.in_(providers), provider_months.c.month == month)
    )
    found = {row.provider: Month(row.calls, row.matches, row.spent_micros) for row in rows}
    return {name: found.get(name, Month()) for name in providers}


async def asked_in(connection: AsyncConnection, *, month: str) -> dict[str, Month]:
    """What all providers were asked in a month."""
    rows = await connection.execute(
        select(provider_months).where(provider_months.c.month == month).order_by(provider_months.c.provider)
    )
    return {row.provider: Month(row.calls, row.matches, row.spent_micros) for row in rows}


async def note(connection: AsyncConnection, provider: str, circuit: Circuit, *, now: datetime) -> None:
    """Keep how a source stands, for people who ask and for processes that start."""
    values = {
        "state": circuit.state.value,
        "error": circuit.error[:500],
        "not_before": circuit.not_before,
        "changed_at": now,
    }
    statement = insert(connection, provider_states).values(provider=provider, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["provider"], set_=values))


async def standings(connection: AsyncConnection) -> dict[str, Standing]:
    rows = await connection.execute(select(provider_states).order_by(provider_states.c.provider))
    return {row.provider: Standing(row.state, row.error, row.not_before, row.changed_at) for row in rows}
