"""One open topic: publishers wait in line for the next group commit, readers for its end."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from copy import copy
from typing import TYPE_CHECKING

from leadlight.bus.embedded.log import TopicLog, trimmable
from leadlight.bus.metrics import FAILED, PUBLISHED
from leadlight.bus.topics import Topic
from leadlight.errors import LogUnavailable
from leadlight.logs import get_logger

if TYPE_CHECKING:
    from leadlight.bus.embedded.consumer import EmbeddedConsumer

log = get_logger(__name__)

GROUP_RECORDS = 4_000
"""In one write and sync: beyond this, more records per sync save nothing and only make everybody wait longer."""

GROUP_BYTES = 8 * 1024 * 1024
"""The same for large records: a crash costs no more than one group's reading."""

Records = Sequence[tuple[bytes, bytes]]


class OpenTopic:
    """A topic's log with the tasks around it. Lives on the event loop; the log's writes run in `writer`."""

    def __init__(self, topic: Topic, topic_log: TopicLog, writer: Executor, now: Callable[[], float]) -> None:
        self.topic = topic
        self.log = topic_log
        self.readers: dict[str, list[EmbeddedConsumer]] = {}
        self._writer = writer
        self._now = now
        self._waiting: deque[tuple[Records, asyncio.Future[None]]] = deque()
        self._committing: asyncio.Task[None] | None = None
        self._stored: dict[str, int] = {}
        self._trimming: asyncio.Task[None] | None = None
        self._published = PUBLISHED.labels(topic.name)
        self._failed = FAILED.labels(topic.name)

    async def publish(self, records: Records) -> None:
        """Wait until the records are durable. At once when nothing is in flight, else with what gathers meanwhile."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await done

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            records, waiters = self._next_group()
            try:
                await loop.run_in_executor(self._writer, self._append, records)
            except OSError as error:
                self._failed.inc(len(records))
                log.error("log not written", topic=self.topic.name, error=str(error), records=len(records))  # noqa: TRY400
                why = f"The event log cannot be written: {error.strerror or error} ({self.topic.name})"
                self._fail(waiters, LogUnavailable(why))
            except Exception as error:
                self._fail(waiters, error)
            else:
                self._published.inc(len(records))
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_result(None)
                self.wake()
        self._committing = None

    @staticmethod
    def _fail(waiters: Sequence[asyncio.Future[None]], error: Exception) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(copy(error))  # or the traces of all who await it would add up

    def _append(self, records: Records) -> None:
        self.log.append(records, now=self._now())

    def _next_group(self) -> tuple[Records, list[asyncio.Future[None]]]:
        records, first = self._waiting.popleft()
        waiters = [first]
        if self._waiting:
            records, size = list(records), _bytes(records)
            while self._waiting and len(records) < GROUP_RECORDS and size < GROUP_BYTES:
                more, waiter = self._waiting.popleft()
                records += more
                size += _bytes(more)
                waiters.append(waiter)
        return records, waiters

    def wake(self) -> None:
        """Let the readers look for new records, or for a partition that has become free."""
        for members in self.readers.values():
            for reader in members:
                reader.wake.set()

    def stored(self, reader: str, offset: int) -> None:
        """Note a reader's stored position, and trim what nobody needs any more."""
        now = self._now()
        self._stored[reader] = offset
        if self._trimming is None and (self._trimmable(now) or self.log.stale(now=now)):
            self._trimming = asyncio.create_task(self._trim(now))

    def _trimmable(self, now: float) -> int:
        return trimmable(
            self.log.segments,
            readers=self.topic.readers,
            stored=self._stored,
            now=now,
            retention_seconds=self.topic.retention_seconds,
        )

    async def _trim(self, now: float) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._tidy, now)
        except OSError as error:
            log.warning("log not trimmed", topic=self.topic.name, error=str(error))
        finally:
            self._trimming = None

    def _tidy(self, now: float) -> None:
        if self.log.stale(now=now):
            self.log.roll(now=now)
        if count := self._trimmable(now):
            self.log.trim(count)
            log.info("log trimmed", topic=self.topic.name, segments=count, start=self.log.start)

    async def drained(self) -> None:
        """Wait until nothing is in flight."""
        running = [task for task in (self._committing, self._trimming) if task is not None]
        await asyncio.gather(*running)


def _bytes(records: Records) -> int:
    return sum(len(value) for _key, value in records)
