"""The log and the spool together: the order of a visitor's events over every switch between them."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadlight.bus.embedded import EmbeddedBus
from leadlight.bus.topics import EVENTS
from leadlight.errors import LogFull, LogUnavailable
from leadlight.runtime import Runtime, open_runtime
from leadlight.settings import Settings
from services.collector.journal import Journal
from services.collector.spool.left import LEFT_SECONDS, drain_left, left_spools
from services.collector.spool.spool import Spool
from services.collector.spool.standing import State, spool_folder
from tests.contract.bus.logs import Clock, from_the_beginning, read
from tests.infra.disk import fill, small_disk

LIMIT_BYTES = 1 << 24


class Setup:
    """A journal whose log is on a disk of its own, which a test fills to take the log away."""

    def __init__(self, runtime: Runtime, spool: Spool, disk: Path) -> None:
        self.runtime = runtime
        self.spool = spool
        self.journal = Journal(runtime, spool)
        self._disk = disk
        self._ballast: Path | None = None

    async def take_log_away(self) -> None:
        self._ballast = self._disk / "ballast"
        with suppress(OSError):  # the log has just taken some of the room
            fill(self._disk)
        for size in (1_000, 1):  # what the log's last block still has room for
            while True:
                try:
                    await self.runtime.bus.publish(EVENTS.name, [(b"filler", bytes(size))])
                except LogFull:
                    break
                except LogUnavailable:
                    continue  # the journal gave up whatever was under way

    def bring_log_back(self) -> None:
        if self._ballast is not None:
            self._ballast.unlink()
            self._ballast = None

    async def until_drained(self) -> None:
        async with asyncio.timeout(20):
            while self.spool.records or self.journal.covered() != {"log": ""}:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def logged(self) -> list[tuple[bytes, bytes]]:
        count = sum((await self.runtime.bus.ends([EVENTS.name])).values())
        async with self.runtime.bus.consumer("test", [EVENTS.name], from_the_beginning) as consumer:
            return [(record.key, record.value) for record in await read(consumer, count)]


@asynccontextmanager
async def journal_beside(folder: Path, *, mib: int = 64) -> AsyncIterator[Setup]:
    with small_disk(folder / "disk", kib=mib * 1_024) as disk:
        database = f"sqlite+aiosqlite:///{folder / 'leadlight.db'}"
        async with open_runtime(Settings(data=folder / "data", database_url=database)) as whole:
            bus = await EmbeddedBus.open(disk, now=lambda: 1_000 * time.time())  # soon forgets that it was full
            runtime = replace(whole, bus=bus)
            spool = Spool.open(folder / "spool", limit_bytes=LIMIT_BYTES, now=lambda: runtime.now().timestamp())
            setup = Setup(runtime, spool, disk)
            running = asyncio.create_task(setup.journal.run())
            try:
                yield setup
            finally:
                runtime.stopping.set()
                setup.bring_log_back()
                await running
                await setup.journal.close()
                await bus.close()


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with journal_beside(tmp_path) as opened:
        yield opened


@contextmanager
def stalled(bus_or_spool: EmbeddedBus | Spool) -> Iterator[None]:
    """The thread that writes is held up, as by a disk in trouble."""
    over = threading.Event()
    bus_or_spool._writing.submit(over.wait)
    try:
        yield
    finally:
        over.set()


def first_copies(found: Sequence[tuple[bytes, bytes]], key: bytes) -> list[int]:
    return list(dict.fromkeys(int(value) for at, value in found if at == key))


async def test_each_visitors_events_keep_their_order_while_the_log_comes_and_goes(setup: Setup) -> None:
    chance = random.Random(4)
    stopping = asyncio.Event()
    stored: dict[bytes, list[int]] = {b"site:%d" % number: [] for number in range(30)}

    async def visit(key: bytes) -> None:
        """Posts without waiting for the answer to the one before, as a page with several tabs does."""
        number = 0
        under_way: set[asyncio.Task[None]] = set()
        while not stopping.is_set():
            records = [(key, b"%d" % (number + n)) for n in range(chance.randint(1, 3))]
            number += len(records)
            post = asyncio.create_task(setup.journal.store(records))
            under_way.add(post)
            post.add_done_callback(under_way.discard)
            await asyncio.sleep(chance.choice((0, 0.005, 0.02)))
        await asyncio.gather(*under_way)
        stored[key] = list(range(number))

    visitors = [asyncio.create_task(visit(key)) for key in stored]
    for _ in range(12):
        await asyncio.sleep(chance.uniform(0.02, 0.2))
        await setup.take_log_away()
        await asyncio.sleep(chance.uniform(0.02, 0.3))
        setup.bring_log_back()
        await asyncio.sleep(chance.choice((0.05, 1.2)))
    stopping.set()
    await asyncio.gather(*visitors)
    await setup.until_drained()
    found = await setup.logged()
    for key, numbers in stored.items():
        assert first_copies(found, key) == numbers, key


async def test_the_log_and_the_spool_refusing_is_said_and_promises_nothing(setup: Setup) -> None:
    await setup.take_log_away()
    await setup.journal.store([(b"k", b"0")])
    with pytest.raises(LogFull, match=r"spool of .* bytes is full"):  # noqa: PT012
        while True:
            await setup.journal.store([(b"k", bytes(500_000))])
    assert setup.journal.covered() == {}
    assert setup.journal.problems()["spool"].startswith("the spool is full and posts are refused: ")
    setup.bring_log_back()
    await setup.until_drained()
    assert setup.journal.problems() == {}


async def test_a_stalled_log_is_left_within_5_seconds_and_what_was_under_way_keeps_its_order(setup: Setup) -> None:
    bus = setup.runtime.bus
    assert isinstance(bus, EmbeddedBus)
    await setup.journal.store([(b"k", b"0")])
    with stalled(bus):
        async with asyncio.timeout(5):
            waiting = [asyncio.create_task(setup.journal.store([(b"k", b"%d" % number)])) for number in range(1, 50)]
            await asyncio.sleep(1)
            waiting.append(asyncio.create_task(setup.journal.store([(b"k", b"50")])))
            await waiting[0]
            async with asyncio.timeout(0.3):
                await setup.journal.store([(b"k", b"51")])
            await asyncio.gather(*waiting[:-1])
        async with asyncio.timeout(1.2):
            await waiting[-1]
    await setup.until_drained()
    assert first_copies(await setup.logged(), b"k") == list(range(52))


async def test_a_stalled_spool_refuses_in_time_and_does_not_keep_posts_from_a_log_that_is_back(setup: Setup) -> None:
    await setup.take_log_away()
    await setup.journal.store([(b"k", b"0")])
    with stalled(setup.spool):
        async with asyncio.timeout(5):
            with pytest.raises(LogUnavailable, match="The spool was not written within"):
                await setup.journal.store([(b"k", b"1")])
        assert "does not answer" in setup.journal.problems()["spool"]
        setup.bring_log_back()
        async with asyncio.timeout(10):
            while setup.journal.problems():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await setup.journal.store([(b"k", b"2")])
        assert first_copies(await setup.logged(), b"k") == [0, 2]


async def test_what_an_instance_of_another_name_left_behind_is_drained_once_it_stays_away(tmp_path: Path) -> None:
    async with open_runtime(Settings(data=tmp_path, instance="new name")) as whole:
        clock = Clock()
        clock.now = time.time()
        runtime = replace(whole, now=lambda: datetime.fromtimestamp(clock(), UTC))
        left = Spool.open(spool_folder(tmp_path, "old name"), limit_bytes=LIMIT_BYTES, now=clock)
        await left.append([(b"k", b"0"), (b"k", b"1")])
        journal = Journal(runtime)
        clock.now += LEFT_SECONDS + 60
        await drain_left(runtime, journal._publish)
        assert left.records == 2, "a running collector's spool is its own"
        await left.close()
        clock.now = time.time() + LEFT_SECONDS - 60
        assert left_spools(runtime) == []
        clock.now += 120
        await drain_left(runtime, journal._publish)
        async with runtime.bus.consumer("test", [EVENTS.name], from_the_beginning) as consumer:
            assert [record.value for record in await read(consumer, 2)] == [b"0", b"1"]
        assert list((tmp_path / "spool").iterdir()) == []


async def test_what_a_run_leaves_in_the_spool_goes_to_the_log_before_anything_new(tmp_path: Path) -> None:
    async with journal_beside(tmp_path) as setup:
        await setup.take_log_away()
        for number in range(5):
            await setup.journal.store([(b"k", b"%d" % number)])
        setup.runtime.stopping.set()
        assert setup.spool.standing().state is State.FILLING
        await setup.journal.close()
    (tmp_path / "again").mkdir()
    async with open_runtime(Settings(data=tmp_path / "again")) as runtime:
        spool = Spool.open(tmp_path / "spool", limit_bytes=LIMIT_BYTES, now=lambda: runtime.now().timestamp())
        journal = Journal(runtime, spool)
        await journal.store([(b"k", b"5")])
        assert spool.records == 6, "there is something older: the new one goes behind it"
        running = asyncio.create_task(journal.run())
        async with asyncio.timeout(10):
            while spool.records:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await journal.store([(b"k", b"6")])
        async with runtime.bus.consumer("test", [EVENTS.name], from_the_beginning) as consumer:
            found = [(record.key, record.value) for record in await read(consumer, 7)]
        runtime.stopping.set()
        await running
        await journal.close()
    assert first_copies(found, b"k") == list(range(7))
