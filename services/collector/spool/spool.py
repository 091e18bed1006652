"""The spool: on this host's disk, what was acknowledged while the log was away.

It is a topic of the embedded log with one reader: the same frames, checksums, group commits and recovery.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Self

from leadlight.bus.embedded import frame as frames
from leadlight.bus.embedded.disk import Disk
from leadlight.bus.embedded.lock import Held, lock_folder
from leadlight.bus.embedded.log import Place, Sizes, TopicLog
from leadlight.bus.embedded.segment import FIRST_FRAME, Segment, create_segment
from leadlight.bus.embedded.topic import OpenTopic
from leadlight.bus.port import MAX_RECORD_BYTES, Record, too_large
from leadlight.bus.topics import Topic
from leadlight.errors import ConfigurationError, DataFolderLocked, LogDamaged, LogFull, LogUnavailable
from leadlight.logs import get_logger
from services.collector.spool import metrics
from services.collector.spool.standing import (
    MAX_AGE_SECONDS,
    STAMP,
    Standing,
    next_offset,
    read_note,
    spooled_at,
    standing,
    write_note,
)

log = get_logger(__name__)

Records = Sequence[tuple[bytes, bytes]]

SEGMENT_BYTES = 16 * 1024 * 1024
"""The room of a segment comes back when all of it has been drained; the last one is read whole at the start."""

SEGMENTS = 8
"""At least so many share the spool's room."""


class Spool:
    """A bounded queue on disk. Lives on the event loop; files are touched in threads of its own.

    What `append` confirmed is read back by `read`, in the order of the calls, until `advance` says that it has
    arrived elsewhere; after a crash some of that is read again.
    """

    def __init__(self, folder: Path, files: TopicLog, lock: int, limit_bytes: int, now: Callable[[], float]) -> None:
        self.limit_bytes = limit_bytes
        self._draining = False
        self._folder = folder
        self._files = files
        self._lock = lock
        self._now = now
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="leadlight-spool-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="leadlight-spool-read")
        self._disk = Disk(folder, now, holds="spool")
        self._line = OpenTopic(Topic("spool", readers=()), files, self._writing, self._disk, now)
        self._place = self._after = _place(files, next_offset(read_note(folder), files))
        self._salvaging: int | None = None  # the damaged segment whose readable records were read last
        self._aside: list[int] = []  # those that have been drained, and are to be set aside
        self._closed_segments: tuple[Segment, ...] = ()
        self._closed_bytes = 0
        self._tidying: Future[None] | None = None
        self._noting: Future[None] | None = None
        self._closed = self._shown = False
        self._oldest_at: float | None = None

    @classmethod
    def open(cls, folder: Path, *, limit_bytes: int, now: Callable[[], float]) -> Self:
        """Lock the folder and recover what is in it.

        Raises:
            DataFolderLocked: another process has it.
            ConfigurationError: the folder cannot be used.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = lock_folder(folder)
        except Held as held:
            raise DataFolderLocked(
                f"The spool {folder} is in use by another collector (pid {held.by}). "
                "Give each collector on this data folder a name of its own with LEADLIGHT_INSTANCE."
            ) from None
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            spool = cls(folder, _open_files(folder, limit_bytes, now()), lock, limit_bytes, now)
            if spool.records and (found := spool._read(1)):
                spool._oldest_at = spooled_at(found[0].value)
        except OSError as error:
            os.close(lock)
            raise _unusable(folder, error) from error
        except BaseException:
            os.close(lock)
            raise
        spool._write_note()
        return spool

    @property
    def draining(self) -> bool:
        """Whether the log is back and takes what is in here."""
        return self._draining

    @draining.setter
    def draining(self, draining: bool) -> None:
        if draining != self._draining:
            self._draining = draining
            if not self._closed:
                self._noting = self._reading.submit(self._write_note)

    @property
    def records(self) -> int:
        return self._files.end - self._place.offset

    @property
    def size_bytes(self) -> int:
        """On the disk, and on the way there."""
        segments = self._files.segments
        if segments is not self._closed_segments:
            self._closed_segments, self._closed_bytes = segments, sum(segment.size for segment in segments[:-1])
        return self._closed_bytes + segments[-1].size + self._line.unwritten_bytes

    @property
    def idle(self) -> bool:
        """Whether it is empty, and nothing is about to fill it."""
        return self._line.idle and not self.records

    @property
    def oldest_at(self) -> float | None:
        return self._oldest_at if self.records else None

    def standing(self) -> Standing:
        return standing(
            self._folder,
            records=self.records,
            size_bytes=self.size_bytes,
            oldest_at=self._oldest_at,
            limit_bytes=self.limit_bytes,
            draining=self.draining,
            now=self._now(),
        )

    @property
    def stalled(self) -> bool:
        """Whether the disk has not answered for so long that those who waited for it were refused."""
        return self._line.stalled

    def give_up(self) -> None:
        """Refuse all that waits for the disk. It may still be written; nobody was told so."""
        self._line.give_up()

    def problem(self) -> str | None:
        """Why posts are refused although the spool has room for them, for the operator."""
        if self._line.stalled:
            return f"the disk of {self._folder} does not answer"
        return self._disk.problem()

    def append(self, records: Records) -> asyncio.Future[None]:
        """Take a place in line; done when the records are durable.

        Raises:
            LogFull: there is no room, or the oldest record is too old.
            LogUnavailable: the disk is slow, and too much waits for it.
            RecordTooLarge: nothing was taken.
        """
        if self._closed:
            raise LogUnavailable("The spool is closed.")
        now = self._now()
        self._refuse_if_full(records, now)
        stamp = STAMP.pack(max(0, int(now * 1000)))
        stamped = [(key, stamp + value) for key, value in records]
        if refusal := too_large(stamped):
            raise refusal
        done = self._line.enqueue(stamped)
        if self._oldest_at is None:
            self._oldest_at = now
        return done

    def _refuse_if_full(self, records: Records, now: float) -> None:
        if self.oldest_at is not None and now - self.oldest_at >= MAX_AGE_SECONDS:
            metrics.REFUSED.labels("too_old").inc()
            raise LogFull(
                "The event log has been away for so long that this collector's oldest spooled event is "
                f"{MAX_AGE_SECONDS // 86_400} days old: it takes no more until the log is back."
            )
        if self.size_bytes + sum(len(key) + len(value) for key, value in records) > self.limit_bytes:
            metrics.REFUSED.labels("full").inc()
            raise LogFull(f"The event log is away, and this collector's spool of {self.limit_bytes:,} bytes is full.")

    async def read(self, max_records: int) -> Records:
        """The oldest records that have not been drained; the same ones again until `advance`."""
        found = await asyncio.get_running_loop().run_in_executor(self._reading, self._read, max_records)
        if found:
            self._oldest_at = spooled_at(found[0].value)
        return [(record.key, record.value[STAMP.size :]) for record in found]

    def _read(self, max_records: int) -> Sequence[Record]:
        records: list[Record] = []
        after = self._place
        while len(records) < max_records:
            try:
                found = self._files.read(after, max_records - len(records))
            except LogDamaged as damage:
                if not records:
                    return self._salvage(damage)
                break
            if not found.records:
                break
            records += found.records
            after = found.place
        self._after = after
        return records

    def _salvage(self, damage: LogDamaged) -> Sequence[Record]:
        """What can still be read of a damaged segment. The file is kept, by another name, once that is drained."""
        base = int(damage.path.stem)
        self._writing.submit(self._end_segment, base).result()
        content = damage.path.read_bytes()
        kept = [
            Record(self._files.partition, frame.offset, frame.key, frame.value)
            for frame in frames.intact(content, FIRST_FRAME, max_bytes=MAX_RECORD_BYTES)
            if frame.offset >= self._place.offset
        ]
        following = next(segment.base for segment in self._files.segments if segment.base > base)
        lost = following - self._place.offset - len(kept)
        metrics.LOST.inc(lost)
        log.error("the spool is damaged", file=str(damage.path), records_lost=lost, why=str(damage))
        self._salvaging, self._after = base, Place(following, following, FIRST_FRAME)
        if not kept:
            self.advance()
            return self._read(1)
        return kept

    def _end_segment(self, base: int) -> None:
        if base == self._files.segments[-1].base:
            self._files.roll(now=self._now())

    def advance(self) -> None:
        """What `read` gave last has arrived: go on behind it, and give its room back where whole segments are done."""
        metrics.DRAINED.inc(self._after.offset - self._place.offset)
        self._place = self._after
        if self._salvaging is not None:
            self._aside.append(self._salvaging)
            self._salvaging = None
        self._note()
        done = sum(following.base <= self._place.offset for _, following in pairwise(self._files.segments))
        if (done or self._aside) and (self._tidying is None or self._tidying.done()):
            self._tidying = self._writing.submit(self._tidy)

    def emptied(self) -> None:
        """Everything has arrived: give all room back."""
        self._oldest_at = None
        self._note()
        self._tidying = self._writing.submit(self._tidy)

    def _tidy(self) -> None:
        now = self._now()
        try:
            while self._aside:
                aside = self._files.set_aside(self._aside.pop(), now=now)
                log.error("a damaged file of the spool was set aside", file=str(aside))
            if not self.records and self._files.segments[-1].size > FIRST_FRAME:
                self._files.roll(now=now)
            done = sum(following.base <= self._place.offset for _, following in pairwise(self._files.segments))
            if done:
                self._files.trim(done)
        except OSError as error:
            log.warning("the spool's room was not given back", error=str(error))

    def _note(self) -> None:
        """Write down how it stands, for those who only see the folder: a note under way is not waited for, the next one makes up for it."""
        if self._noting is None or self._noting.done():
            self._noting = self._reading.submit(self._write_note)

    def _write_note(self) -> None:
        try:
            write_note(
                self._folder, next_offset=self._place.offset, limit_bytes=self.limit_bytes, draining=self.draining
            )
        except OSError as error:
            log.warning("how far the spool is drained was not noted", error=str(error))

    def show_figures(self) -> None:
        """From now on the process's metrics are this spool's."""
        self._shown = True
        metrics.RECORDS.set_function(lambda: self.records)
        metrics.BYTES.set_function(lambda: self.size_bytes)
        metrics.LIMIT.set(self.limit_bytes)
        metrics.OLDEST.set_function(lambda: 0.0 if self.oldest_at is None else max(0.0, self._now() - self.oldest_at))

    async def close(self, *, remove: bool = False) -> None:
        """Finish the writes in line, note the position, let go of the folder; or remove it, if nobody needs it."""
        if self._closed:
            return
        self._closed = True
        await self._line.drained()
        self._reading.submit(self._write_note)
        self._writing.shutdown()
        self._reading.shutdown()
        for gauge in (metrics.RECORDS, metrics.BYTES, metrics.OLDEST) if self._shown else ():
            gauge.set_function(lambda: 0.0)
        self._files.close()
        if remove:
            for file in self._folder.iterdir():
                file.unlink()
            self._folder.rmdir()
        os.close(self._lock)


def _open_files(folder: Path, limit_bytes: int, now: float) -> TopicLog:
    sizes = Sizes(segment_bytes=min(SEGMENT_BYTES, limit_bytes // SEGMENTS))
    try:
        return TopicLog(folder, sizes=sizes, now=now)
    except LogDamaged as damage:  # its readable records are found when it is drained; new ones go behind them
        intact = frames.intact(damage.path.read_bytes(), FIRST_FRAME, max_bytes=MAX_RECORD_BYTES)
        last = max((frame.offset for frame in intact), default=int(damage.path.stem))
        _, descriptor = create_segment(folder, last + 1, now=now)
        os.close(descriptor)
        return TopicLog(folder, sizes=sizes, now=now)


def _place(files: TopicLog, offset: int) -> Place:
    try:
        return files.find(offset)
    except LogDamaged as damage:  # from the beginning of that file, then: repeats do no harm
        base = int(damage.path.stem)
        return Place(base, base, FIRST_FRAME)


def _unusable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The spool {folder} cannot be used: {error.strerror or error}. Name a folder on a disk that lasts with "
        "LEADLIGHT_DATA, or do without a spool with LEADLIGHT_SPOOL_BYTES=0."
    )
