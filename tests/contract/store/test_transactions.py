"""What `Database.begin` and `Database.read` promise, on both databases."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from leadlight.errors import StoreUnavailable
from leadlight.store.database import Database
from leadlight.store.tables import drops

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def drop(reason: str, count: int = 1) -> dict[str, object]:
    return {"site_id": "s", "day": date(2026, 3, 1), "reason": reason, "count": count, "last_at": NOW}


async def reasons(database: Database) -> set[str]:
    async with database.read() as connection:
        return set((await connection.execute(select(drops.c.reason))).scalars())


async def test_what_was_written_is_there_for_readers_as_soon_as_the_block_is_left(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(drops).values(drop("a")))
    assert await reasons(database) == {"a"}


async def test_times_come_back_as_they_went_in(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(drops).values(drop("a")))
    async with database.read() as connection:
        assert (await connection.execute(select(drops.c.last_at))).scalar_one() == NOW


async def test_an_error_undoes_the_block_it_happened_in_and_no_other(database: Database) -> None:
    async def write(reason: str, *, fail: bool) -> None:
        async with database.begin() as connection:
            await connection.execute(insert(drops).values(drop(reason)))
            await asyncio.sleep(0)
            if fail:
                raise ValueError(reason)

    outcomes = await asyncio.gather(*(write(f"r{n}", fail=n % 3 == 0) for n in range(30)), return_exceptions=True)

    assert [isinstance(outcome, ValueError) for outcome in outcomes] == [n % 3 == 0 for n in range(30)]
    assert await reasons(database) == {f"r{n}" for n in range(30) if n % 3}


async def test_a_refused_statement_undoes_its_block_and_no_other(database: Database) -> None:
    async def write(reason: str) -> None:
        async with database.begin() as connection:
            await connection.execute(insert(drops).values(drop(reason)))

    await write("taken")
    outcomes = await asyncio.gather(*map(write, ["x", "taken", "y"]), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), IntegrityError, type(None)]
    assert await reasons(database) == {"taken", "x", "y"}


async def test_an_error_repeats_nothing_of_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(DBAPIError) as refused:
        async with database.begin() as connection:
            await connection.execute(insert(drops).values(drop("ada@shop.example") | {"last_at": None}))
    assert "ada@shop.example" not in f"{refused.value} {refused.value!r}"


async def test_a_writer_that_gives_up_waiting_holds_nobody_up(database: Database) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with database.begin() as connection:
            inside.set()
            await go_on.wait()
            await connection.execute(insert(drops).values(drop("slow")))

    async def quick(reason: str) -> None:
        async with database.begin() as connection:
            await connection.execute(insert(drops).values(drop(reason)))

    first = asyncio.create_task(slow())
    await inside.wait()
    waiting = asyncio.create_task(quick("never"))
    await asyncio.sleep(0.01)
    go_on.set()
    waiting.cancel()
    async with asyncio.timeout(5):
        await first
        await quick("after")
    assert {"slow", "after"} <= await reasons(database)


async def test_a_reader_does_not_wait_for_a_writer_and_sees_nothing_of_it(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(drops).values(drop("a")))
        async with asyncio.timeout(5):
            assert await reasons(database) == set()
    assert await reasons(database) == {"a"}


async def test_a_reader_sees_one_consistent_state(database: Database) -> None:
    async with database.read() as reader:
        before = (await reader.execute(select(drops.c.reason))).scalars().all()
        async with database.begin() as connection:
            await connection.execute(insert(drops).values(drop("a")))
        after = (await reader.execute(select(drops.c.reason))).scalars().all()
    assert before == after == []


async def test_readers_cannot_write(database: Database) -> None:
    async with database.read() as connection:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await connection.execute(insert(drops).values(drop("a")))
    assert await reasons(database) == set()


async def test_a_database_that_is_away_is_an_outage_and_no_ones_fault() -> None:
    database = Database("postgresql+asyncpg://nobody:x@127.0.0.1:1/nothing")
    try:
        with pytest.raises(StoreUnavailable):
            async with database.begin() as connection:
                await connection.execute(text("SELECT 1"))
    finally:
        await database.close()


async def test_writers_that_wait_for_each_other_all_get_their_turn(database: Database) -> None:
    async def write(n: int) -> None:
        for round_ in range(5):
            async with database.begin() as connection:
                await connection.execute(insert(drops).values(drop(f"{n}-{round_}")))

    await asyncio.gather(*map(write, range(40)))

    assert len(await reasons(database)) == 200
