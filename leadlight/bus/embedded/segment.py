"""One file of the embedded log: the frames from its base offset on."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from leadlight.bus.embedded import frame as frames
from leadlight.bus.port import MAX_RECORD_BYTES
from leadlight.errors import LogDamaged
from leadlight.logs import get_logger

log = get_logger(__name__)

_HEADER = struct.Struct(">8sQ")  # format, when the segment was begun in ms
_FORMAT = b"LLOG0001"
FIRST_FRAME = _HEADER.size

sync_data = getattr(os, "fdatasync", os.fsync)
"""Data and length reach the disk; times may not. macOS has only fsync."""


@dataclass(slots=True)
class Segment:
    """A segment's file and how much of it is durable. Only the last one of a topic grows."""

    path: Path
    base: int
    created_at: float
    written_at: float
    size: int


def segment_path(folder: Path, base: int) -> Path:
    return folder / f"{base:020d}.log"


def damaged(path: Path, position: int, offset: int, why: str) -> LogDamaged:
    return LogDamaged(
        path,
        f"The event log is damaged: {path}, byte {position}, where offset {offset} is expected: {why}. "
        "Restore the file from a backup; or move it away, and readers skip its records and count the loss.",
    )


def create_segment(folder: Path, base: int, *, now: float) -> tuple[Segment, int]:
    """A new, durable, empty segment and the descriptor to append to it."""
    path = segment_path(folder, base)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write_whole(descriptor, _HEADER.pack(_FORMAT, int(now * 1000)), 0)
        sync_data(descriptor)
        sync_folder(folder)
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return Segment(path, base, created_at=now, written_at=now, size=FIRST_FRAME), descriptor


def describe_segment(path: Path) -> Segment:
    """A finished segment, as far as its name and its folder entry tell."""
    entry = path.stat()
    return Segment(path, int(path.stem), entry.st_mtime, entry.st_mtime, entry.st_size)


def recover_segment(path: Path, *, now: float) -> tuple[Segment, int, int]:
    """The last segment of a topic, its descriptor, and the next offset: a torn tail is cut off.

    Raises:
        LogDamaged: damage in records that had been acknowledged.
    """
    base = int(path.stem)
    descriptor = os.open(path, os.O_RDWR)
    try:
        content = path.read_bytes()
        created_at = _read_header(content)
        if created_at is None:
            if len(content) > FIRST_FRAME:
                raise damaged(path, 0, base, "the segment's header is unreadable")
            os.ftruncate(descriptor, 0)
            write_whole(descriptor, _HEADER.pack(_FORMAT, int(now * 1000)), 0)
            sync_data(descriptor)
            return Segment(path, base, now, now, FIRST_FRAME), descriptor, base
        end, next_offset = _intact(path, content, base)
        if end < len(content):
            cut_bytes = len(content) - end
            log.warning("cut off an unfinished write, never acknowledged", path=str(path), at=end, bytes=cut_bytes)
            os.ftruncate(descriptor, end)
        # What a killed process had written but not synced is visible here and must not vanish later.
        sync_data(descriptor)
        return Segment(path, base, created_at, path.stat().st_mtime, end), descriptor, next_offset
    except BaseException:
        os.close(descriptor)
        raise


def look_at_segment(path: Path) -> tuple[Segment, int]:
    """The last segment of a log that another process may be writing, and the next offset. Changes nothing.

    Raises:
        LogDamaged: damage in records that had been acknowledged.
    """
    content, base = path.read_bytes(), int(path.stem)
    created_at = _read_header(content)
    end, next_offset = (FIRST_FRAME, base) if created_at is None else _intact(path, content, base)
    return Segment(path, base, created_at or 0.0, path.stat().st_mtime, end), next_offset


def _intact(path: Path, content: bytes, base: int) -> tuple[int, int]:
    position, offset = FIRST_FRAME, base
    while position < len(content):
        frame = frames.decode(content, position, max_bytes=MAX_RECORD_BYTES)
        if isinstance(frame, frames.Frame) and frame.offset == offset:
            position, offset = frame.end, offset + 1
            continue
        if frames.later_group(content, position + 1, above=offset, max_bytes=MAX_RECORD_BYTES) is not None:
            why = frame.why if isinstance(frame, frames.Corrupt) else "another frame stands here"
            raise damaged(path, position, offset, why)
        break
    return position, offset


def _read_header(content: bytes) -> float | None:
    if len(content) < FIRST_FRAME:
        return None
    form, created_ms = _HEADER.unpack_from(content)
    return created_ms / 1000 if form == _FORMAT else None


def write_whole(descriptor: int, content: bytes, position: int) -> None:
    """All of `content` at `position`; a short write goes on or raises its reason."""
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, position)
        view, position = view[written:], position + written


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
