"""What survives when the process or the disk fails under the embedded log."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from leadlight.bus import open_bus
from leadlight.bus.embedded import EmbeddedBus, Sizes
from leadlight.bus.metrics import SKIPPED
from leadlight.bus.port import Partition
from leadlight.errors import ConfigurationError, DataFolderLocked, LogFull
from tests.contract.bus.child import TOPIC, value
from tests.contract.bus.logs import Clock, from_the_beginning, numbered, read
from tests.infra.disk import fill, small_disk
from tests.infra.parts import ROOT


def child(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.bus.child", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def stored_values(data: Path) -> list[bytes]:
    """Every value in the log, as a fresh opening sees it."""
    bus = await open_bus(url="embedded:", data=data, instance="test")
    try:
        count = sum((await bus.ends([TOPIC])).values())
        async with bus.consumer("test", [TOPIC], from_the_beginning) as consumer:
            return [record.value for record in await read(consumer, count)]
    finally:
        await bus.close()


def segments(data: Path) -> list[Path]:
    return sorted((data / "log" / TOPIC).glob("*.log"))


async def publish_groups(data: Path, *groups: int, sizes: Sizes | None = None) -> None:
    """One publish for each number, of so many records."""
    bus = await EmbeddedBus.open(data, topics=(), sizes=sizes or Sizes())
    start = 0
    for count in groups:
        await bus.publish(TOPIC, numbered(count, start=start))
        start += count
    await bus.close()


async def test_everything_confirmed_survives_kill_9(tmp_path: Path) -> None:
    confirmed: set[int] = set()
    for life in range(4):
        first = life * 10**6
        with child("until-killed", tmp_path, str(first)) as process:
            assert process.stdout is not None
            told = [int(process.stdout.readline()) for _ in range(400 * (life + 1))]
            process.kill()
            told += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        confirmed |= set(told)
        values = await stored_values(tmp_path)
        assert confirmed <= {int(found.partition(b":")[0]) for found in values}
        assert all(found == value(int(found.partition(b":")[0])) for found in values)
        assert len(values) == len(set(values))


async def test_a_tail_torn_at_any_byte_is_cut_off_and_the_log_goes_on(tmp_path: Path) -> None:
    await publish_groups(tmp_path, 3, 4)
    [segment] = segments(tmp_path)
    whole = segment.read_bytes()
    counts = []
    for size in range(len(whole) + 1):
        segment.write_bytes(whole[:size])
        values = await stored_values(tmp_path)
        assert values == [b"%d" % number for number in range(len(values))]
        counts.append(len(values))
        if size % 10 == 0:
            bus = await EmbeddedBus.open(tmp_path)
            await bus.publish(TOPIC, [(b"k", b"after")])
            await bus.close()
            assert await stored_values(tmp_path) == [*values, b"after"]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-2:] == [6, 7]


async def test_a_last_write_garbled_at_any_byte_is_cut_off(tmp_path: Path) -> None:
    await publish_groups(tmp_path, 3)
    [segment] = segments(tmp_path)
    confirmed = segment.stat().st_size
    await publish_groups(tmp_path, 3)
    whole = segment.read_bytes()
    for position in range(confirmed, len(whole)):
        segment.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        values = await stored_values(tmp_path)
        assert values in ([b"0", b"1", b"2", *(b"%d" % n for n in range(k))] for k in range(3))


async def test_pages_that_never_reached_the_disk_are_cut_off(tmp_path: Path) -> None:
    await publish_groups(tmp_path, 3)
    [segment] = segments(tmp_path)
    with segment.open("ab") as file:
        file.write(bytes(5000))
    assert len(await stored_values(tmp_path)) == 3


async def test_damage_to_confirmed_records_of_the_last_segment_stops_the_start(tmp_path: Path) -> None:
    await publish_groups(tmp_path, 3, 3)
    [segment] = segments(tmp_path)
    whole = segment.read_bytes()
    segment.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    with pytest.raises(ConfigurationError, match=rf"{segment}, byte \d+, where offset [012] is expected"):
        await EmbeddedBus.open(tmp_path)
    segment.write_bytes(whole)
    assert len(await stored_values(tmp_path)) == 6


async def test_damage_to_an_older_segment_stops_its_readers_until_the_file_is_moved_away(tmp_path: Path) -> None:
    await publish_groups(tmp_path, 5, 5, 5, sizes=Sizes(segment_bytes=100))
    first, second, _third = segments(tmp_path)
    content = bytearray(second.read_bytes())
    content[-1] ^= 1
    second.write_bytes(content)
    bus = await EmbeddedBus.open(tmp_path)
    async with bus.consumer("test", [TOPIC], from_the_beginning) as consumer:
        with pytest.raises(ConfigurationError, match=rf"{second}, byte \d+, where offset 9 is expected"):
            await read(consumer, 15)
    await bus.close()
    second.rename(tmp_path / "damaged")
    skipped = SKIPPED.labels(TOPIC, "test")
    before = skipped._value.get()
    bus = await EmbeddedBus.open(tmp_path)
    async with bus.consumer("test", [TOPIC], from_the_beginning) as consumer:
        values = [int(record.value) for record in await read(consumer, 10)]
    await bus.close()
    assert values == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    assert skipped._value.get() == before + 5
    assert first.exists()


async def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with child("past-a-full-disk", tmp_path, "50000") as process:
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
        assert process.wait() == 0
    confirmed = [int(line) for line in lines if line.isdecimal()]
    refused = [line for line in lines if line.startswith("refused: The event log cannot be written: ")]
    assert len(refused) == 3
    problems = [line.removeprefix("problem: ") for line in lines if line.startswith("problem: ")]
    assert [problem.split(": ")[0] for problem in problems] == [f"the disk of {tmp_path}/log is full", "None"]
    assert len(confirmed) > 100
    assert await stored_values(tmp_path) == [value(number) for number in confirmed]


async def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=512) as disk:
        bus = await EmbeddedBus.open(disk)
        ballast = fill(disk, but_kib=200)
        confirmed = []
        with pytest.raises(LogFull, match="its disk is full") as refused:  # noqa: PT012
            for number in range(10_000):
                await bus.publish(TOPIC, [(b"k", value(number))])
                confirmed.append(value(number))
        assert str(disk) not in str(refused.value)
        assert (
            await bus.problem() == f"the disk of {disk}/log is full: 0 MB free; posts are refused until there is room"
        )
        ballast.unlink()
        await bus.publish(TOPIC, [(b"k", b"after")])
        assert await bus.problem() is None
        await bus.close()
        assert await stored_values(disk) == [*confirmed, b"after"]


async def test_little_room_is_warned_of_once_a_minute_and_stops_nobody(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=512) as disk, capture_logs() as logs:
        clock = Clock()
        bus = await EmbeddedBus.open(disk, now=clock)
        warned = []
        for seconds in (0, 59, 1, 1, 58, 1):
            clock.now += seconds
            await bus.publish(TOPIC, [(b"k", b"v")])
            assert await bus.problem() is None
            warned.append(sum("almost full" in line["event"] for line in logs))
        await bus.close()
    assert warned == [1, 1, 2, 2, 2, 3]


async def test_a_disk_without_room_for_the_next_segment_is_a_problem_before_anything_failed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=512) as disk:
        bus = await EmbeddedBus.open(disk)
        assert await bus.problem() is None
        ballast = fill(disk, but_kib=4)
        assert "is full: 0 MB free" in (await bus.problem() or "")
        ballast.unlink()
        assert await bus.problem() is None
        await bus.close()


async def test_a_publish_too_large_for_the_room_is_forgotten_when_no_more_fail(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=512) as disk:
        clock = Clock()
        bus = await EmbeddedBus.open(disk, now=clock)
        with pytest.raises(LogFull):
            await bus.publish(TOPIC, [(b"k", bytes(900_000))])
        assert await bus.problem() is not None
        clock.now += 31
        assert await bus.problem() is None, "nobody would be sent here who could show that there is room again"
        await bus.close()


async def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    with pytest.raises(DataFolderLocked, match=rf"in use by another Leadlight process \(pid {os.getpid()}\)"):
        await EmbeddedBus.open(tmp_path)
    await bus.close()
    await (await EmbeddedBus.open(tmp_path)).close()


async def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    with child("until-killed", tmp_path, "0") as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(DataFolderLocked, match=f"pid {process.pid}"):
            await EmbeddedBus.open(tmp_path)
        process.kill()
    await (await EmbeddedBus.open(tmp_path)).close()


async def test_a_data_folder_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used: Not a directory"):
        await EmbeddedBus.open(tmp_path / "file" / "data")


async def test_a_strangers_file_among_the_segments_is_named(tmp_path: Path) -> None:
    await publish_groups(tmp_path, 1)
    stranger = tmp_path / "log" / TOPIC / "notes.log"
    stranger.write_text("mine")
    with pytest.raises(ConfigurationError, match=f"{stranger} is not a segment"):
        await EmbeddedBus.open(tmp_path)


@pytest.mark.parametrize("url", ["kafka:", "redis://127.0.0.1", "kafka://", "kafka://a:b", "kafka://u:p@h:1/x"])
async def test_a_url_that_names_no_log_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LEADLIGHT_BUS_URL"):
        await open_bus(url=url, data=tmp_path, instance="test")


async def test_a_name_that_would_leave_the_folder_is_no_topic(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    with pytest.raises(ConfigurationError, match="no name for a topic"):
        await bus.publish("../elsewhere", numbered(1))
    await bus.close()


async def test_of_two_readers_with_one_name_the_second_waits_for_the_first_to_close(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    await bus.publish(TOPIC, numbered(3))
    async with (
        bus.consumer("test", [TOPIC], from_the_beginning) as first,
        bus.consumer("test", [TOPIC], from_the_beginning) as second,
    ):
        assert len(await read(first, 3)) == 3
        waiting = asyncio.create_task(second.poll(max_records=10, timeout_seconds=60))
        await asyncio.sleep(0.05)
        assert second.assignment == frozenset()
        await first.close()
        assert len((await waiting).records) == 3
        assert second.assignment == {Partition(TOPIC, 0)}
    await bus.close()


async def test_what_waits_behind_a_write_that_failed_does_not_get_ahead_of_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=512) as disk:
        bus = await EmbeddedBus.open(disk)
        await bus.publish(TOPIC, numbered(1))
        too_much = bus.append(TOPIC, [(b"k", bytes(900_000))])
        await asyncio.sleep(0)  # it is being written now
        behind = bus.append(TOPIC, numbered(1, start=1))
        for refused in (too_much, behind):
            with pytest.raises(LogFull):
                await refused
        await bus.publish(TOPIC, numbered(1, start=2))
        async with bus.consumer("test", [TOPIC], from_the_beginning) as consumer:
            assert [record.value for record in await read(consumer, 2)] == [b"0", b"2"]
        await bus.close()
