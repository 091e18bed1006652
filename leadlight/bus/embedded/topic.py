"""One open topic: publishers wait in line for the next group commit, readers for its end."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from leadlight.bus.embedded.disk import Disk
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

CONFIRM_SECONDS = 4.2
"""After this a publish that the disk has not confirmed is given up: a post must be answered within 5 s."""

WATCH_SECONDS = 0.2
"""Between two looks for publishes that wait too long."""

WAITING_BYTES = 64 * 1024 * 1024
"""Of all records in line, or memory would grow while the disk stalls."""

Records = Sequence[tuple[bytes, bytes]]


class _Place(NamedTuple):
    """A publish's place in line."""

    records: Records
    bytes: int
    since: float
    done: asyncio.Future[None]


class OpenTopic:
    """A topic's log with the tasks around it. Lives on the event loop; the log's writes run in `writer`."""

    def __init__(
        self, topic: Topic, topic_log: TopicLog, writer: Executor, disk: Disk, now: Callable[[], float]
    ) -> None:
        self.topic = topic
        self.log = topic_log
        self.readers: dict[str, list[EmbeddedConsumer]] = {}
        self._writer = writer
        self._disk = disk
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Place] = deque()
        self._waiting_bytes = 0
        self._writing: list[_Place] = []
        self._writing_bytes = 0
        self._watch: asyncio.TimerHandle | None = None
        self._committing: asyncio.Task[None] | None = None
        self._stored: dict[str, int] = {}
        self._trimming: asyncio.Task[None] | None = None
        self._published = PUBLISHED.labels(topic.name)
        self._failed = FAILED.labels(topic.name)

    async def publish(self, records: Records) -> None:
        """Wait until the records are durable. At once when nothing is in flight, else with what gathers meanwhile."""
        await self.enqueue(records)

    def enqueue(self, records: Records) -> asyncio.Future[None]:
        """Take the next place in line; done when the records are durable, or given up.

        Raises:
            LogUnavailable: the line is too long.
        """
        size = _bytes(records)
        if self._waiting and self._waiting_bytes + size > WAITING_BYTES:
            raise LogUnavailable(
                f"The {self._disk.holds} is slow, and too much waits to be written ({self.topic.name})"
            )
        place = _Place(records, size, self._loop.time(), self._loop.create_future())
        self._waiting.append(place)
        self._waiting_bytes += size
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        if self._watch is None:
            self._watch = self._loop.call_later(WATCH_SECONDS, self._give_up_late)
        return place.done

    @property
    def idle(self) -> bool:
        """Whether nothing is being written, nor waits to be."""
        return self._committing is None

    @property
    def unwritten_bytes(self) -> int:
        return self._waiting_bytes + self._writing_bytes

    @property
    def stalled(self) -> bool:
        """Whether a write has taken so long that its publishers were given up."""
        return any(self._loop.time() - place.since >= CONFIRM_SECONDS for place in self._writing[:1])

    def _give_up_late(self) -> None:
        """Fail publishes whose time is over; what is being written may still appear. One timer for all is cheapest."""
        self._watch = None
        late = self._loop.time() - CONFIRM_SECONDS
        given_up = [place for place in self._writing if place.since <= late]
        while self._waiting and self._waiting[0].since <= late:
            given_up.append(self._leave_line())
        self._failed.inc(sum(len(place.records) for place in given_up if not place.done.done()))
        why = f"The {self._disk.holds} was not written within {CONFIRM_SECONDS} s ({self.topic.name})"
        self._fail(given_up, LogUnavailable(why))
        if self._committing is not None:
            self._watch = self._loop.call_later(WATCH_SECONDS, self._give_up_late)

    def give_up(self) -> None:
        """Fail every publish that is not yet durable."""
        given_up = list(self._writing)
        while self._waiting:
            given_up.append(self._leave_line())
        self._fail(given_up, LogUnavailable(f"The {self._disk.holds} is not waited for any more ({self.topic.name})"))

    def _leave_line(self) -> "_Place":
        place = self._waiting.popleft()
        self._waiting_bytes -= place.bytes
        return place

    async def _commit(self) -> None:
        while self._waiting:
            records, self._writing = self._next_group()
            if not records:
                continue
            try:
                await self._loop.run_in_executor(self._writer, self._append, records)
            except OSError as error:
                self._failed.inc(len(records))
                log.error("log not written", topic=self.topic.name, error=str(error), records=len(records))  # noqa: TRY400
                refused = self._disk.refused(error)
                self._fail(self._writing, refused)
                while self._waiting:  # they would be read before what its publisher keeps and sends again
                    self._fail([self._leave_line()], refused)
            except Exception as error:
                self._fail(self._writing, error)
            else:
                self._published.inc(len(records))
                for place in self._writing:
                    if not place.done.done():
                        place.done.set_result(None)
                self.wake()
            self._writing, self._writing_bytes = [], 0
        self._committing = None

    @staticmethod
    def _fail(places: Sequence["_Place"], error: Exception) -> None:
        for place in places:
            if not place.done.done():
                place.done.set_exception(copy(error))  # or the traces of all who await it would add up

    def _append(self, records: Records) -> None:
        self.log.append(records, now=self._now())
        self._disk.written()

    def _next_group(self) -> tuple[Records, "list[_Place]"]:
        """What is written and synced together. Whoever has given up waiting is left out."""
        group: list[tuple[bytes, bytes]] = []
        places: list[_Place] = []
        group_bytes = 0
        while self._waiting and len(group) < GROUP_RECORDS and group_bytes < GROUP_BYTES:
            place = self._leave_line()
            if not place.done.done():
                group += place.records
                group_bytes += place.bytes
                places.append(place)
        self._writing_bytes = group_bytes
        return group, places

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
    if len(records) == 1:
        return len(records[0][1])
    return sum([len(value) for _key, value in records])
