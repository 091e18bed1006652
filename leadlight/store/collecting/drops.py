"""Refused events by site, day and reason: for the site's owner to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.database import insert
from leadlight.store.tables import drops

NO_SITE = ""
"""Stands for the site where none can be told: posts that were refused as a whole."""

REFUSED_AS_A_WHOLE = "refused_"
"""Before the status that a post was answered with, as its reason."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many events of one site were refused for one reason on one day (UTC)."""

    site_id: str
    day: date
    reason: str
    count: int
    last_at: datetime


async def add(connection: AsyncConnection, counted: Sequence[Dropped]) -> None:
    """Add to what has been counted so far."""
    if not counted:
        return
    statement = insert(connection, drops)
    later = statement.excluded.last_at > drops.c.last_at
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["site_id", "day", "reason"],
            set_={
                "count": drops.c.count + statement.excluded.count,
                "last_at": case((later, statement.excluded.last_at), else_=drops.c.last_at),
            },
        ),
        [
            {
                "site_id": drop.site_id,
                "day": drop.day,
                "reason": drop.reason,
                "count": drop.count,
                "last_at": drop.last_at,
            }
            for drop in sorted(counted, key=lambda drop: (drop.site_id, drop.day, drop.reason))
        ],
    )


async def list_for(connection: AsyncConnection, site_id: str, *, since: date) -> Sequence[Dropped]:
    """The site's refused events from that day on, latest day first, most frequent reason first."""
    rows = await connection.execute(
        select(drops)
        .where(drops.c.site_id == site_id, drops.c.day >= since)
        .order_by(drops.c.day.desc(), drops.c.count.desc(), drops.c.reason)
    )
    return [Dropped(row.site_id, row.day, row.reason, row._mapping["count"], row.last_at) for row in rows]
