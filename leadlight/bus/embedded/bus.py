"""The embedded event log: segment files in the data folder, one process, no server."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from leadlight.bus.embedded.consumer import EmbeddedConsumer
from leadlight.bus.embedded.disk import Disk
from leadlight.bus.embedded.lock import Held, lock_folder
from leadlight.bus.embedded.log import Sizes, TopicLog
from leadlight.bus.embedded.topic import OpenTopic
from leadlight.bus.port import Partition, Positions, failed, too_large
from leadlight.bus.topics import TOPICS, Topic
from leadlight.errors import ConfigurationError, DataFolderLocked, LogUnavailable

_LEGAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,248}")  # what Kafka takes, less the names that hide files


class EmbeddedBus:
    """The log port on local files. Publishing is durable when `publish` returns: the data was synced to the disk."""

    def __init__(
        self, folder: Path, lock: int, topics: Sequence[Topic], sizes: Sizes, now: Callable[[], float]
    ) -> None:
        self._now = now
        self._folder = folder
        self._disk = Disk(folder, now)
        self._lock = lock
        self._sizes = sizes
        self._declared = {topic.name: topic for topic in topics}
        self._topics: dict[str, OpenTopic] = {}
        self._opening = asyncio.Lock()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="leadlight-log-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="leadlight-log-read")
        self._closed = False

    @classmethod
    async def open(
        cls,
        data: Path,
        *,
        topics: Sequence[Topic] = TOPICS,
        sizes: Sizes = Sizes(),  # noqa: B008
        now: Callable[[], float] = time.time,
    ) -> Self:
        """Lock the data folder and recover every topic in it.

        Raises:
            DataFolderLocked: another process uses the folder.
            ConfigurationError: the folder cannot be used, or a file in it is damaged.
        """
        try:
            folder = data / "log"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _lock(data)
        except OSError as error:
            raise ConfigurationError(
                f"The data folder {data} cannot be used: {error.strerror or error}. "
                "Choose another with --data or LEADLIGHT_DATA."
            ) from error
        bus = cls(folder, lock, topics, sizes, now)
        try:
            present = [path.name for path in folder.iterdir() if path.is_dir()]
            for name in sorted({*bus._declared, *present}):
                await bus.topic(name)
        except OSError as error:
            await bus.close()
            raise ConfigurationError(f"The event log in {folder} cannot be opened: {error}") from error
        except BaseException:
            await bus.close()
            raise
        bus._disk.warn_if_low()
        return bus

    async def topic(self, name: str) -> OpenTopic:
        """The open topic of that name; one that does not exist yet is created."""
        if name in self._topics:
            return self._topics[name]
        if not _LEGAL_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is no name for a topic")
        async with self._opening:
            if name not in self._topics:
                declared = self._declared.get(name) or Topic(name, readers=())
                opened = await asyncio.get_running_loop().run_in_executor(self._writing, self._open_log, name)
                self._topics[name] = OpenTopic(declared, opened, self._writing, self._disk, self._now)
        return self._topics[name]

    def _open_log(self, name: str) -> TopicLog:
        return TopicLog(self._folder / name, sizes=self._sizes, now=self._now())

    async def publish(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
        if self._closed:
            raise LogUnavailable("The event log is closed.")
        if refusal := too_large(records):
            raise refusal
        if not records:
            return
        opened = self._topics.get(topic)
        if opened is None:
            try:
                opened = await self.topic(topic)
            except OSError as error:
                raise self._disk.refused(error) from error
        await opened.publish(records)

    def append(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> asyncio.Future[None]:
        opened = self._topics.get(topic)
        if opened is None or self._closed or not records or too_large(records):
            return asyncio.ensure_future(self.publish(topic, records))
        try:
            return opened.enqueue(records)
        except LogUnavailable as error:
            return failed(error)

    def give_up(self, topic: str) -> None:
        if topic in self._topics:
            self._topics[topic].give_up()

    def consumer(self, name: str, topics: Sequence[str], positions: Positions) -> EmbeddedConsumer:
        return EmbeddedConsumer(self, name, topics, positions, self._reading)

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        logs = [(await self.topic(name)).log for name in topics]
        return {log.partition: log.end for log in logs}

    async def problem(self) -> str | None:
        return "the event log is closed" if self._closed else self._disk.problem()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.gather(*(topic.drained() for topic in self._topics.values()))
        self._writing.shutdown()
        self._reading.shutdown()
        for topic in self._topics.values():
            topic.log.close()
        os.close(self._lock)


def _lock(data: Path) -> int:
    try:
        return lock_folder(data)
    except Held as held:
        raise DataFolderLocked(
            f"The data folder {data} is in use by another Leadlight process (pid {held.by}). The embedded event log "
            "belongs to one process: stop that one, choose another folder with --data or LEADLIGHT_DATA, or run "
            "several processes on Kafka with LEADLIGHT_BUS_URL=kafka://..."
        ) from None
