"""What publishing promises, on both logs."""

import asyncio

import pytest

from leadlight.bus.port import MAX_RECORD_BYTES, Bus
from leadlight.errors import LogUnavailable, RecordTooLarge
from tests.contract.bus.logs import LogUnderTest, from_the_beginning, numbered, read, takes_records, until


async def test_what_was_confirmed_is_there_when_the_log_is_opened_again(log: LogUnderTest) -> None:
    first = await log.open()
    for number in range(20):
        await first.publish(log.topic, numbered(5, start=5 * number))
    await first.close()
    second = await log.open()
    async with second.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        records = await read(consumer, 100)
    assert [record.value for record in records] == [b"%d" % number for number in range(100)]
    assert {record.key for record in records} == {b"site:visitor"}


async def test_each_visitors_records_keep_their_order_among_many_publishers(log: LogUnderTest, bus: Bus) -> None:
    async def publisher(visitor: int) -> None:
        for number in range(25):
            await bus.publish(log.topic, numbered(2, key=b"site:%d" % visitor, start=2 * number))

    await asyncio.gather(*(publisher(visitor) for visitor in range(40)))
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        records = await read(consumer, 40 * 50)
    for visitor in range(40):
        values = [int(record.value) for record in records if record.key == b"site:%d" % visitor]
        assert values == list(range(50))


async def test_one_visitors_records_stay_in_one_partition(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, [(b"site:%d" % (number % 50), b"v") for number in range(500)])
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        records = await read(consumer, 500)
    homes = {(record.key, record.partition) for record in records}
    assert len(homes) == 50


async def test_publishes_of_one_task_without_waiting_keep_their_order(log: LogUnderTest, bus: Bus) -> None:
    async with asyncio.TaskGroup() as publishes:
        for number in range(200):
            publishes.create_task(bus.publish(log.topic, numbered(1, start=number)))
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        records = await read(consumer, 200)
    assert [int(record.value) for record in records] == list(range(200))


async def test_any_bytes_come_back_as_they_were(log: LogUnderTest, bus: Bus) -> None:
    records = [(b"", b""), (b"\x00\xff", bytes(range(256))), (b"k" * 1000, b"v" * 300_000), (b"", b"\xf5G" * 100)]
    await bus.publish(log.topic, records)
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        found = await read(consumer, len(records))
    assert sorted((record.key, record.value) for record in found) == sorted(records)


async def test_the_largest_record_is_taken_and_a_larger_one_refused_with_all_its_companions(
    log: LogUnderTest, bus: Bus
) -> None:
    await bus.publish(log.topic, [(b"k", b"v" * (MAX_RECORD_BYTES - 1))])
    before = await bus.ends([log.topic])
    with pytest.raises(RecordTooLarge, match="1000001 bytes"):
        await bus.publish(log.topic, [(b"small", b"v"), (b"k", b"v" * MAX_RECORD_BYTES)])
    assert await bus.ends([log.topic]) == before
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        [record] = await read(consumer, 1)
    assert len(record.value) == MAX_RECORD_BYTES - 1


async def test_ends_grow_by_what_was_published(log: LogUnderTest, bus: Bus) -> None:
    before = await bus.ends([log.topic])
    await bus.publish(log.topic, [(b"site:%d" % number, b"v") for number in range(30)])
    after = await bus.ends([log.topic])
    assert set(before) == set(after)
    assert sum(after.values()) - sum(before.values()) == 30


async def test_publishing_nothing_is_nothing(log: LogUnderTest, bus: Bus) -> None:
    before = await bus.ends([log.topic])
    await bus.publish(log.topic, [])
    assert await bus.ends([log.topic]) == before


async def test_a_publisher_that_gives_up_waiting_harms_nobody_else(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(1))
    impatient = asyncio.create_task(bus.publish(log.topic, numbered(1, start=1)))
    patient = asyncio.create_task(bus.publish(log.topic, numbered(1, start=2)))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert (await asyncio.gather(impatient, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    await bus.publish(log.topic, numbered(1, start=3))
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        values = [int(record.value) for record in await read(consumer, 3)]
    assert [value for value in values if value != 1] == [0, 2, 3][: len(values) - values.count(1)]


async def test_an_open_log_is_ready_and_a_closed_one_refuses(log: LogUnderTest, bus: Bus) -> None:
    await until(lambda: takes_records(bus))
    await bus.close()
    with pytest.raises(LogUnavailable):
        await bus.publish(log.topic, numbered(1))


async def test_what_is_given_up_ends_at_once_and_the_log_goes_on_in_order(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(1))
    appended = [bus.append(log.topic, numbered(1, start=number)) for number in range(1, 20)]
    bus.give_up(log.topic)
    done, _ = await asyncio.wait(appended, timeout=1)
    assert len(done) == len(appended)
    assert all(isinstance(future.exception(), LogUnavailable) for future in done)
    await bus.publish(log.topic, numbered(1, start=20))
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        values = [int(record.value) for record in await read(consumer, 2)]
        while values[-1] != 20:
            values += [int(record.value) for record in await read(consumer, 1)]
    assert values == sorted(values)
    assert values[0] == 0
