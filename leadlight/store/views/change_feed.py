"""What has changed, told to every reader once, in an order that a reader can resume.

Sequence numbers are not commit order, so there is no single one: each writer numbers its own changes, and holds its
position row until it commits, so that its numbers become visible in order. A reader's place is therefore a position
for each writer, and nothing can appear before it later.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.tables import changes

Vector = Mapping[str, int]
"""A reader's place: the last change read of each writer. Writers left out have not been read at all."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change: which object of which site, and its number among its writer's changes."""

    writer: str
    seq: int
    site_id: str
    kind: str  # visitor, alert, contact
    entity_id: str
    at: datetime


async def heads(connection: AsyncConnection) -> dict[str, int]:
    """The last change of every writer, found by leaping from writer to writer through the key."""
    found = await connection.execute(_HEADS)
    return {row.writer: row.seq for row in found}


_HEADS = text("""
    WITH RECURSIVE known(writer) AS (
        SELECT min(writer) FROM changes
        UNION ALL
        SELECT (SELECT min(c.writer) FROM changes c WHERE c.writer > known.writer) FROM known WHERE known.writer IS NOT NULL
    )
    SELECT known.writer, (SELECT max(c.seq) FROM changes c WHERE c.writer = known.writer) AS seq
    FROM known WHERE known.writer IS NOT NULL
""")


async def after(
    connection: AsyncConnection,
    place: Vector,
    *,
    until: Vector,
    limit: int,
    site: str | None = None,
) -> tuple[list[ChangeRow], dict[str, int]]:
    """The next changes past `place` up to `until`, at most `limit`, and the place reached.

    `until` are heads read on this connection or earlier. Each writer's changes come in its order. With `site`, others'
    changes are passed over. A place beyond `until` (of a database since restored) is taken back to it.
    """
    strands: list[list[ChangeRow]] = []
    for writer in sorted(until):
        read = place.get(writer, -1)
        if read < until[writer]:
            query = select(changes).where(
                changes.c.writer == writer, changes.c.seq > read, changes.c.seq <= until[writer]
            )
            if site is not None:
                query = query.where(changes.c.site_id == site)
            rows = await connection.execute(query.order_by(changes.c.seq).limit(limit + 1))
            strands.append([ChangeRow(**row._mapping) for row in rows])
    merged = list(heapq.merge(*strands, key=lambda change: change.at))
    taken, rest = merged[:limit], {change.writer for change in merged[limit:]}
    reached = {writer: seq for writer, seq in until.items() if writer not in rest}
    reached |= {writer: place[writer] for writer in rest if writer in place}
    reached |= {change.writer: change.seq for change in taken if change.writer in rest}
    return taken, reached


def steps(start: Vector, rows: Sequence[ChangeRow]) -> list[tuple[ChangeRow, dict[str, int]]]:
    """One row for each object that changed, its last, and the place that a reader has reached with it.

    Whoever goes on from such a place is told of every object that is still to come, and of no other.
    """
    place = dict(start)
    last = {(row.site_id, row.kind, row.entity_id): number for number, row in enumerate(rows)}
    told = []
    for number, row in enumerate(rows):
        place[row.writer] = row.seq
        if last[row.site_id, row.kind, row.entity_id] == number:
            told.append((row, dict(place)))
    return told
