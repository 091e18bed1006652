"""Positions move once: the law that keeps zombies from changing anything."""

import asyncio

import pytest

from leadlight.bus.port import Partition, Span
from leadlight.errors import PositionLost
from leadlight.store import positions
from leadlight.store.database import Database
from leadlight.store.positions import Position

ZERO, ONE = Partition("t", 0), Partition("t", 1)


async def held_now(database: Database, *partitions: Partition) -> dict[Partition, Position]:
    async with database.read() as connection:
        return await positions.load(connection, "reader", partitions)


async def test_a_consumer_that_never_read_begins_at_the_beginning(database: Database) -> None:
    assert await held_now(database, ZERO, ONE) == {ZERO: Position(0, 0), ONE: Position(0, 0)}


async def test_a_position_moves_with_its_span_and_its_version_with_every_transaction(database: Database) -> None:
    held = await held_now(database, ZERO, ONE)
    async with database.begin() as connection:
        held = await positions.advance(connection, "reader", held, {ZERO: Span(0, 10)})
    assert held == {ZERO: Position(10, 1), ONE: Position(0, 1)}
    assert await held_now(database, ZERO, ONE) == held


@pytest.mark.parametrize("version", [0, 1])
async def test_whoever_comes_second_from_the_same_position_changes_nothing(database: Database, version: int) -> None:
    held = await held_now(database, ZERO, ONE)
    for _ in range(version):
        async with database.begin() as connection:
            held = await positions.advance(connection, "reader", held, {})

    async with database.begin() as connection:
        await positions.advance(connection, "reader", {ONE: held[ONE]}, {ONE: Span(0, 5)})
    with pytest.raises(PositionLost):
        async with database.begin() as connection:
            await positions.advance(connection, "reader", held, {ZERO: Span(0, 7), ONE: Span(0, 7)})

    now = await held_now(database, ZERO, ONE)
    assert now[ZERO] == held[ZERO]
    assert now[ONE] == Position(5, version + 1)


async def test_of_many_owners_at_once_exactly_one_wins(database: Database) -> None:
    held = await held_now(database, ZERO)

    async def move(to: int) -> int:
        async with database.begin() as connection:
            await positions.advance(connection, "reader", held, {ZERO: Span(0, to)})
        return to

    outcomes = await asyncio.gather(*(move(n) for n in range(1, 9)), return_exceptions=True)

    winners = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(winners) == 1
    assert all(isinstance(outcome, PositionLost | int) for outcome in outcomes)
    assert (await held_now(database, ZERO))[ZERO] == Position(winners[0], 1)
