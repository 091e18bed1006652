"""One topic on disk: appended to by one thread, read by another, trimmed from the front."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

from leadlight.bus.embedded import frame as frames
from leadlight.bus.embedded.segment import (
    FIRST_FRAME,
    Segment,
    create_segment,
    damaged,
    describe_segment,
    look_at_segment,
    recover_segment,
    segment_path,
    sync_data,
    sync_folder,
    write_whole,
)
from leadlight.bus.port import MAX_RECORD_BYTES, Partition, Record
from leadlight.errors import ConfigurationError

READ_BYTES = 256 * 1024
"""One read: enough for a slice of events, little enough to be quick."""

ASIDE = ".damaged"
"""The ending of files that were set aside."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """When a segment is full. An old one is closed even if small, or its oldest record would outstay retention."""

    segment_bytes: int = 64 * 1024 * 1024
    segment_seconds: float = 24 * 3600


class Place(NamedTuple):
    """Where the frame of `offset` begins. Belongs to the log; a reader keeps it between reads."""

    offset: int
    base: int
    position: int


class Found(NamedTuple):
    """What a read brought, where the next one goes on, and how many offsets before it are gone."""

    records: list[Record]
    place: Place
    skipped: int


def trimmable(
    segments: Sequence[Segment],
    *,
    readers: Sequence[str],
    stored: Mapping[str, int],
    now: float,
    retention_seconds: float,
) -> int:
    """How many of the oldest segments may go: wholly below every reader's stored position, and old enough.

    Nothing may before every declared reader has told where it stands. The last segment always stays.
    """
    if not readers or not set(readers) <= stored.keys():
        return 0
    lowest = min(stored.values())
    count = 0
    for segment, following in pairwise(segments):
        if following.base > lowest or now - segment.written_at <= retention_seconds:
            break
        count += 1
    return count


class TopicLog:
    """The segments of one topic. `append` and `trim` belong to one thread; `end` and `read` to any.

    `end` and the sizes of `segments` cover durable records only.
    """

    def __init__(self, folder: Path, *, sizes: Sizes, now: float) -> None:
        """Open the topic, creating its folder, and cut off a write that a crash left unfinished.

        Raises:
            ConfigurationError: a file is damaged or does not belong here.
        """
        self.partition = Partition(folder.name, 0)
        self._folder = folder
        self._sizes = sizes
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            sync_folder(folder.parent)
        paths = _segment_paths(folder)
        if paths:
            sync_folder(folder)
            active, self._descriptor, self.end = recover_segment(paths[-1], now=now)
            self.segments = (*(describe_segment(path) for path in paths[:-1]), active)
        else:
            active, self._descriptor = create_segment(folder, 0, now=now)
            self.segments, self.end = (active,), 0
        self._torn = False

    @classmethod
    def for_reading(cls, folder: Path) -> Self:
        """A topic as it stands, beside a process that may be writing it: nothing is made, cut off or held open.

        Raises:
            LogDamaged: the last file is.
            FileNotFoundError: there is none, or one was trimmed while we looked.
        """
        paths = _segment_paths(folder)
        if not paths:
            raise FileNotFoundError(folder)
        log = cls.__new__(cls)
        log.partition = Partition(folder.name, 0)
        last, log.end = look_at_segment(paths[-1])
        log.segments = (*(describe_segment(path) for path in paths[:-1]), last)
        return log

    @property
    def start(self) -> int:
        """The oldest offset that is still there."""
        return self.segments[0].base

    def close(self) -> None:
        os.close(self._descriptor)

    def append(self, records: Sequence[tuple[bytes, bytes]], *, now: float) -> None:
        """Write one group of records and make it durable.

        Raises:
            OSError: nothing was appended; what had been written of it is cut off before the next append.
        """
        active = self.segments[-1]
        if self._torn:
            self._cut()
        if active.size >= self._sizes.segment_bytes or self.stale(now=now):
            active = self.roll(now=now)
        group = frames.encode(records, first_offset=self.end)
        try:
            write_whole(self._descriptor, group, active.size)
            sync_data(self._descriptor)
        except OSError:
            self._torn = True
            self._cut()
            raise
        active.size += len(group)
        active.written_at = now
        self.end += len(records)

    def _cut(self) -> None:
        os.ftruncate(self._descriptor, self.segments[-1].size)
        sync_data(self._descriptor)
        self._torn = False

    def stale(self, *, now: float) -> bool:
        """Whether the last segment has records and has been open for so long that it should be closed."""
        active = self.segments[-1]
        return active.size > FIRST_FRAME and now - active.created_at >= self._sizes.segment_seconds

    def roll(self, *, now: float) -> Segment:
        """Close the last segment and begin a new one."""
        segment, descriptor = create_segment(self._folder, self.end, now=now)
        os.close(self._descriptor)
        self._descriptor = descriptor
        self.segments = (*self.segments, segment)
        return segment

    def trim(self, count: int) -> None:
        """Remove the `count` oldest segments."""
        gone, self.segments = self.segments[:count], self.segments[count:]
        for segment in gone:
            segment.path.unlink(missing_ok=True)
        sync_folder(self._folder)

    def set_aside(self, base: int, *, now: float) -> Path:
        """Take a damaged segment out of the log, by another name; its records are no longer read."""
        if self.segments[-1].base == base:
            self.roll(now=now)
        [gone] = (segment for segment in self.segments if segment.base == base)
        self.segments = tuple(segment for segment in self.segments if segment.base != base)
        aside = put_aside(gone.path)
        sync_folder(self._folder)
        return aside

    def find(self, offset: int) -> Place:
        """Where `offset` stands, or where reading goes on if it is gone. Costs a pass over its segment's lengths."""
        segments = self.segments
        offset = max(offset, segments[0].base)
        for segment, following in pairwise(segments):
            if offset < following.base:
                return Place(offset, segment.base, self._position(segment, offset))
        return Place(offset, segments[-1].base, self._position(segments[-1], offset))

    def _position(self, segment: Segment, offset: int) -> int:
        """The byte at which `offset`, or the end of the segment, is."""
        if offset <= segment.base:
            return FIRST_FRAME
        with segment.path.open("rb") as file:
            content = file.read(segment.size)
        position, at = FIRST_FRAME, segment.base
        while at < offset and position < len(content):
            frame = frames.decode(content, position, max_bytes=MAX_RECORD_BYTES)
            if not isinstance(frame, frames.Frame):
                raise damaged(segment.path, position, at, _why(frame))
            position, at = frame.end, frame.offset + 1
        return position

    def read(self, place: Place, max_records: int) -> Found:
        """Up to `max_records` durable records from `place` on, no more than one bounded read's worth.

        Raises:
            ConfigurationError: the file is damaged here.
            OSError: the file could not be read.
        """
        segments = self.segments
        index = next((i for i, s in enumerate(segments) if s.base == place.base), None)
        if index is None:  # trimmed under the reader
            oldest = segments[0]
            found = self.read(self.find(place.offset), max_records)
            return found._replace(skipped=found.skipped + max(0, oldest.base - place.offset))
        segment = segments[index]
        if place.position >= segment.size:
            if index + 1 == len(segments):
                return Found([], place, 0)
            base = segments[index + 1].base
            found = self.read(Place(base, base, FIRST_FRAME), max_records)
            return found._replace(skipped=found.skipped + base - place.offset)
        return self._read_within(segment, place, max_records)

    def _read_within(self, segment: Segment, place: Place, max_records: int) -> Found:
        descriptor = os.open(segment.path, os.O_RDONLY)
        try:
            content = os.pread(descriptor, min(READ_BYTES, segment.size - place.position), place.position)
            first = frames.decode(content, 0, max_bytes=MAX_RECORD_BYTES)
            if isinstance(first, frames.Incomplete) and place.position + first.bytes_needed <= segment.size:
                content = os.pread(descriptor, first.bytes_needed, place.position)
        finally:
            os.close(descriptor)
        records: list[Record] = []
        position, offset = 0, place.offset
        while len(records) < max_records and position < len(content):
            frame = frames.decode(content, position, max_bytes=MAX_RECORD_BYTES)
            if isinstance(frame, frames.Frame) and frame.offset == offset:
                records.append(Record(self.partition, offset, frame.key, frame.value))
                position, offset = frame.end, offset + 1
            elif isinstance(frame, frames.Incomplete) and records:
                break
            else:
                raise damaged(segment.path, place.position + position, offset, _why(frame))
        return Found(records, Place(offset, segment.base, place.position + position), 0)


def put_aside(path: Path) -> Path:
    """Rename a damaged segment, so that it is kept and not read."""
    aside = path.with_suffix(ASIDE)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_suffix(f"{ASIDE}-{number}")
    return path.rename(aside)


def _segment_paths(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.log"))
    for path in paths:
        if not path.stem.isdecimal() or path != segment_path(folder, int(path.stem)):
            raise ConfigurationError(f"{path} is not a segment of the event log: move it out of the folder.")
    return paths


def _why(frame: frames.Frame | frames.Incomplete | frames.Corrupt) -> str:
    match frame:
        case frames.Corrupt(why):
            return why
        case frames.Incomplete():
            return "the file ends inside a frame"
        case _:
            return f"the frame of offset {frame.offset} stands here"
