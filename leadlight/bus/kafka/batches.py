"""Records on their way to Kafka: those of one partition travel in batches, one after the other."""

import asyncio
from collections import deque

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from leadlight.errors import LeadlightError

BATCH_BYTES = 1_040_000
"""Of a batch, overhead included: Kafka takes 1,048,588 bytes."""

_NO_HEADERS: list[tuple[str, bytes]] = []


class Confirmation(asyncio.Future[None]):
    """What one publish waits for: all batches that took its records."""

    batches = 0

    def one_confirmed(self) -> None:
        self.batches -= 1
        if not self.batches and not self.done():
            self.set_result(None)

    def fail(self, error: LeadlightError) -> None:
        if not self.done():
            self.set_exception(error)


class Batch:
    """Records of one partition that travel together."""

    __slots__ = ("builder", "bytes", "confirmations", "content", "given_up", "lane", "latest", "records", "since")

    def __init__(self, lane: "Lane", since: float) -> None:
        self.lane = lane
        self.since = since
        self.builder = DefaultRecordBatchBuilder(
            2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=BATCH_BYTES
        )
        self.content: bytes | None = None
        self.records = 0
        self.bytes = 0
        self.confirmations: list[Confirmation] = []
        self.latest: Confirmation | None = None  # of them
        self.given_up = False

    def append(self, key: bytes, value: bytes, at_ms: int) -> bool:
        """Whether there was room."""
        if self.content is not None or self.builder.append(self.records, at_ms, key, value, _NO_HEADERS) is None:
            return False
        self.records += 1
        self.bytes += len(key) + len(value)
        return True

    def sealed(self) -> bytes:
        """As it is sent; nothing more goes in."""
        if self.content is None:
            self.content = bytes(self.builder.build())
        return self.content


class Lane:
    """One partition's batches in order: the last one gathers. While one is in flight none follows it."""

    __slots__ = ("in_flight", "number", "topic", "waiting")

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.waiting: deque[Batch] = deque()
        self.in_flight = False
