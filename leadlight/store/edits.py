"""What people change, told to feed readers: one writer, whose position is held until its transaction commits."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store import bulk
from leadlight.store.database import insert
from leadlight.store.tables import changes, positions

WRITER: Final = "people"
CHANGES_AN_EDIT: Final = 2**20
"""Sequence numbers set aside for each edit: more objects than one can touch."""


async def tell(connection: AsyncConnection, site: str, touched: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Tell readers of the objects that somebody's edit has changed, by kind and id. The edit's last statement: other
    edits wait from here until it commits, so that numbers become visible in order."""
    row = {"consumer": WRITER, "topic": "edits", "partition": 0, "next_offset": 0, "version": 1}
    statement = (
        insert(connection, positions)
        .values(row)
        .on_conflict_do_update(
            index_elements=["consumer", "topic", "partition"], set_={"version": positions.c.version + 1}
        )
        .returning(positions.c.version)
    )
    version = (await connection.execute(statement)).scalar_one()
    first = version * CHANGES_AN_EDIT
    told = [(WRITER, first + at, site, kind, id, now) for at, (kind, id) in enumerate(sorted(set(touched)))]
    await bulk.append(connection, changes, ("writer", "seq", "site_id", "kind", "entity_id", "at"), told)
