"""Writers share a commit on SQLite: what happens to one must neither hold up nor silently undo the others."""

import asyncio
from pathlib import Path

from sqlalchemy import insert

from leadlight.errors import StoreUnavailable
from leadlight.store.database import Database
from leadlight.store.migrate import migrate
from leadlight.store.tables import drops
from tests.contract.store.test_transactions import drop, reasons

MOMENTS = 80


async def write(database: Database, reason: str) -> str:
    async with database.begin() as connection:
        await connection.execute(insert(drops).values(drop(reason)))
    return reason


async def test_a_writer_cancelled_at_any_moment_holds_nobody_up(database: Database) -> None:
    for moment in range(MOMENTS):
        victim = asyncio.create_task(write(database, f"cancelled at {moment}"))
        await asyncio.sleep(moment * 0.0001)
        victim.cancel()
        await asyncio.gather(victim, return_exceptions=True)
        async with asyncio.timeout(10):
            await write(database, f"after {moment}")
    assert {f"after {moment}" for moment in range(MOMENTS)} <= await reasons(database)


async def test_a_cancelled_writer_spoils_at_most_what_is_then_tried_again(database: Database) -> None:
    told: set[str] = set()
    for moment in range(MOMENTS):
        before = asyncio.create_task(write(database, f"before {moment}"))
        victim = asyncio.create_task(write(database, f"cancelled at {moment}"))
        behind = asyncio.create_task(write(database, f"behind {moment}"))
        await asyncio.sleep(moment * 0.0001)
        victim.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(victim, return_exceptions=True)
            for outcome in await asyncio.gather(before, behind, return_exceptions=True):
                if isinstance(outcome, str):
                    told.add(outcome)
                else:
                    assert isinstance(outcome, StoreUnavailable), f"no outage, so nobody would try again: {outcome!r}"
    assert told
    assert told <= await reasons(database)


async def test_a_full_disk_undoes_nothing_that_was_told_as_done(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'leadlight.db'}")
    try:
        await migrate(database)
        async with database.begin() as connection:
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}")
        writers = [write(database, "before"), write(database, "x" * 200_000), write(database, "behind")]
        outcomes = await asyncio.gather(*writers, return_exceptions=True)
        told = {outcome for outcome in outcomes if isinstance(outcome, str)}
        refused = [outcome for outcome in outcomes if not isinstance(outcome, str)]
        assert refused
        assert all(isinstance(outcome, StoreUnavailable) for outcome in refused)
        assert any("full" in str(outcome) for outcome in refused)
        assert await reasons(database) == told
        await write(database, "later")
    finally:
        await database.close()
