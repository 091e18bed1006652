"""A worker's promises: effects once, poison set aside, outages waited out."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from leadlight.bus.port import Partition
from leadlight.bus.topics import EVENTS
from leadlight.errors import StoreUnavailable
from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.lately import Lately
from leadlight.runtime.operations import find_problems
from leadlight.runtime.worker import Slice, Worker
from leadlight.settings import Settings
from leadlight.store import positions
from leadlight.store.database import insert
from leadlight.store.migrate import migrate
from leadlight.store.positions import Position
from leadlight.store.tables import dead_letters, drops

STRAND = Partition(EVENTS.name, 0)


class Ledger:
    """A consumer that counts each record's value in the `drops` table; values that begin with `poison` it cannot take."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.outages = 0
        self.slices: list[int] = []

    async def handle(self, part: Slice) -> Mapping[Partition, Position]:
        async with self.runtime.database.begin() as connection:
            moved = await positions.advance(connection, part.consumer, part.held, part.spans)
            if self.outages:
                self.outages -= 1
                raise StoreUnavailable("away for a moment")
            for record in part.records:
                if record.value.startswith(b"poison"):
                    raise ValueError("not to be swallowed")
                statement = insert(connection, drops).values(
                    site_id="s",
                    day=date(2026, 1, 1),
                    reason=record.value.decode(),
                    count=1,
                    last_at=self.runtime.now(),
                )
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["site_id", "day", "reason"], set_={"count": drops.c.count + 1}
                    )
                )
        self.slices.append(len(part.records))
        return moved


@asynccontextmanager
async def process(data: Path) -> AsyncIterator[Runtime]:
    async with open_runtime(Settings(data=data)) as runtime:
        await migrate(runtime.database)
        yield runtime


@asynccontextmanager
async def working(runtime: Runtime, ledger: Ledger) -> AsyncIterator[None]:
    worker = Worker(runtime, "ledger", [EVENTS.name], ledger.handle)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        runtime.stopping.set()
        await task


async def counts(runtime: Runtime, *, until: int) -> dict[str, int]:
    """What was counted, once `until` values are there."""
    async with asyncio.timeout(20):
        while True:
            async with runtime.database.read() as connection:
                rows = await connection.execute(select(drops.c.reason, drops.c.count))
                found = {str(reason): int(count) for reason, count in rows}
            if len(found) >= until:
                return found
            await asyncio.sleep(0.01)


async def publish(runtime: Runtime, *values: str) -> None:
    await runtime.bus.publish(EVENTS.name, [(b"site-1:v", value.encode()) for value in values])


async def test_every_record_counts_once_across_restarts(tmp_path: Path) -> None:
    for start in (0, 10, 20):
        async with process(tmp_path) as runtime, working(runtime, Ledger(runtime)):
            await publish(runtime, *(f"r{n}" for n in range(start, start + 10)))
            found = await counts(runtime, until=start + 10)
    assert found == {f"r{n}": 1 for n in range(30)}


async def test_a_record_that_cannot_be_processed_is_kept_with_its_bytes_and_stops_nobody(tmp_path: Path) -> None:
    async with process(tmp_path) as runtime:
        await publish(runtime, "a", "poison 1", "b", "poison 2", "c")
        ledger = Ledger(runtime)
        async with working(runtime, ledger):
            await publish(runtime, "d")
            assert await counts(runtime, until=4) == dict.fromkeys("abcd", 1)
        async with runtime.database.read() as connection:
            dead = (await connection.execute(select(dead_letters).order_by(dead_letters.c.offset))).all()
    assert [(row.offset, row.value, row.site_id) for row in dead] == [
        (1, b"poison 1", "site-1"),
        (3, b"poison 2", "site-1"),
    ]
    assert all("not to be swallowed" in row.reason for row in dead)


async def test_dead_records_turn_the_health_red_of_the_process_that_has_them_and_of_no_other(tmp_path: Path) -> None:
    async with process(tmp_path) as runtime:
        await publish(runtime, *(f"r{n}" for n in range(50)), "poison")
        async with working(runtime, Ledger(runtime)):
            await counts(runtime, until=50)
            await publish(runtime, "last")
            await counts(runtime, until=51)
            assert "records" in await find_problems(runtime, [])
        elsewhere = Runtime(runtime.settings, runtime.secret, runtime.database, runtime.bus)
        assert await find_problems(elsewhere, []) == {}


async def test_a_long_good_past_does_not_hide_that_records_die_now() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lately = Lately()
    lately.add(start, handled=1_000_000)
    lately.add(start + timedelta(hours=2), handled=10)
    lately.add(start + timedelta(hours=2, seconds=5), handled=1, dead=1)
    assert lately.counts(start + timedelta(hours=2, minutes=30)) == (11, 1)
    assert lately.counts(start + timedelta(hours=4)) == (0, 0)


async def test_an_outage_is_waited_out_and_kills_no_record(tmp_path: Path) -> None:
    async with process(tmp_path) as runtime:
        await publish(runtime, "a", "b")
        ledger = Ledger(runtime)
        ledger.outages = 2
        async with working(runtime, ledger):
            assert await counts(runtime, until=2) == {"a": 1, "b": 1}
        async with runtime.database.read() as connection:
            assert (await connection.execute(select(dead_letters))).all() == []


async def test_a_worker_whose_position_was_moved_reads_on_from_there(tmp_path: Path) -> None:
    async with process(tmp_path) as runtime:
        ledger = Ledger(runtime)
        async with working(runtime, ledger):
            await publish(runtime, "a")
            await counts(runtime, until=1)
            async with runtime.database.begin() as connection:  # another process took over and handled two more
                held = await positions.load(connection, "ledger", [STRAND])
                held[STRAND] = Position(held[STRAND].offset, held[STRAND].version)
                await positions.advance(connection, "ledger", held, {})
            await publish(runtime, "b", "c")
            assert await counts(runtime, until=3) == dict.fromkeys("abc", 1)


async def test_a_worker_asked_to_stop_while_the_database_is_away_stops(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, database_url="postgresql+asyncpg://nobody:x@127.0.0.1:1/nothing", secret="of no use here" * 3
    )
    async with open_runtime(settings) as runtime:
        await publish(runtime, "a")
        async with asyncio.timeout(20), working(runtime, Ledger(runtime)):
            await asyncio.sleep(0.5)


async def test_a_worker_asked_to_stop_amid_a_failed_batch_stops_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    class Slow(Ledger):
        """Fails whole batches, and takes its time over each record."""

        async def handle(self, part: Slice) -> Mapping[Partition, Position]:
            if len(part.records) > 1:
                raise ValueError("one of them is bad")
            await asyncio.sleep(0.2)
            return await super().handle(part)

    values = [f"r{n}" for n in range(100)]
    async with process(tmp_path) as runtime:
        await publish(runtime, *values)
        async with asyncio.timeout(15), working(runtime, Slow(runtime)):
            assert len(await counts(runtime, until=1)) < len(values)
    async with process(tmp_path) as runtime, working(runtime, Ledger(runtime)):
        assert await counts(runtime, until=len(values)) == dict.fromkeys(values, 1)


async def test_every_worker_tells_its_lag(tmp_path: Path) -> None:
    async with process(tmp_path) as runtime:
        ledger = Ledger(runtime)
        worker = Worker(runtime, "told", [EVENTS.name], ledger.handle, tick_seconds=0.01)
        task = asyncio.create_task(worker.run())
        await publish(runtime, "a")
        await counts(runtime, until=1)
        async with asyncio.timeout(20):
            while True:
                if REGISTRY.get_sample_value("leadlight_consumer_lag_records", {"consumer": "told"}) == 0:
                    break
                await asyncio.sleep(0.01)
        runtime.stopping.set()
        await task


async def test_an_error_outside_any_record_ends_the_worker(tmp_path: Path) -> None:
    async with process(tmp_path) as runtime:

        async def broken(_held: Mapping[Partition, Position]) -> Mapping[Partition, Position]:
            raise RuntimeError("a bug")

        worker = Worker(runtime, "ledger", [EVENTS.name], Ledger(runtime).handle, tick=broken, tick_seconds=0.01)
        with pytest.raises(RuntimeError, match="a bug"):
            await worker.run()
