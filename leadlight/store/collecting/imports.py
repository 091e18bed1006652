"""How far files of past traffic have been read."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.database import insert
from leadlight.store.tables import imports

KEY = ("site_id", "source", "format")


@dataclass(frozen=True, slots=True)
class Progress:
    """What of a file the collector has confirmed. `digest` is of its first `position` bytes, unpacked."""

    position: int = 0
    digest: str = ""
    lines: int = 0
    events: int = 0
    bad_lines: int = 0


async def find(connection: AsyncConnection, site_id: str, source: str, form: str) -> Progress | None:
    """How far this file was read before; None if it never was."""
    table = imports.c
    row = (
        await connection.execute(
            select(table.position, table.digest, table.lines, table.events, table.bad_lines).where(
                table.site_id == site_id, table.source == source, table.format == form
            )
        )
    ).one_or_none()
    return None if row is None else Progress(*row)


async def save(
    connection: AsyncConnection, site_id: str, source: str, form: str, progress: Progress, *, now: datetime
) -> None:
    """Remember how far the file has been read."""
    values = {
        "position": progress.position,
        "digest": progress.digest,
        "lines": progress.lines,
        "events": progress.events,
        "bad_lines": progress.bad_lines,
        "updated_at": now,
    }
    statement = insert(connection, imports).values(site_id=site_id, source=source, format=form, begun_at=now, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=KEY, set_=values))
