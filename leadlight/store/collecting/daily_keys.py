"""The random keys of the days, each sealed with the installation's secret."""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.database import insert
from leadlight.store.owners.webhooks import seal, unseal
from leadlight.store.tables import daily_keys


async def add(connection: AsyncConnection, fresh: Mapping[date, bytes], *, secret: bytes) -> None:
    """Propose keys for days; a day that has one keeps it, so that all processes use the same."""
    rows = [
        {"day": day, "key_sealed": seal(key.hex(), secret=secret, bound_to=_bound_to(day))}
        for day, key in sorted(fresh.items())
    ]
    await connection.execute(insert(connection, daily_keys).on_conflict_do_nothing(), rows)


async def list_all(connection: AsyncConnection, *, secret: bytes) -> dict[date, bytes]:
    """Every key there is.

    Raises:
        ConfigurationError: LEADLIGHT_SECRET is not the one that they were sealed with.
    """
    rows = (await connection.execute(select(daily_keys.c.day, daily_keys.c.key_sealed))).all()
    return {day: bytes.fromhex(unseal(key_sealed, secret=secret, bound_to=_bound_to(day))) for day, key_sealed in rows}


async def destroy(connection: AsyncConnection, days: Iterable[date]) -> None:
    """Overwrite the keys of these days where they lie, then delete them."""
    gone = daily_keys.c.day.in_(sorted(days))
    await connection.execute(update(daily_keys).where(gone).values(key_sealed=bytes(92)))
    await connection.execute(delete(daily_keys).where(gone))


def _bound_to(day: date) -> str:
    return f"daily key\n{day.isoformat()}"
