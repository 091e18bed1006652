"""Telling alerts to webhooks: what is to be sent, who is sending it, and what came of each attempt."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.database import insert
from leadlight.store.tables import alerts, deliveries, delivery_attempts, webhooks

Endpoint = tuple[str, str]
"""A webhook: site and id."""


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that nobody has been told of."""

    site_id: str
    id: str
    type: str
    crossed_at: datetime


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One alert for one webhook. The body is fixed here, so that every attempt says the same."""

    site_id: str
    id: str
    alert_id: str
    webhook_id: str
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that is ours to send until the lease ends."""

    site_id: str
    id: str
    webhook_id: str
    url: str
    secret_sealed: bytes
    body: str
    attempts: int  # made before
    leased_until: datetime
    created_at: datetime

    @property
    def endpoint(self) -> Endpoint:
        return (self.site_id, self.webhook_id)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending once. `status` None: there was no answer, `error` says why."""

    at: datetime
    status: int | None
    error: str | None
    duration_ms: int


async def waiting(connection: AsyncConnection, *, now: datetime, busy: Collection[Endpoint] = ()) -> tuple[bool, bool]:
    """Whether there are alerts that nobody has been told of, and deliveries due at other endpoints than the `busy` ones."""
    new = exists().where(alerts.c.state == "new")
    due = exists().where(*_due(now), _of_others(busy))
    is_new, is_due = (await connection.execute(select(new, due))).one()
    return is_new, is_due


async def take_new_alerts(connection: AsyncConnection, *, limit: int) -> list[NewAlert]:
    """The oldest alerts that nobody has been told of; another transaction's are passed over."""
    rows = await connection.execute(
        select(alerts.c.site_id, alerts.c.id, alerts.c.type, alerts.c.crossed_at)
        .where(alerts.c.state == "new")
        .order_by(alerts.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [NewAlert(*row) for row in rows]


async def add(
    connection: AsyncConnection, told: Sequence[NewAlert], given: Sequence[NewDelivery], *, now: datetime
) -> None:
    """Hand alerts over: their deliveries are due at once, and the alerts count as told."""
    if given:
        rows = [
            {
                "site_id": each.site_id,
                "id": each.id,
                "alert_id": each.alert_id,
                "webhook_id": each.webhook_id,
                "type": each.type,
                "body": each.body,
                "state": "pending",
                "attempts": 0,
                "next_attempt_at": now,
                "created_at": now,
            }
            for each in given
        ]
        await connection.execute(insert(connection, deliveries).on_conflict_do_nothing(), rows)
    if told:
        await connection.execute(_TELL, [{"of_site": each.site_id, "of_id": each.id} for each in told])


_TELL = (
    update(alerts)
    .where(alerts.c.site_id == bindparam("of_site"), alerts.c.id == bindparam("of_id"))
    .values(state="told")
)


async def set_aside(connection: AsyncConnection, alert: NewAlert) -> None:
    """Take an alert that cannot be told out of the others' way."""
    await connection.execute(
        update(alerts).where(alerts.c.site_id == alert.site_id, alerts.c.id == alert.id).values(state="failed")
    )


async def lease(
    connection: AsyncConnection,
    *,
    now: datetime,
    until: datetime,
    free: int,
    free_of: Mapping[Endpoint, int],
    free_each: int,
) -> list[Leased]:
    """Take due deliveries for sending: `free` in all, and for each endpoint what `free_of` says, else `free_each`.

    Those that another alerter is sending are passed over until its lease ends, and so are disabled endpoints.
    """
    busy = [endpoint for endpoint, left in free_of.items() if left <= 0]
    query = (
        select(
            deliveries.c.site_id,
            deliveries.c.id,
            deliveries.c.webhook_id,
            webhooks.c.url,
            webhooks.c.secret_sealed,
            deliveries.c.body,
            deliveries.c.attempts,
            deliveries.c.created_at,
        )
        .join(webhooks, and_(webhooks.c.site_id == deliveries.c.site_id, webhooks.c.id == deliveries.c.webhook_id))
        .where(*_due(now), webhooks.c.disabled_at.is_(None), _of_others(busy))
        .order_by(deliveries.c.next_attempt_at)
        .limit(free)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    taken: list[Leased] = []
    given: Counter[Endpoint] = Counter()
    for site_id, id, webhook_id, url, secret, body, attempts, created_at in await connection.execute(query):
        endpoint = (site_id, webhook_id)
        if given[endpoint] < free_of.get(endpoint, free_each):
            given[endpoint] += 1
            taken.append(Leased(site_id, id, webhook_id, url, secret, body, attempts, until, created_at))
    if taken:
        await connection.execute(
            _LEASE, [{"of_site": each.site_id, "of_id": each.id, "until": until} for each in taken]
        )
    return taken


_ONE = and_(deliveries.c.site_id == bindparam("of_site"), deliveries.c.id == bindparam("of_id"))
_LEASE = update(deliveries).where(_ONE).values(leased_until=bindparam("until"))


async def record(
    connection: AsyncConnection,
    leased: Leased,
    attempt: Attempt,
    *,
    state: str,
    next_attempt_at: datetime | None,
) -> None:
    """Note an attempt and what follows from it.

    A delivery that has arrived stays delivered. Where the lease has passed to another alerter, a failure decides
    nothing: the other's attempt does.
    """
    here = and_(deliveries.c.site_id == leased.site_id, deliveries.c.id == leased.id)
    row = (
        await connection.execute(
            select(deliveries.c.state, deliveries.c.attempts, deliveries.c.leased_until).where(here).with_for_update()
        )
    ).one_or_none()
    if row is None:
        return  # removed meanwhile
    number = row.attempts + 1
    await connection.execute(
        insert(connection, delivery_attempts).values(
            site_id=leased.site_id,
            delivery_id=leased.id,
            number=number,
            at=attempt.at,
            status=attempt.status,
            error=attempt.error,
            duration_ms=attempt.duration_ms,
        )
    )
    changed: dict[str, Any] = {"attempts": number}
    ours = row.leased_until == leased.leased_until
    if row.state == "pending" and (ours or state == "delivered"):
        changed |= {
            "state": state,
            "next_attempt_at": next_attempt_at,
            "leased_until": None,
            "last_status": attempt.status,
            "last_error": attempt.error,
            "delivered_at": attempt.at if state == "delivered" else None,
        }
    await connection.execute(update(deliveries).where(here).values(**changed))


async def give_up(connection: AsyncConnection, endpoint: Endpoint, *, reason: str) -> None:
    """Fail everything that still waits for this endpoint."""
    site_id, webhook_id = endpoint
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.site_id == site_id, deliveries.c.webhook_id == webhook_id, deliveries.c.state == "pending")
        .values(state="failed", next_attempt_at=None, leased_until=None, last_error=reason)
    )


async def give_up_unreachable(connection: AsyncConnection, *, now: datetime) -> int:
    """Fail what is due at endpoints that have been disabled or removed; how many."""
    enabled = exists().where(
        webhooks.c.site_id == deliveries.c.site_id,
        webhooks.c.id == deliveries.c.webhook_id,
        webhooks.c.disabled_at.is_(None),
    )
    done = await connection.execute(
        update(deliveries)
        .where(*_due(now), ~enabled)
        .values(
            state="failed", next_attempt_at=None, leased_until=None, last_error="the endpoint is disabled or removed"
        )
    )
    return done.rowcount


def _due(now: datetime) -> Sequence[Any]:
    return (
        deliveries.c.state == "pending",
        deliveries.c.next_attempt_at <= now,
        or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now),
    )


def _of_others(busy: Collection[Endpoint]) -> Any:
    """Deliveries of none of these endpoints."""
    if not busy:
        return true()
    return ~or_(*(and_(deliveries.c.site_id == site, deliveries.c.webhook_id == id) for site, id in busy))
