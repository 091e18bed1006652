"""The two event logs as the contract's tests meet them."""

import asyncio
import time
import uuid
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from leadlight.bus import open_bus
from leadlight.bus.embedded import EmbeddedBus, Sizes
from leadlight.bus.port import Batch, Bus, Consumer, Partition, Positions, Record
from leadlight.bus.topics import DAY_SECONDS, Topic, create_topics

PATIENCE_SECONDS = 60.0


class LogUnderTest(Protocol):
    """One topic of one log, with a declared reader."""

    topic: str
    reader: str

    @abstractmethod
    async def open(self) -> Bus:
        """Another opening of the same log. The embedded one allows one at a time."""

    @abstractmethod
    async def another_topic(self) -> str:
        """The name of one more topic that is there."""

    @abstractmethod
    async def forget(self, bus: Bus, below: int) -> None:
        """Let retention take the records of every partition below this offset."""

    @abstractmethod
    async def close(self) -> None: ...


class EmbeddedLog(LogUnderTest):
    """On a folder, with segments so small that every test crosses several."""

    def __init__(self, data: Path) -> None:
        self.topic, self.reader = "events", "reader"
        self.late_seconds = 0.0
        self._data = data
        self._opened: list[Bus] = []

    async def open(self) -> Bus:
        bus = await EmbeddedBus.open(
            self._data,
            topics=[Topic(self.topic, readers=(self.reader,))],
            sizes=Sizes(segment_bytes=200),
            now=lambda: time.time() + self.late_seconds,
        )
        self._opened.append(bus)
        return bus

    async def another_topic(self) -> str:
        return "identified"

    async def forget(self, bus: Bus, below: int) -> None:
        self.late_seconds += 8 * DAY_SECONDS
        async with bus.consumer(self.reader, [self.topic], from_the_beginning) as consumer:
            await consumer.stored({Partition(self.topic, 0): below})

    async def close(self) -> None:
        for bus in self._opened:
            await bus.close()


class KafkaLog(LogUnderTest):
    """On a real broker, with a topic of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.topic, self.reader = f"events-{uuid.uuid4().hex}", f"reader-{uuid.uuid4().hex}"
        self._opened: list[Bus] = []

    async def create(self, *, partitions: int = 3) -> None:
        await create_topics(self.url, [Topic(self.topic, readers=(), partitions=partitions)])

    async def open(self, *, instance: str = "one") -> Bus:
        bus = await open_bus(url=self.url, data=Path("unused"), instance=instance)
        self._opened.append(bus)
        return bus

    async def another_topic(self) -> str:
        name = f"identified-{uuid.uuid4().hex}"
        await create_topics(self.url, [Topic(name, readers=(), partitions=2)])
        return name

    async def forget(self, bus: Bus, below: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.url.removeprefix("kafka://"))
        try:
            await admin.start()
            ends = await bus.ends([self.topic])
            await admin.delete_records(
                {TopicPartition(*p): RecordsToDelete(before_offset=min(below, end)) for p, end in ends.items()}
            )
        finally:
            await admin.close()

    async def configure(self, settings: Mapping[str, str]) -> None:
        """Give the topic other settings on the broker."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.url.removeprefix("kafka://"))
        try:
            await admin.start()
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.topic, dict(settings))])
        finally:
            await admin.close()

    async def close(self) -> None:
        for bus in self._opened:
            await bus.close()


async def from_the_beginning(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
    return {}


def standing_at(stored: Mapping[Partition, int]) -> Positions:
    """The caller's store: it is asked again on every assignment, so the mapping may move."""

    async def positions(partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: stored[partition] for partition in partitions if partition in stored}

    return positions


async def read(consumer: Consumer, count: int) -> list[Record]:
    """Poll until `count` records came."""
    batches = await poll_until(consumer, lambda batches: sum(len(b.records) for b in batches) >= count)
    return [record for batch in batches for record in batch.records]


async def poll_until(
    consumer: Consumer, enough: Callable[[list[Batch]], bool], *, max_records: int = 1000
) -> list[Batch]:
    """Poll until it is enough, or patience ends."""
    batches: list[Batch] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not enough(batches):
            batches.append(await consumer.poll(max_records=max_records, timeout_seconds=0.5))
    return batches


class Clock:
    """Goes only when a test moves it on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds, or patience ends."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def takes_records(bus: Bus) -> bool:
    return await bus.problem() is None


def numbered(count: int, *, key: bytes = b"site:visitor", start: int = 0) -> list[tuple[bytes, bytes]]:
    return [(key, b"%d" % number) for number in range(start, start + count)]
