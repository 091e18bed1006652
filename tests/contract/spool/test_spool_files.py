"""What a spool keeps on its disk: everything it confirmed, in order, whatever happens to the process or the last write."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadlight.bus.port import MAX_RECORD_BYTES
from leadlight.errors import DataFolderLocked, LogFull, RecordTooLarge
from services.collector.spool.spool import Records, Spool
from services.collector.spool.standing import MAX_AGE_SECONDS, State, look, spool_folder
from tests.contract.bus.logs import Clock
from tests.infra.disk import fill, small_disk

LIMIT_BYTES = 1 << 20

Groups = Sequence[Sequence[bytes]]
groups_of_values = st.lists(st.lists(st.binary(max_size=60), min_size=1, max_size=4), min_size=1, max_size=5)


def opened(folder: Path, *, limit_bytes: int = LIMIT_BYTES, clock: Clock | None = None) -> Spool:
    return Spool.open(folder, limit_bytes=limit_bytes, now=clock or Clock())


def records(values: Sequence[bytes]) -> Records:
    return [(b"site:%d" % (len(value) % 3), value) for value in values]


async def everything(spool: Spool) -> list[bytes]:
    """Drain it all; the values in the order in which they came out."""
    values: list[bytes] = []
    while found := await spool.read(100):
        assert all(key == b"site:%d" % (len(value) % 3) for key, value in found)
        values += [value for _key, value in found]
        spool.advance()
    return values


async def drain(spool: Spool, count: int) -> None:
    for _ in range(count):
        assert len(await spool.read(1)) == 1
        spool.advance()


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(groups=groups_of_values, torn=groups_of_values, data=st.data())
async def test_a_last_write_torn_or_garbled_at_any_byte_costs_nothing_that_was_confirmed(
    groups: Groups, torn: Groups, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        spool = opened(path)
        for group in groups:
            await spool.append(records(group))
        confirmed = [value for group in groups for value in group]
        drained = data.draw(st.integers(0, len(confirmed)))
        await drain(spool, drained)
        await spool.close()
        [segment] = segments(path)
        safe = segment.stat().st_size
        spool = opened(path)
        last = torn[0]
        await spool.append(records(last))
        await spool.close()
        whole = segment.read_bytes()
        cut = data.draw(st.integers(safe, len(whole)))
        garbled = bytearray(whole[:cut])
        if cut > safe and data.draw(st.booleans()):
            garbled[data.draw(st.integers(safe, cut - 1))] ^= 0x55
        segment.write_bytes(garbled + bytes(data.draw(st.sampled_from([0, 5_000]))))

        seen = look(path, limit_bytes=LIMIT_BYTES, now=0)
        spool = opened(path)
        assert seen.records == spool.records, "the command sees what the collector will find"
        await spool.append(records([b"after"]))
        values = await everything(spool)
        await spool.close()
        expected = confirmed[drained:]
        assert values[: len(expected)] == expected
        survivors = values[len(expected) :]
        assert survivors == [*last[: len(survivors) - 1], b"after"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12), st.booleans()), min_size=1, max_size=15))
async def test_records_come_out_once_and_in_order_over_segments_and_restarts(
    steps: Sequence[tuple[int, int, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, written, read = Path(folder), 0, list[bytes]()
        spool = opened(path, limit_bytes=20_000)  # segments of 2,500 bytes
        for append, take, restart in steps:
            await spool.append(records([b"%06d" % n + bytes(200) for n in range(written, written + append)]))
            written += append
            if take and (found := await spool.read(take)):
                read += [value for _key, value in found]
                spool.advance()
            assert spool.records == written - len(read)
            if restart:
                await spool.close()
                spool = opened(path, limit_bytes=20_000)
        read += await everything(spool)
        spool.emptied()
        await spool.close()
        assert read == [b"%06d" % n + bytes(200) for n in range(written)]
        assert [file.stat().st_size for file in segments(path)] == [16], "all room is given back"


async def test_after_a_crash_a_little_is_read_again_and_nothing_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = opened(folder)
    await spool.append(records([b"%d" % n for n in range(10)]))
    await drain(spool, 4)
    await spool.close()
    (folder / "drained.json").write_text('{"next_of')  # the power failed while it was written
    spool = opened(folder)
    assert await everything(spool) == [b"%d" % n for n in range(10)]
    await spool.close()


async def test_a_spool_takes_no_more_than_its_limit_and_takes_again_when_it_is_drained(tmp_path: Path) -> None:
    spool = opened(tmp_path, limit_bytes=50_000)
    taken = 0
    with pytest.raises(LogFull, match=r"spool of 50,000 bytes is full"):  # noqa: PT012
        while True:
            await spool.append(records([bytes(1_000)]))
            taken += 1
    assert 45 <= taken <= 50
    assert spool.standing().state is State.FULL
    assert sum(file.stat().st_size for file in segments(tmp_path)) <= 50_000
    await drain(spool, 20)
    while segments(tmp_path)[0].stem == "0" * 20:
        pass  # a thread of its own removes it
    await spool.append(records([b"again"]))
    assert (await everything(spool))[-1] == b"again"
    await spool.close()


async def test_a_spool_whose_oldest_record_is_three_days_old_refuses_and_drops_nothing(tmp_path: Path) -> None:
    clock = Clock()
    spool = opened(tmp_path, clock=clock)
    await spool.append(records([b"first"]))
    clock.now += 3_600
    await spool.append(records([b"second"]))
    clock.now += MAX_AGE_SECONDS - 3_601
    await spool.append(records([b"third"]))
    clock.now += 1
    with pytest.raises(LogFull, match="3 days old"):
        await spool.append(records([b"refused"]))
    assert spool.standing().state is State.TOO_OLD
    await spool.close()

    spool = opened(tmp_path, clock=clock)
    with pytest.raises(LogFull, match="3 days old"):
        await spool.append(records([b"refused after a restart too"]))
    assert look(tmp_path, limit_bytes=LIMIT_BYTES, now=clock.now).state is State.TOO_OLD
    await drain(spool, 1)
    assert [value for _key, value in await spool.read(1)] == [b"second"]
    await spool.append(records([b"fourth"]))
    assert await everything(spool) == [b"second", b"third", b"fourth"]
    await spool.close()


async def test_an_empty_spool_is_not_old(tmp_path: Path) -> None:
    clock = Clock()
    spool = opened(tmp_path, clock=clock)
    await spool.append(records([b"long ago"]))
    await everything(spool)
    spool.emptied()
    clock.now += 10 * MAX_AGE_SECONDS
    assert spool.standing().state is State.EMPTY
    await spool.append(records([b"now"]))
    assert spool.standing().age_seconds == 0
    await spool.close()


async def test_of_two_collectors_with_one_name_the_second_is_told_what_to_do(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    with pytest.raises(DataFolderLocked, match=rf"another collector \(pid {os.getpid()}\).*LEADLIGHT_INSTANCE"):
        opened(tmp_path)
    await spool.close()
    await opened(tmp_path).close()


async def test_a_damaged_file_costs_only_the_records_it_can_no_longer_tell(tmp_path: Path) -> None:
    spool = opened(tmp_path, limit_bytes=40_000)  # segments of 5,000 bytes
    for number in range(12):
        await spool.append(records([b"%03d" % number + bytes(1_000)]))
    await spool.close()
    damaged = segments(tmp_path)[1]
    content = bytearray(damaged.read_bytes())
    content[2_000] ^= 0xFF  # in the second of its records
    damaged.write_bytes(content)
    spool = opened(tmp_path, limit_bytes=40_000)
    numbers = [int(value[:3]) for value in await everything(spool)]
    lost = set(range(12)) - set(numbers)
    assert numbers == sorted(numbers)
    assert lost == {int(damaged.stem) + 1}
    await spool.close()
    assert not damaged.exists()
    assert damaged.with_suffix(".damaged").read_bytes() == content
    assert look(tmp_path, limit_bytes=LIMIT_BYTES, now=0).damaged_files == 1


async def test_damage_to_the_file_being_written_does_not_keep_a_collector_from_starting(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for number in range(5):
        await spool.append(records([b"%d" % number]))
    await spool.close()
    [damaged] = segments(tmp_path)
    content = bytearray(damaged.read_bytes())
    content[16 + 5] ^= 0xFF
    damaged.write_bytes(content)
    spool = opened(tmp_path)
    await spool.append(records([b"5"]))
    assert await everything(spool) == [b"1", b"2", b"3", b"4", b"5"]
    await spool.close()


async def test_a_full_disk_refuses_and_draining_makes_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=1_024) as disk:
        spool = opened(disk, limit_bytes=800_000)
        ballast = fill(disk, but_kib=400)
        taken = 0
        with pytest.raises(LogFull, match=r"The spool cannot be written: its disk is full"):  # noqa: PT012
            while True:
                await spool.append(records([bytes(10_000)]))
                taken += 1
        assert "is full" in (spool.problem() or "")
        assert [len(value) for value in await everything(spool)] == [10_000] * taken
        spool.emptied()
        while spool.size_bytes > 1_000:
            pass  # a thread of its own gives the room back
        await spool.append(records([b"again"]))
        assert await everything(spool) == [b"again"]
        await spool.close()
        ballast.unlink()


async def test_a_record_too_large_for_the_spool_is_refused_and_nothing_else(tmp_path: Path) -> None:
    spool = opened(tmp_path, limit_bytes=10 * MAX_RECORD_BYTES)
    with pytest.raises(RecordTooLarge):
        spool.append([(b"site:0", bytes(MAX_RECORD_BYTES))])
    await spool.append(records([b"next"]))
    assert await everything(spool) == [b"next"]
    await spool.close()


@pytest.mark.parametrize("name", ["collector-1", "..", "a/b", "Büro 1", ".hidden"])
async def test_any_instance_name_has_a_folder_of_its_own_inside_the_spools(name: str, tmp_path: Path) -> None:
    folder = spool_folder(tmp_path, name)
    assert folder.parent == tmp_path / "spool"
    spool = opened(folder)
    assert spool.standing().instance == name
    await spool.close()


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await spool.append(records([b"one"]))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    seen = look(tmp_path, limit_bytes=LIMIT_BYTES, now=Clock().now + 7)
    assert (seen.records, seen.age_seconds, seen.state) == (1, 7, State.FILLING)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    await spool.close()
