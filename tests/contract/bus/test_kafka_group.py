"""Kafka: how readers share a topic, and what standard tools see."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from leadlight.bus.kafka.address import bootstrap_servers
from leadlight.bus.kafka.consumer import KafkaConsumer, standing_still
from leadlight.bus.kafka.partition import murmur2, partition_of
from leadlight.bus.kafka.quiet import Sparing
from leadlight.bus.metrics import REBUILDS
from leadlight.bus.port import Consumer, Partition
from leadlight.bus.topics import Topic, create_topics
from leadlight.errors import ConfigurationError, LogUnavailable, RecordTooLarge
from tests.contract.bus.logs import KafkaLog, from_the_beginning, numbered, poll_until, read, until
from tests.infra.kafka import KafkaBroker

pytestmark = pytest.mark.kafka


@pytest.fixture
async def log(kafka: KafkaBroker) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka.url)
    await log.create(partitions=4)
    yield log
    await log.close()


class Store:
    """The database's part: positions that all members share, moved by compare-and-swap."""

    def __init__(self) -> None:
        self.positions: dict[Partition, int] = {}
        self.handled: list[bytes] = []

    async def stand(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: self.positions.get(partition, 0) for partition in partitions}

    async def work(self, consumer: Consumer, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            batch = await consumer.poll(max_records=20, timeout_seconds=0.2)
            if any(self.positions.get(p, 0) != span.first for p, span in batch.spans.items()):
                await consumer.reload()
                continue
            self.handled += [record.value for record in batch.records]
            moved = {partition: span.next for partition, span in batch.spans.items()}
            self.positions |= moved
            await consumer.stored(moved)


@pytest.mark.slow
async def test_members_share_the_partitions_and_hand_them_over(log: KafkaLog) -> None:
    one, two = await log.open(instance="one"), await log.open(instance="two")
    store, stopping, one_stopping = Store(), asyncio.Event(), asyncio.Event()

    async def publish() -> None:
        for number in range(2_000):
            await one.publish(log.topic, [(b"site:%d" % (number % 97), b"%d" % number)])

    async with (
        one.consumer(log.reader, [log.topic], store.stand) as first,
        two.consumer(log.reader, [log.topic], store.stand) as second,
        asyncio.TaskGroup() as tasks,
    ):
        working = tasks.create_task(store.work(first, one_stopping))
        tasks.create_task(store.work(second, stopping))

        async def shared() -> bool:
            return len(first.assignment) == len(second.assignment) == 2

        publishing = tasks.create_task(publish())
        await until(shared)
        assert not first.assignment & second.assignment
        await publishing

        one_stopping.set()
        await working
        await first.close()

        async def handed_over() -> bool:
            return len(second.assignment) == 4

        await until(handed_over)
        await two.publish(log.topic, [(b"site:%d" % number, b"late %d" % number) for number in range(97)])

        async def all_handled() -> bool:
            return len(store.handled) >= 2_097

        await until(all_handled)
        stopping.set()
    assert sorted(store.handled) == sorted(
        [*(b"%d" % number for number in range(2_000)), *(b"late %d" % number for number in range(97))]
    )


@pytest.mark.slow
async def test_of_two_processes_with_one_instance_name_the_older_ends_with_an_explanation(log: KafkaLog) -> None:
    old, new = await log.open(instance="same"), await log.open(instance="same")
    async with old.consumer(log.reader, [log.topic], from_the_beginning) as first:
        await poll_until(first, lambda _batches: bool(first.assignment))
        async with new.consumer(log.reader, [log.topic], from_the_beginning) as second:
            await poll_until(second, lambda _batches: bool(second.assignment))
            with pytest.raises(ConfigurationError, match=r"instance name 'same'.*LEADLIGHT_INSTANCE"):
                await poll_until(first, lambda _batches: False)
            await first.close()
            await new.publish(log.topic, numbered(10))
            assert len(await read(second, 10)) == 10


@pytest.mark.slow
async def test_a_client_that_stops_fetching_is_replaced(log: KafkaLog) -> None:
    rebuilds = REBUILDS.labels("consumer")
    before = rebuilds._value.get()
    bus = await log.open()
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        await bus.publish(log.topic, numbered(1))
        await read(consumer, 1)
        assert isinstance(consumer, KafkaConsumer)
        assert consumer._client is not None
        consumer._client.pause(*consumer._client.assignment())  # as stuck as a client can be made from outside
        await bus.publish(log.topic, numbered(5, start=1))
        assert [int(record.value) for record in await read(consumer, 6)] == list(range(6))
    assert rebuilds._value.get() == before + 1


async def test_a_restarted_member_goes_on_at_once(log: KafkaLog) -> None:
    store, stopping = Store(), asyncio.Event()
    for life in range(3):
        bus = await log.open(instance="same")
        await bus.publish(log.topic, numbered(10, start=10 * life))
        async with bus.consumer(log.reader, [log.topic], store.stand) as consumer, asyncio.TaskGroup() as tasks:
            stopping = asyncio.Event()
            tasks.create_task(store.work(consumer, stopping))

            async def caught_up(count: int = 10 * (life + 1)) -> bool:
                return len(store.handled) >= count

            await until(caught_up)
            stopping.set()
        await bus.close()
    assert [int(value) for value in store.handled] == list(range(30))


async def test_standard_tools_see_the_stored_positions(log: KafkaLog) -> None:
    bus = await log.open()
    await bus.publish(log.topic, numbered(20))
    [home] = [partition for partition, end in (await bus.ends([log.topic])).items() if end]
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        await read(consumer, 20)
        await consumer.stored({home: 7})
        await consumer.stored({home: 12})
    admin = AIOKafkaAdminClient(bootstrap_servers=log.url.removeprefix("kafka://"))
    try:
        await admin.start()
        offsets = await admin.list_consumer_group_offsets(log.reader)
    finally:
        await admin.close()
    assert offsets[TopicPartition(*home)].offset == 12


async def test_topics_are_created_once_and_brought_to_this_versions_settings(log: KafkaLog) -> None:
    name = f"{log.topic}-new"
    [made] = await create_topics(log.url, [Topic(name, readers=(), partitions=5)])
    assert (made.created, made.partitions, made.replicas) == (True, 5, 1)
    assert made.changes["retention.ms"] == str(7 * 24 * 3600 * 1000)
    [again] = await create_topics(log.url, [Topic(name, readers=(), partitions=12, retention_seconds=3600)])
    assert (again.created, again.partitions) == (False, 5)
    assert again.changes == {"retention.ms": "3600000"}

    async def settled() -> bool:
        [report] = await create_topics(log.url, [Topic(name, readers=(), partitions=5, retention_seconds=3600)])
        return not report.changes

    await until(settled)


async def test_whoever_asks_at_once_whether_the_log_is_there_gets_its_answer(log: KafkaLog) -> None:
    bus = await log.open()
    assert await bus.problem() is None, "as `leadlight doctor` asks: nothing was published before"


async def test_a_topic_that_is_missing_is_named_with_its_remedy(log: KafkaLog) -> None:
    bus = await log.open()
    with pytest.raises(LogUnavailable, match=r"nowhere.*leadlight topics"):
        await bus.publish("nowhere", numbered(1))


def test_keys_go_where_kafkas_own_producers_send_them() -> None:
    known = {  # from the tests of Kafka's Java client
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }
    assert {key: murmur2(key) for key in known} == {key: value % 2**32 for key, value in known.items()}


@given(st.binary(max_size=60), st.integers(min_value=1, max_value=100))
def test_any_key_goes_where_aiokafka_would_send_it(key: bytes, count: int) -> None:
    partitions = list(range(count))
    assert partition_of(key, count) == DefaultPartitioner()(key, partitions, partitions)


def test_a_reader_stands_still_from_when_it_was_first_seen_behind_at_the_same_place() -> None:
    one, two = Partition("events", 1), Partition("events", 2)
    first = standing_still({}, {one: 5, two: 9}, {one: 8, two: 9}, now=10.0)
    assert first == {one: (5, 10.0)}
    assert standing_still(first, {one: 5, two: 9}, {one: 9, two: 12}, now=20.0) == {one: (5, 10.0), two: (9, 20.0)}
    assert standing_still(first, {one: 6, two: 9}, {one: 9, two: 9}, now=20.0) == {one: (6, 20.0)}
    assert standing_still(first, {one: 8, two: 9}, {one: 8, two: 9}, now=20.0) == {}


async def test_after_a_refusal_that_no_retry_mends_publishing_goes_on_once_it_is_mended(log: KafkaLog) -> None:
    bus = await log.open()
    await bus.publish(log.topic, numbered(1))
    await log.configure({"max.message.bytes": "500"})
    with pytest.raises(RecordTooLarge, match=log.topic):  # noqa: PT012
        while True:
            await bus.publish(log.topic, [(b"k", b"v" * 5000)])
    await bus.publish(log.topic, numbered(1))
    await log.configure({"max.message.bytes": "1048588"})

    async def published() -> bool:
        try:
            await bus.publish(log.topic, [(b"k", b"v" * 5000)])
        except RecordTooLarge:
            return False
        return True

    await until(published)


def test_addresses_name_brokers_with_or_without_ports() -> None:
    assert bootstrap_servers("kafka://one.example:9092,two.example") == ["one.example:9092", "two.example:9092"]
    assert bootstrap_servers("kafka://[2001:db8::1]:9094/") == ["[2001:db8::1]:9094"]


def test_the_same_complaint_is_logged_twice_a_minute_and_counted() -> None:
    now = [0.0]
    sparing = Sparing(clock=lambda: now[0])

    def told(text: str, *args: object) -> str | None:
        record = logging.LogRecord("aiokafka.conn", logging.ERROR, "", 0, text, args, None)
        return record.getMessage() if sparing.filter(record) else None

    assert told("no node %s", 1) == "no node 1"
    assert [told("no node %s", number) for number in range(5)] == [None] * 5
    assert told("another") == "another"
    now[0] = 31.0
    assert told("no node %s", 7) == "no node 7 (5 more like it since)"
    assert told("no node %s", 8) is None
