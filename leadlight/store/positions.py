"""How far each consumer has come: moved by compare-and-swap, as the first statement of every worker transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Update, and_, case, or_, select, update
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
    moved = {
        partition: Position(spans[partition].next if partition in spans else before.offset, before.version + 1)
        for partition, before in sorted(held.items())
    }
    new = [partition for partition in moved if not held[partition].version]
    known = [partition for partition in moved if held[partition].version]
    done = 0
    if new:
        rows = [
            {
                "consumer": consumer,
                "topic": partition.topic,
                "partition": partition.number,
                "next_offset": moved[partition].offset,
                "version": moved[partition].version,
            }
            for partition in new
        ]
        begun = insert(connection, positions).values(rows).on_conflict_do_nothing()
        done += (await connection.execute(begun)).rowcount
    if known:
        done += (await connection.execute(_swap(consumer, known, held, moved))).rowcount
    if done != len(moved):
        raise PositionLost(f"{consumer} no longer owns all of {', '.join(f'{p.topic}/{p.number}' for p in moved)}")
    return moved


def _swap(
    consumer: str,
    partitions: Sequence[Partition],
    held: Mapping[Partition, Position],
    moved: Mapping[Partition, Position],
) -> Update:
    """One statement for all partitions: a worker may own a dozen, and moves them in every transaction."""
    here = {
        partition: and_(positions.c.topic == partition.topic, positions.c.partition == partition.number)
        for partition in partitions
    }
    unmoved = [
        and_(
            here[partition],
            positions.c.next_offset == held[partition].offset,
            positions.c.version == held[partition].version,
        )
        for partition in partitions
    ]
    offset = case(*((here[partition], moved[partition].offset) for partition in partitions))
    return (
        update(positions)
        .where(positions.c.consumer == consumer, or_(*unmoved))
        .values(next_offset=offset, version=positions.c.version + 1)
    )
