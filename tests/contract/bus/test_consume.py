"""What reading promises, on both logs."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from leadlight.bus.metrics import LOST, SKIPPED
from leadlight.bus.port import Batch, Bus, Partition
from leadlight.errors import StoreUnavailable
from tests.contract.bus.logs import (
    LogUnderTest,
    from_the_beginning,
    numbered,
    poll_until,
    read,
    standing_at,
    until,
)


async def test_batches_keep_to_the_limit_and_their_spans_follow_one_another(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, [(b"site:%d" % (number % 20), b"v") for number in range(300)])
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        batches = await poll_until(consumer, lambda batches: sum(len(b.records) for b in batches) >= 300, max_records=7)
        assert consumer.assignment == (await bus.ends([log.topic])).keys()
    stands = dict.fromkeys(await bus.ends([log.topic]), 0)
    for batch in batches:
        assert len(batch.records) <= 7
        assert bool(batch) == bool(batch.records)
        assert batch.spans.keys() == {record.partition for record in batch.records}
        for partition, span in batch.spans.items():
            assert span.first == stands[partition]
            offsets = [record.offset for record in batch.records if record.partition == partition]
            assert offsets == list(range(span.first, span.next))
            stands[partition] = span.next
    assert stands == await bus.ends([log.topic])


async def test_reading_begins_at_the_stored_positions(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(100))
    [home] = [partition for partition, end in (await bus.ends([log.topic])).items() if end]
    async with bus.consumer(log.reader, [log.topic], standing_at({home: 60})) as consumer:
        batches = await poll_until(consumer, lambda batches: sum(len(b.records) for b in batches) >= 40)
    records = [record for batch in batches for record in batch.records]
    assert [int(record.value) for record in records] == list(range(60, 100))
    assert next(batch for batch in batches if batch).spans[home].first == 60


async def test_after_a_lost_position_reading_goes_on_where_the_store_says(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(50))
    [home] = [partition for partition, end in (await bus.ends([log.topic])).items() if end]
    stored = {home: 0}
    async with bus.consumer(log.reader, [log.topic], standing_at(stored)) as consumer:
        await read(consumer, 50)
        stored[home] = 20
        await consumer.reload()
        values = [int(record.value) for record in await read(consumer, 30)]
        assert values == list(range(20, 50))
        stored[home] = 45
        await consumer.reload()
        assert [int(record.value) for record in await read(consumer, 5)] == list(range(45, 50))


async def test_readers_of_different_names_do_not_disturb_each_other(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(60))
    async with (
        bus.consumer(log.reader, [log.topic], from_the_beginning) as one,
        bus.consumer(f"{log.reader}-other", [log.topic], from_the_beginning) as other,
    ):
        first, second = await asyncio.gather(read(one, 60), read(other, 60))
    assert [record.value for record in first] == [record.value for record in second]


async def test_without_records_a_poll_returns_empty_and_owns_its_partitions(log: LogUnderTest, bus: Bus) -> None:
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        await poll_until(consumer, lambda _batches: bool(consumer.assignment))
        batch = await consumer.poll(max_records=10, timeout_seconds=0.1)
        assert not batch
        assert batch == Batch([], {})
        assert consumer.assignment == (await bus.ends([log.topic])).keys()


async def test_a_waiting_reader_wakes_when_something_is_published(log: LogUnderTest, bus: Bus) -> None:
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        await poll_until(consumer, lambda _batches: bool(consumer.assignment))
        waiting = asyncio.create_task(consumer.poll(max_records=10, timeout_seconds=120))
        await asyncio.sleep(0.1)
        await bus.publish(log.topic, numbered(1))
        batch = await asyncio.wait_for(waiting, 30)
    assert [record.value for record in batch.records] == [b"0"]


async def test_one_reader_may_read_several_topics(log: LogUnderTest, bus: Bus) -> None:
    second = await log.another_topic()
    await bus.publish(log.topic, numbered(30))
    await bus.publish(second, numbered(30, start=100))
    async with bus.consumer(log.reader, [log.topic, second], from_the_beginning) as consumer:
        records = await read(consumer, 60)
    for topic, values in ((log.topic, range(30)), (second, range(100, 130))):
        assert [int(r.value) for r in records if r.partition.topic == topic] == list(values)


async def test_a_position_the_log_no_longer_has_leads_to_its_beginning_and_is_counted(
    log: LogUnderTest, bus: Bus
) -> None:
    for number in range(50):
        await bus.publish(log.topic, numbered(1, start=number))
    [home] = [partition for partition, end in (await bus.ends([log.topic])).items() if end]
    await log.forget(bus, below=30)

    async def oldest() -> int:
        async with bus.consumer(f"{log.reader}-new", [log.topic], from_the_beginning) as newcomer:
            return (await read(newcomer, 1))[0].offset

    async def trimmed() -> bool:
        return await oldest() > 10

    await until(trimmed)
    start = await oldest()
    lost = LOST.labels(log.topic, log.reader)._value.get()
    skipped = SKIPPED.labels(log.topic, log.reader)._value.get()
    async with bus.consumer(log.reader, [log.topic], standing_at({home: 5})) as consumer:
        batches = await poll_until(consumer, lambda batches: sum(len(b.records) for b in batches) >= 50 - start)
    records = [record for batch in batches for record in batch.records]
    assert [record.offset for record in records] == list(range(start, 50))
    assert next(batch for batch in batches if batch).spans[home].first == 5
    assert LOST.labels(log.topic, log.reader)._value.get() == lost + 1
    assert SKIPPED.labels(log.topic, log.reader)._value.get() == skipped + start - 5


async def test_a_position_beyond_the_end_leads_to_the_beginning(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(10))
    [home] = [partition for partition, end in (await bus.ends([log.topic])).items() if end]
    async with bus.consumer(log.reader, [log.topic], standing_at({home: 5_000})) as consumer:
        batches = await poll_until(consumer, lambda batches: sum(len(b.records) for b in batches) >= 10)
    assert [int(record.value) for batch in batches for record in batch.records] == list(range(10))
    span = next(batch for batch in batches if batch).spans[home]
    assert (span.first, span.next) == (5_000, 10)


async def test_telling_stored_positions_does_not_move_the_reader(log: LogUnderTest, bus: Bus) -> None:
    await bus.publish(log.topic, numbered(20))
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        [batch] = [b for b in await poll_until(consumer, any, max_records=8) if b]
        await consumer.stored({partition: span.next for partition, span in batch.spans.items()})
        assert [int(record.value) for record in await read(consumer, 12)] == list(range(8, 20))


async def test_what_positions_raises_comes_out_of_poll_and_the_next_poll_asks_again(
    log: LogUnderTest, bus: Bus
) -> None:
    answers: list[Mapping[Partition, int]] = []

    async def positions(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        if not answers:
            answers.append({})
            raise StoreUnavailable("away for a moment")
        return answers[0]

    await bus.publish(log.topic, numbered(5))
    async with bus.consumer(log.reader, [log.topic], positions) as consumer:
        with pytest.raises(StoreUnavailable):
            await read(consumer, 5)
        assert [int(record.value) for record in await read(consumer, 5)] == list(range(5))


async def test_a_poll_that_is_cancelled_loses_nothing(log: LogUnderTest, bus: Bus) -> None:
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        await poll_until(consumer, lambda _batches: bool(consumer.assignment))
        values: list[int] = []
        for number in range(30):
            publishing = asyncio.create_task(bus.publish(log.topic, numbered(1, start=number)))
            polling = asyncio.create_task(consumer.poll(max_records=1, timeout_seconds=5))
            await asyncio.sleep(0.0005 * number)
            polling.cancel()
            batch = (await asyncio.gather(polling, return_exceptions=True))[0]
            if isinstance(batch, Batch):
                values += [int(record.value) for record in batch.records]
            await publishing
        values += [int(record.value) for record in await read(consumer, 30 - len(values))]
    assert values == list(range(30))
