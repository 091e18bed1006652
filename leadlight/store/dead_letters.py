"""Records that cannot be processed, kept with their bytes and their reason."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.log import Record
from leadlight.store.database import insert
from leadlight.store.tables import dead_letters


async def add(connection: AsyncConnection, consumer: str, record: Record, *, reason: str, now: datetime) -> None:
    """Keep one dead record; keeping it twice is keeping it once."""
    site, _, _ = record.key.partition(b":")
    await connection.execute(
        insert(connection, dead_letters)
        .values(
            consumer=consumer,
            topic=record.partition.topic,
            partition=record.partition.number,
            offset=record.offset,
            site_id=site.decode(errors="replace").replace("\x00", "") or None,
            key=record.key,
            value=record.value,
            reason=reason.replace("\x00", "").encode(errors="replace").decode(),  # half a character stops no partition
            at=now,
        )
        .on_conflict_do_nothing()
    )


async def count(connection: AsyncConnection, *, since: datetime) -> int:
    """How many records died since then."""
    return (
        await connection.execute(select(func.count()).select_from(dead_letters).where(dead_letters.c.at >= since))
    ).scalar_one()
