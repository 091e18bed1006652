"""One record as bytes in a segment: mark, length, checksum, offset, key, value."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# 0xF5 occurs in no UTF-8 text, so no JSON value can pass for a frame when a damaged segment is searched.
FIRST = b"\xf5G"
"""Marks the first frame of a group: what was written before it had been made durable."""
NEXT = b"\xf5r"

_HEAD = struct.Struct(">2sII")  # mark, length of the rest, its checksum
_REST = struct.Struct(">QI")  # offset, length of the key; then key and value
OVERHEAD_BYTES = _HEAD.size + _REST.size


class Frame(NamedTuple):
    """A whole frame found in a buffer, and where the one after it begins."""

    offset: int
    key: bytes
    value: bytes
    end: int
    opens_group: bool


class Incomplete(NamedTuple):
    """The buffer ends inside this frame, which needs `bytes_needed` from its start."""

    bytes_needed: int


class Corrupt(NamedTuple):
    """What stands here is no frame, and why."""

    why: str


def encode(records: Iterable[tuple[bytes, bytes]], *, first_offset: int) -> bytes:
    """One group of frames with consecutive offsets, to be made durable by one sync."""
    parts: list[bytes] = []
    mark, offset = FIRST, first_offset
    pack_rest, pack_head, checksum = _REST.pack, _HEAD.pack, zlib.crc32
    for key, value in records:
        rest = pack_rest(offset, len(key)) + key + value
        parts.append(pack_head(mark, len(rest), checksum(rest)))
        parts.append(rest)
        mark = NEXT
        offset += 1
    return b"".join(parts)


def decode(buffer: bytes, start: int, *, max_bytes: int) -> Frame | Incomplete | Corrupt:
    """What stands at `start`. A length beyond `max_bytes` of key and value is taken for damage."""
    body = start + _HEAD.size
    if len(buffer) < body:
        return Incomplete(OVERHEAD_BYTES)
    mark, length, checksum = _HEAD.unpack_from(buffer, start)
    if mark not in (FIRST, NEXT):
        return Corrupt("no frame begins here")
    if not _REST.size <= length <= _REST.size + max_bytes:
        return Corrupt(f"a length of {length} bytes")
    end = body + length
    if len(buffer) < end:
        return Incomplete(end - start)
    rest = buffer[body:end]
    if zlib.crc32(rest) != checksum:
        return Corrupt("its checksum does not match")
    offset, key_length = _REST.unpack_from(rest)
    value_start = _REST.size + key_length
    if value_start > length:
        return Corrupt(f"a key of {key_length} bytes in a frame of {length}")
    return Frame(offset, rest[_REST.size : value_start], rest[value_start:], end, mark == FIRST)


def later_group(buffer: bytes, start: int, *, above: int, max_bytes: int) -> int | None:
    """Where, after `start`, an undamaged group begins whose offset lies above `above`.

    A group is begun only when all before it is durable, so one found behind damage proves that the damage hit
    records which had been acknowledged.
    """
    found = buffer.find(FIRST, start)
    while found >= 0:
        frame = decode(buffer, found, max_bytes=max_bytes)
        if isinstance(frame, Frame) and frame.offset > above:
            return found
        found = buffer.find(FIRST, found + 1)
    return None


def intact(buffer: bytes, start: int, *, max_bytes: int) -> Iterator[Frame]:
    """Every undamaged frame from `start` on in the order of offsets, whatever lies between them."""
    position, below = start, 0
    while position < len(buffer):
        frame = decode(buffer, position, max_bytes=max_bytes)
        if isinstance(frame, Frame) and frame.offset >= below:
            yield frame
            position, below = frame.end, frame.offset + 1
            continue
        marks = [found for mark in (FIRST, NEXT) if (found := buffer.find(mark, position + 1)) >= 0]
        if not marks:
            return
        position = min(marks)
