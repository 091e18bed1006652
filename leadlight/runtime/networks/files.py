"""One file of network data: recognised by what it holds, or refused with the reason."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from maxminddb import InvalidDatabaseError
from maxminddb.decoder import Decoder

from leadlight.core.identity.networks.addresses import Address
from leadlight.core.identity.networks.shapes import NOTHING_TOLD, Told, gives, told
from leadlight.runtime.networks.search_tree import SearchTree

PROBED_RECORDS = 400
"""Enough to meet every shape of record that a file holds: makers leave out members that are empty."""
REMEMBERED_RECORDS = 32_768
"""By their place in the file: many networks share one."""
LARGEST_TYPE = 100

FORMAT = 2
_SEPARATOR_BYTES = 16
_METADATA = b"\xab\xcd\xefMaxMind.com"
_METADATA_BYTES = 128 << 10
_PROBED_ADDRESSES = ("8.8.8.8", "1.1.1.1", "17.0.0.1", "81.0.0.1", "141.1.1.1", "203.0.113.1", "2001:4860:4860::8888")
_DAMAGED = (
    *(InvalidDatabaseError, ValueError, OverflowError, UnicodeDecodeError, RecursionError),
    *(IndexError, TypeError, KeyError, AttributeError, MemoryError),
)
"""What reading a damaged file comes to."""


class Refused(Exception):
    """The file cannot be used. The message says why, for the owner."""


class Contents:
    """A file's records by address."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidDatabaseError, ValueError, OSError and their like for what is no whole file."""
        with path.open("rb") as file:
            self._buffer = mmap(file.fileno(), 0, access=ACCESS_READ)
        self.about = self._metadata()
        nodes, size, version = (self.about[name] for name in ("node_count", "record_size", "ip_version"))
        self.tree = SearchTree(self._buffer, node_count=nodes, record_size=size, ip_version=version)
        self._decoder = Decoder(self._buffer, nodes * size // 4 + _SEPARATOR_BYTES)
        self._told_at = lru_cache(REMEMBERED_RECORDS)(self._told)

    def _metadata(self) -> dict[str, Any]:
        """What the file says of itself, at its end."""
        end = len(self._buffer)
        begin = self._buffer.rfind(_METADATA, max(0, end - _METADATA_BYTES))
        if begin < 0:
            raise ValueError("there are no metadata")
        begin += len(_METADATA)
        about, last = Decoder(self._buffer, begin).decode(begin)
        if last > end or not isinstance(about, dict) or about["binary_format_major_version"] != FORMAT:
            raise ValueError("its metadata are cut off, or of another format")
        return about

    def told(self, address: Address) -> Told:
        """What the file says of an address. A damaged record says nothing."""
        offset = self.tree.find(address)
        return NOTHING_TOLD if offset is None else self._told_at(offset)

    def record(self, address: Address) -> object:
        """As it stands there; None: there is none."""
        offset = self.tree.find(address)
        return None if offset is None else self._decoder.decode(offset)[0]

    def _told(self, offset: int) -> Told:
        try:
            return told(self._decoder.decode(offset)[0])
        except _DAMAGED:
            return NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file in use."""

    name: str  # relative to the folder of network data
    maker: str  # the file's own word for what it is
    gives: frozenset[str]
    built_at: datetime | None  # None: the file does not say
    rows: int | None  # ranges that it was made of, where it says so
    brought: bool  # by the owner; not by `leadlight data pull`
    contents: Contents = field(repr=False)

    def told(self, address: Address) -> Told:
        return self.contents.told(address)


def open_file(path: Path, name: str, *, brought: bool, copy: bool = True) -> DataFile:
    """Open a file and find out what it is good for.

    It is copied first: whoever overwrites a file in place would pull the ground from under its readers, and end their
    process. The copy has no name, so nothing is left of it whatever happens.

    Raises:
        Refused: it is broken, or of no known shape.
    """
    try:
        contents = _open_copy(path) if copy else Contents(path)
        sample = list(_sample(contents))
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror or error}") from error
    except _DAMAGED as error:
        raise Refused("is cut off, damaged, or no file in MaxMind's format") from error
    about = contents.about
    kind = str(about.get("database_type") or "")[:LARGEST_TYPE]
    if not sample:
        raise Refused("holds no addresses")
    good_for = gives(sample, kind)
    if not good_for:
        members = sorted({str(name) for record in sample if isinstance(record, dict) for name in record})
        held = f"its records hold {', '.join(members[:8])[:LARGEST_TYPE]}" if members else "its records hold no members"
        raise Refused(f"is of no known shape ({kind or 'unnamed'}): {held}")
    description = about.get("description")
    rows = description.get("rows") if isinstance(description, dict) else None
    return DataFile(
        name=name,
        maker=kind or "unnamed",
        gives=good_for,
        built_at=_instant(about.get("build_epoch")),
        rows=int(rows) if isinstance(rows, str) and rows.isdecimal() and len(rows) < 12 else None,
        brought=brought,
        contents=contents,
    )


def _open_copy(path: Path) -> Contents:
    """A copy that nobody else can reach; where there is no room for one, the file itself."""
    for folder in (path.parent, None):
        try:
            handle, copy = tempfile.mkstemp(suffix=".opening", prefix=".", dir=folder)
        except OSError:
            continue
        try:
            with os.fdopen(handle, "wb") as target, path.open("rb") as source:
                before = os.fstat(source.fileno())
                try:
                    shutil.copyfileobj(source, target, 1 << 20)
                    target.flush()
                except OSError as error:
                    if error.errno in (errno.ENOSPC, errno.EDQUOT):
                        continue
                    raise
                after = os.fstat(source.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise Refused("is still being written")
            return Contents(Path(copy))
        finally:
            Path(copy).unlink(missing_ok=True)
    return Contents(path)


def _sample(contents: Contents) -> Iterator[object]:
    """Some records: the first ones in the file, and those of a few addresses from all over."""
    for address in (*contents.tree.first_addresses(PROBED_RECORDS), *map(ip_address, _PROBED_ADDRESSES)):
        record = contents.record(address)
        if record is not None:
            yield record


def _instant(epoch: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(epoch, UTC) if isinstance(epoch, int) and epoch > 0 else None
    except (OverflowError, OSError, ValueError):
        return None
