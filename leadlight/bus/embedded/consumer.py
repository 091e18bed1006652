"""A named reader of the embedded log."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Self

from leadlight.bus.embedded.log import Place
from leadlight.bus.metrics import LOST, SKIPPED
from leadlight.bus.port import Batch, Partition, Positions, Record, Span
from leadlight.logs import get_logger

if TYPE_CHECKING:
    from leadlight.bus.embedded.bus import EmbeddedBus
    from leadlight.bus.embedded.topic import OpenTopic

log = get_logger(__name__)


class EmbeddedConsumer:
    """Reads each topic's one partition. Of several readers with one name, the first has it until it is closed."""

    def __init__(
        self, bus: "EmbeddedBus", name: str, topics: Sequence[str], positions: Positions, reading: Executor
    ) -> None:
        self.wake = asyncio.Event()
        self._bus = bus
        self._name = name
        self._names = tuple(topics)
        self._positions = positions
        self._reading = reading
        self._topics: list[OpenTopic] = []
        self._next: dict[Partition, int] = {}  # what the caller was last told to store
        self._places: dict[Partition, Place] = {}
        self._turn = 0

    @property
    def assignment(self) -> frozenset[Partition]:
        return frozenset(self._next)

    async def __aenter__(self) -> Self:
        self._topics = [await self._bus.topic(name) for name in self._names]
        for topic in self._topics:
            topic.readers.setdefault(self._name, []).append(self)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        for topic in self._topics:
            if self in (members := topic.readers[self._name]):
                members.remove(self)
                topic.wake()
        self._next.clear()

    async def poll(self, *, max_records: int, timeout_seconds: float) -> Batch:
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            self.wake.clear()
            await self._assign()
            batch = await self._read(max_records)
            if batch:
                return batch
            try:
                async with asyncio.timeout_at(deadline):
                    await self.wake.wait()
            except TimeoutError:
                return batch

    async def reload(self) -> None:
        owned = [topic for topic in self._topics if topic.log.partition in self._next]
        self._next.clear()  # should the positions not be told now, the next poll asks for them
        await self._start(owned)

    async def stored(self, positions: Mapping[Partition, int]) -> None:
        for topic in self._topics:
            if topic.log.partition in positions:
                topic.stored(self._name, positions[topic.log.partition])

    async def _assign(self) -> None:
        free = [
            topic
            for topic in self._topics
            if topic.log.partition not in self._next and topic.readers[self._name][0] is self
        ]
        if free:
            await self._start(free)

    async def _start(self, topics: Sequence["OpenTopic"]) -> None:
        wanted = await self._positions([topic.log.partition for topic in topics])
        loop = asyncio.get_running_loop()
        for topic in topics:
            partition, start, end = topic.log.partition, topic.log.start, topic.log.end
            offset = wanted.get(partition, 0)
            reachable = offset if start <= offset <= end else start
            self._places[partition] = await loop.run_in_executor(self._reading, topic.log.find, reachable)
            self._next[partition] = offset or start
            if offset not in (0, reachable):
                LOST.labels(partition.topic, self._name).inc()
                self._report_loss(partition, skipped=max(0, start - offset), position=offset)

    async def _read(self, max_records: int) -> Batch:
        loop = asyncio.get_running_loop()
        records: list[Record] = []
        spans: dict[Partition, Span] = {}
        self._turn += 1
        for number in range(len(self._topics)):
            topic = self._topics[(self._turn + number) % len(self._topics)]
            partition = topic.log.partition
            while partition in self._next and len(records) < max_records:
                place = self._places[partition]
                if place.offset >= topic.log.end:
                    break
                try:
                    found = await loop.run_in_executor(self._reading, topic.log.read, place, max_records - len(records))
                except OSError as error:
                    log.warning("log not read", topic=partition.topic, reader=self._name, error=str(error))
                    break
                self._places[partition] = found.place
                if found.skipped:
                    self._report_loss(partition, skipped=found.skipped, position=place.offset)
                if found.records:
                    records += found.records
                    first = spans[partition].first if partition in spans else self._next[partition]
                    spans[partition] = Span(first, found.place.offset)
        for partition, span in spans.items():
            self._next[partition] = span.next
        return Batch(records, spans)

    def _report_loss(self, partition: Partition, *, skipped: int, position: int) -> None:
        SKIPPED.labels(partition.topic, self._name).inc(skipped)
        log.error(
            "the log no longer has what comes next: reading on at what it has",
            topic=partition.topic, reader=self._name, position=position, records_skipped=skipped,
        )  # fmt: skip
