"""Kafka: what happens while the broker is away, and when it returns."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from leadlight.bus.port import Bus
from leadlight.errors import LogUnavailable
from tests.contract.bus.logs import (
    KafkaLog,
    from_the_beginning,
    numbered,
    poll_until,
    read,
    takes_records,
    until,
)
from tests.infra.kafka import KafkaBroker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ANSWER_SECONDS = 4.9
"""A post is answered within 5 s, whatever is down."""


@pytest.fixture
async def log(own_kafka: KafkaBroker) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(own_kafka.url)
    await log.create()
    yield log
    await log.close()


class Traffic:
    """Publishers that go on through an outage, and remember what was confirmed."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self.confirmed: list[int] = []
        self.refused = 0
        self._bus = bus
        self._topic = topic
        self._next = 0
        self._stopping = asyncio.Event()

    async def publisher(self) -> None:
        while not self._stopping.is_set():
            number, self._next = self._next, self._next + 1
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._bus.publish(self._topic, [(b"site:%d" % (number % 50), b"%d" % number)])
                self.confirmed.append(number)
            except LogUnavailable:
                self.refused += 1
            await asyncio.sleep(0.01)

    def stop(self) -> None:
        self._stopping.set()

    async def confirms(self, more: int) -> None:
        """Wait for so many more confirmed records."""
        goal = len(self.confirmed) + more

        async def reached() -> bool:
            return len(self.confirmed) >= goal

        await until(reached)

    async def refuses(self) -> None:
        before = self.refused

        async def reached() -> bool:
            return self.refused > before

        await until(reached)


async def test_after_a_killed_broker_returns_everything_confirmed_arrives_by_itself(
    log: KafkaLog, own_kafka: KafkaBroker
) -> None:
    bus = await log.open()
    traffic = Traffic(bus, log.topic)
    values: set[int] = set()

    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer, asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(traffic.publisher())
        await traffic.confirms(200)
        values |= {int(record.value) for record in await read(consumer, 100)}
        await asyncio.to_thread(own_kafka.kill)
        await traffic.refuses()
        assert await bus.problem() == f"no answer from {own_kafka.url.removeprefix('kafka://')}"
        assert not await consumer.poll(max_records=10_000, timeout_seconds=1) or values
        await asyncio.to_thread(own_kafka.start)
        await traffic.confirms(200)
        traffic.stop()
        await until(lambda: takes_records(bus))
        async with asyncio.timeout(60):
            while not set(traffic.confirmed) <= values:
                batch = await consumer.poll(max_records=1_000, timeout_seconds=1)
                values |= {int(record.value) for record in batch.records}


async def test_a_broker_that_hangs_is_refused_in_time_and_used_again(log: KafkaLog, own_kafka: KafkaBroker) -> None:
    bus = await log.open()
    traffic = Traffic(bus, log.topic)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(traffic.publisher())
        await traffic.confirms(50)
        own_kafka.pause()
        await traffic.refuses()
        assert await bus.problem() == f"no answer from {own_kafka.url.removeprefix('kafka://')}"
        own_kafka.resume()
        await traffic.confirms(50)
        traffic.stop()
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        batches = await poll_until(
            consumer, lambda batches: sum(len(batch.records) for batch in batches) >= len(traffic.confirmed)
        )
    values = {int(record.value) for batch in batches for record in batch.records}
    assert set(traffic.confirmed) <= values


async def test_a_log_opened_while_the_broker_is_away_works_once_it_is_there(
    log: KafkaLog, own_kafka: KafkaBroker
) -> None:
    await asyncio.to_thread(own_kafka.kill)
    bus = await log.open()
    assert await bus.problem() == f"no answer from {own_kafka.url.removeprefix('kafka://')}"
    async with bus.consumer(log.reader, [log.topic], from_the_beginning) as consumer:
        assert not await consumer.poll(max_records=10, timeout_seconds=0.2)
        with pytest.raises(LogUnavailable, match="does not answer"):
            async with asyncio.timeout(ANSWER_SECONDS):
                await bus.publish(log.topic, numbered(1))
        with pytest.raises(LogUnavailable):
            await bus.ends([log.topic])
        await asyncio.to_thread(own_kafka.start)
        await until(lambda: takes_records(bus))

        async def published() -> bool:
            try:
                await bus.publish(log.topic, numbered(1))
            except LogUnavailable:
                return False
            return True

        await until(published)
        assert (await read(consumer, 1))[0].value == b"0"


async def test_what_waits_for_a_hanging_broker_is_bounded(log: KafkaLog, own_kafka: KafkaBroker) -> None:
    bus = await log.open()
    await bus.publish(log.topic, numbered(1))
    own_kafka.pause()
    publishes = [asyncio.create_task(bus.publish(log.topic, [(b"%d" % n, bytes(900_000))])) for n in range(100)]
    async with asyncio.timeout(3 * ANSWER_SECONDS):
        answers = await asyncio.gather(*publishes, return_exceptions=True)
    assert all(isinstance(answer, LogUnavailable) for answer in answers)
    assert sum("too much unconfirmed" in str(answer) for answer in answers) > 10
    own_kafka.resume()
    await until(lambda: takes_records(bus))

    async def published() -> bool:
        try:
            await bus.publish(log.topic, numbered(1))
        except LogUnavailable:
            return False
        return True

    await until(published)


async def test_a_log_closes_while_the_broker_is_away(log: KafkaLog, own_kafka: KafkaBroker) -> None:
    bus = await log.open()
    consumer = bus.consumer(log.reader, [log.topic], from_the_beginning)
    async with consumer:
        await bus.publish(log.topic, numbered(1))
        await read(consumer, 1)
        await asyncio.to_thread(own_kafka.kill)
        waiting = asyncio.create_task(bus.publish(log.topic, numbered(1)))
        await asyncio.sleep(0.1)
    async with asyncio.timeout(30):
        await bus.close()
    with pytest.raises(LogUnavailable):
        await waiting
