"""The event log as every service sees it: publish until durable, poll in order, positions kept by the caller."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, Self

from leadlight.core.log import Batch, Partition, Record, Span
from leadlight.errors import RecordTooLarge

__all__ = [
    "MAX_RECORD_BYTES",
    "Batch",
    "Bus",
    "Consumer",
    "Partition",
    "Positions",
    "Record",
    "Span",
    "failed",
    "too_large",
]

MAX_RECORD_BYTES = 1_000_000
"""Key and value together. Kafka brokers take 1 MiB by default; this leaves room for what surrounds a record there."""


def too_large(records: Sequence[tuple[bytes, bytes]]) -> RecordTooLarge | None:
    """Why a publish of these records is refused, if it is."""
    for key, value in records:
        if len(key) + len(value) > MAX_RECORD_BYTES:
            size = len(key) + len(value)
            return RecordTooLarge(f"A record of {size} bytes exceeds the {MAX_RECORD_BYTES} that the event log takes.")
    return None


def failed(error: Exception) -> asyncio.Future[None]:
    """A publish that ended before it began."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    return future


Positions = Callable[[Sequence[Partition]], Awaitable[Mapping[Partition, int]]]
"""Asked on every assignment: the next offset wanted of each partition. Partitions left out, and those at 0, start at the
log's beginning, wherever that is."""


class Consumer(Protocol):
    """A named reader of topics, in a group that shares the partitions.

    Delivery is at least once and in order within a partition. Nothing is committed on the caller's behalf: positions
    come from `positions`, which is asked inside `poll` on every assignment, and inside `reload`; what it raises, they
    raise. When a position is outside what the log still has, reading goes on at its beginning and the loss is logged
    and counted. Outages of the log are waited out inside `poll`, which then returns an empty batch at its time-out;
    they never raise. A `ConfigurationError` out of `poll` ends the reader: the log is damaged, or its seat was taken.
    """

    @property
    def assignment(self) -> frozenset[Partition]:
        """The partitions this reader owns now. Changes only during `poll`."""
        ...

    async def poll(self, *, max_records: int, timeout_seconds: float) -> Batch:
        """Next records, at most `max_records`; an empty batch when none came within `timeout_seconds`."""
        ...

    async def reload(self) -> None:
        """Ask `positions` again for every owned partition and read on from there: after a lost compare-and-swap."""
        ...

    async def stored(self, positions: Mapping[Partition, int]) -> None:
        """Tell the log that the caller has stored these positions: it trims below them, or shows lag by them."""
        ...

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...


class Bus(Protocol):
    """The event log. Both adapters keep this contract, and one suite holds them to it."""

    async def publish(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Append (key, value) records; returns when all of them are durable.

        Records of one key keep the order of the calls: where one fails, those behind it that are not on their way yet
        fail too, or what is sent again would be overtaken. Safe to call from many tasks at once: calls share writes.

        Raises:
            LogUnavailable: the log could not confirm in time. The records may still appear: a retry may repeat them.
                A LogFull says that its disk has no room.
            RecordTooLarge: a record exceeds what the log takes; none of the call's records was appended. Where the
                operator has set a lower limit on a Kafka topic, records beside it may have been.
        """
        ...

    def append(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> asyncio.Future[None]:
        """As `publish`, for whoever serves too many to hold a task for each: begun at once, and the future ends as
        `publish` would. Giving up the future harms nobody else."""
        ...

    def give_up(self, topic: str) -> None:
        """End every publish to the topic that is not confirmed yet with LogUnavailable, because their publisher keeps the
        records elsewhere. What is not on its way never will be; the rest may still appear."""
        ...

    def consumer(self, name: str, topics: Sequence[str], positions: Positions) -> Consumer:
        """A reader in the group `name`, not yet started: enter it with `async with`."""
        ...

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """The next offset to be written of each partition: what lag is measured against."""
        ...

    async def problem(self) -> str | None:
        """What keeps a publish from being taken now, in a sentence for the operator; None when nothing does."""
        ...

    async def close(self) -> None:
        """Flush what is in flight, then let go of files and connections."""
        ...
