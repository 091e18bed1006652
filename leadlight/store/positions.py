"""How far each consumer has come: moved by compare-and-swap, as the first statement of every worker transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.log import Partition, Span
from leadlight.errors import PositionLost
from leadlight.store.database import insert
from leadlight.store.tables import positions


@dataclass(frozen=True, slots=True)
class Position:
    """Where a consumer stands in one partition. `version` grows with every transaction, `offset` only with records."""

    offset: int
    version: int


async def load(
    connection: AsyncConnection, consumer: str, partitions: Sequence[Partition]
) -> dict[Partition, Position]:
    """The consumer's stored positions; partitions it never read begin at offset 0, version 0."""
    topics = sorted({partition.topic for partition in partitions})
    rows = await connection.execute(
        select(positions.c.topic, positions.c.partition, positions.c.next_offset, positions.c.version).where(
            positions.c.consumer == consumer, positions.c.topic.in_(topics)
        )
    )
    stored = {Partition(topic, number): Position(offset, version) for topic, number, offset, version in rows}
    return {partition: stored.get(partition, Position(0, 0)) for partition in partitions}


async def advance(
    connection: AsyncConnection,
    consumer: str,
    held: Mapping[Partition, Position],
    spans: Mapping[Partition, Span],
) -> dict[Partition, Position]:
    """Move from the positions held to the ends of `spans`; the new positions, one version further.

    A partition without a span (a timed change) gains a version and no offset.

    Raises:
        PositionLost: another owner has moved one of them. The transaction must be undone.
    """
    moved: dict[Partition, Position] = {}
    for partition in sorted(held):
        before = held[partition]
        after = Position(spans[partition].next if partition in spans else before.offset, before.version + 1)
        place = {"consumer": consumer, "topic": partition.topic, "partition": partition.number}
        if before.version == 0:
            done = await connection.execute(
                insert(connection, positions)
                .values(**place, next_offset=after.offset, version=after.version)
                .on_conflict_do_nothing()
            )
        else:
            done = await connection.execute(
                _SWAP,
                {
                    "a_consumer": consumer,
                    "a_topic": partition.topic,
                    "a_partition": partition.number,
                    "old_offset": before.offset,
                    "old_version": before.version,
                    "new_offset": after.offset,
                    "new_version": after.version,
                },
            )
        if done.rowcount != 1:
            raise PositionLost(f"{consumer} no longer owns {partition.topic}/{partition.number} at {before}")
        moved[partition] = after
    return moved


_SWAP = (
    update(positions)
    .where(
        positions.c.consumer == bindparam("a_consumer"),
        positions.c.topic == bindparam("a_topic"),
        positions.c.partition == bindparam("a_partition"),
        positions.c.next_offset == bindparam("old_offset"),
        positions.c.version == bindparam("old_version"),
    )
    .values(next_offset=bindparam("new_offset"), version=bindparam("new_version"))
)
