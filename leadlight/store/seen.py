"""Which events have been applied already: copies are caught for 14 days by arrival."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.records import Identified
from leadlight.store import bulk
from leadlight.store.tables import seen_events

WINDOW = timedelta(days=14)

FOR_EVER = date.max
"""When an imported event counts as arrived: the same file may be imported again years later."""

FORGOTTEN_AT_ONCE = 5_000
"""Rows of one deletion: no transaction may hold up the next batch."""


async def keep_new(connection: AsyncConnection, batch: Sequence[Identified]) -> list[Identified]:
    """The events not seen before, the first copy of each; remembers them.

    Reports of engaged time all pass: the largest wins, so a copy changes nothing.
    """
    once = [
        (event.site, event.visitor, event.id, FOR_EVER if event.imported else event.received_at.date())
        for item in batch
        if (event := item.event).engagement is None
    ]
    new = await bulk.append_new(connection, seen_events, ("site_id", "visitor_id", "event_id", "arrived_on"), once)
    kept: list[Identified] = []
    for item in batch:
        event = item.event
        if event.engagement is None:
            key = (event.site, event.visitor, event.id)
            if key not in new:
                continue
            new.remove(key)
        kept.append(item)
    return kept


async def forget(connection: AsyncConnection, *, now: datetime) -> bool:
    """Remove some of the ids older than the window; whether none is left."""
    row = "rowid" if connection.dialect.name == "sqlite" else "ctid"
    bound = (now - WINDOW).date()
    done = await connection.execute(
        text(
            f"DELETE FROM seen_events WHERE {row} IN "
            f"(SELECT {row} FROM seen_events WHERE arrived_on < :bound LIMIT {FORGOTTEN_AT_ONCE})"
        ).bindparams(bound=bound if row == "ctid" else bound.isoformat())
    )
    return done.rowcount < FORGOTTEN_AT_ONCE
