"""When the embedded log lets go of records."""

from pathlib import Path

from leadlight.bus.embedded import EmbeddedBus, Sizes
from leadlight.bus.embedded.log import trimmable
from leadlight.bus.embedded.segment import Segment
from leadlight.bus.port import Partition
from leadlight.bus.topics import DAY_SECONDS, Topic
from tests.contract.bus.logs import Clock, from_the_beginning, numbered, read, until

READERS = ("identifier", "auditor")
HOME = Partition("events", 0)


async def opened(data: Path, clock: Clock, *, segment_bytes: int = 100) -> EmbeddedBus:
    return await EmbeddedBus.open(
        data, topics=[Topic("events", readers=READERS)], sizes=Sizes(segment_bytes=segment_bytes), now=clock
    )


def bases(data: Path) -> list[int]:
    return [int(path.stem) for path in sorted((data / "log" / "events").glob("*.log"))]


async def tell(bus: EmbeddedBus, reader: str, position: int) -> None:
    async with bus.consumer(reader, ["events"], from_the_beginning) as consumer:
        await consumer.stored({HOME: position})


async def test_old_segments_go_only_when_every_declared_reader_has_stored_past_them(tmp_path: Path) -> None:
    clock = Clock()
    bus = await opened(tmp_path, clock)
    for start in range(0, 40, 10):
        await bus.publish("events", numbered(10, start=start))
    assert bases(tmp_path) == [0, 10, 20, 30]

    clock.now += 8 * DAY_SECONDS
    await tell(bus, "identifier", 40)
    await bus.publish("events", numbered(1, start=40))
    assert bases(tmp_path) == [0, 10, 20, 30, 40]

    await tell(bus, "auditor", 25)
    await until_bases(tmp_path, [20, 30, 40])
    await tell(bus, "auditor", 41)
    await until_bases(tmp_path, [40])
    async with bus.consumer("identifier", ["events"], from_the_beginning) as consumer:
        assert [int(record.value) for record in await read(consumer, 1)] == [40]
    await bus.close()


async def until_bases(data: Path, expected: list[int]) -> None:
    async def reached() -> bool:
        return bases(data) == expected

    await until(reached)


async def test_young_segments_stay_although_everybody_has_read_them(tmp_path: Path) -> None:
    clock = Clock()
    bus = await opened(tmp_path, clock)
    await bus.publish("events", numbered(10))
    clock.now += 6 * DAY_SECONDS
    await bus.publish("events", numbered(10, start=10))
    await bus.publish("events", numbered(10, start=20))
    clock.now += 1.5 * DAY_SECONDS
    for reader in READERS:
        await tell(bus, reader, 30)
    await until_bases(tmp_path, [10, 20, 30])
    await bus.close()


async def test_a_segment_that_never_fills_is_closed_after_a_day_so_that_its_records_can_go(tmp_path: Path) -> None:
    clock = Clock()
    bus = await opened(tmp_path, clock, segment_bytes=10**6)
    await bus.publish("events", numbered(3))
    await bus.close()
    clock.now += 2 * DAY_SECONDS
    bus = await opened(tmp_path, clock, segment_bytes=10**6)
    await tell(bus, "identifier", 3)
    await until_bases(tmp_path, [0, 3])
    clock.now += 8 * DAY_SECONDS
    for reader in READERS:
        await tell(bus, reader, 3)
    await until_bases(tmp_path, [3])
    await bus.publish("events", numbered(1, start=3))
    assert await bus.ends(["events"]) == {HOME: 4}
    await bus.close()


async def test_offsets_go_on_after_everything_was_trimmed_and_the_log_opened_again(tmp_path: Path) -> None:
    clock = Clock()
    bus = await opened(tmp_path, clock)
    await bus.publish("events", numbered(10))
    clock.now += 9 * DAY_SECONDS
    for reader in READERS:
        await tell(bus, reader, 10)
    await until_bases(tmp_path, [10])
    await bus.close()
    bus = await opened(tmp_path, clock)
    await bus.publish("events", numbered(1, start=10))
    async with bus.consumer("identifier", ["events"], from_the_beginning) as consumer:
        [record] = await read(consumer, 1)
    assert (record.offset, record.value) == (10, b"10")
    await bus.close()


async def test_a_slow_stranger_that_was_trimmed_away_goes_on_at_the_beginning(tmp_path: Path) -> None:
    clock = Clock()
    bus = await opened(tmp_path, clock)
    for start in range(0, 30, 10):
        await bus.publish("events", numbered(10, start=start))
    async with bus.consumer("stranger", ["events"], from_the_beginning) as stranger:
        batch = await stranger.poll(max_records=3, timeout_seconds=5)
        clock.now += 8 * DAY_SECONDS
        for reader in READERS:
            await tell(bus, reader, 30)
        await bus.publish("events", numbered(1, start=30))
        await until_bases(tmp_path, [30])
        values = [int(record.value) for record in [*batch.records, *await read(stranger, 1)]]
    assert values == [0, 1, 2, 30]
    await bus.close()


def segments(*described: tuple[int, float]) -> list[Segment]:
    return [Segment(Path(f"{base}"), base, 0.0, written_at, 100) for base, written_at in described]


def test_nothing_may_go_before_every_declared_reader_has_told_its_position() -> None:
    old = segments((0, 0.0), (10, 0.0), (20, 0.0))
    by = {"now": 100.0, "retention_seconds": 50.0}
    assert trimmable(old, readers=("a", "b"), stored={"a": 20}, **by) == 0
    assert trimmable(old, readers=("a", "b"), stored={"a": 20, "b": 20}, **by) == 2
    assert trimmable(old, readers=("a",), stored={"a": 20, "c": 10}, **by) == 1
    assert trimmable(old, readers=("a",), stored={"a": 19}, **by) == 1
    assert trimmable(old, readers=(), stored={}, **by) == 0
    assert trimmable(segments((0, 60.0), (10, 0.0), (20, 0.0)), readers=("a",), stored={"a": 20}, **by) == 0
