"""One file of network data: recognised by what it holds, or refused with the reason."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

import maxminddb
from maxminddb import InvalidDatabaseError, Reader

from leadlight.core.identity.networks.addresses import Address
from leadlight.core.identity.networks.shapes import NOTHING_TOLD, Told, gives, told

PROBED_RECORDS = 400
"""Enough to meet every shape of record that a file holds: makers leave out members that are empty."""
LARGEST_TYPE = 100

_PROBED_ADDRESSES = ("8.8.8.8", "1.1.1.1", "17.0.0.1", "81.0.0.1", "141.1.1.1", "203.0.113.1", "2001:4860:4860::8888")


class Refused(Exception):
    """The file cannot be used. The message says why, for the owner."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file in use."""

    name: str  # relative to the folder of network data
    maker: str  # the file's own word for what it is
    gives: frozenset[str]
    built_at: datetime | None  # None: the file does not say
    ip_version: int
    description: str
    rows: int | None  # ranges that it was made of, where it says so
    brought: bool  # by the owner; not by `leadlight data pull`
    reader: Reader

    def told(self, address: Address) -> Told:
        """What the file says of an address. A damaged record says nothing."""
        if address.version > self.ip_version:
            return NOTHING_TOLD
        try:
            return told(self.reader.get(address))
        except (ValueError, InvalidDatabaseError, UnicodeDecodeError, RecursionError, OverflowError):
            return NOTHING_TOLD


def open_file(path: Path, name: str, *, ours: bool) -> DataFile:
    """Open a file and find out what it is good for.

    One that the owner brought is copied first: whoever overwrites it in place would pull the ground from under a reader.

    Raises:
        Refused: it is broken, or of no known shape.
    """
    try:
        reader = maxminddb.open_database(path) if ours else _open_copy(path)
        meta = reader.metadata()
        sample = list(_sample(reader))
    except InvalidDatabaseError as error:
        raise Refused("is cut off, damaged, or no file in MaxMind's format") from error
    except (OSError, ValueError, OverflowError, UnicodeDecodeError, RecursionError, MemoryError) as error:
        raise Refused(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not sample:
        raise Refused("holds no addresses")
    kind = str(meta.database_type)[:LARGEST_TYPE]
    good_for = gives(sample, kind)
    if not good_for:
        members = sorted({str(name) for record in sample if isinstance(record, dict) for name in record})
        held = f"its records hold {', '.join(members[:8])[:LARGEST_TYPE]}" if members else "its records hold no members"
        raise Refused(f"is of no known shape ({kind or 'unnamed'}): {held}")
    return DataFile(
        name=name,
        maker=kind or "unnamed",
        gives=good_for,
        built_at=_instant(meta.build_epoch),
        ip_version=int(meta.ip_version),
        description=_text(meta.description, "en"),
        rows=int(told_rows) if (told_rows := _text(meta.description, "rows")).isdecimal() else None,
        brought=not ours,
        reader=reader,
    )


def _open_copy(path: Path) -> Reader:
    """The reader of a copy that nobody else can reach; the file itself may then be overwritten, cut or removed."""
    for folder in (path.parent, None):
        try:
            handle, copy = tempfile.mkstemp(suffix=".opening", prefix=".", dir=folder)
        except OSError:
            continue
        try:
            with os.fdopen(handle, "wb") as target, path.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
            return maxminddb.open_database(copy)
        except InvalidDatabaseError:
            raise
        except OSError:
            if folder is None:
                raise
        finally:
            Path(copy).unlink(missing_ok=True)
    raise OSError("there is nowhere to put a copy of it")


def _sample(reader: Reader) -> Iterator[object]:
    """Some records: those at the beginning, and those of a few addresses from all over."""
    yield from (record for _, record in islice(reader, PROBED_RECORDS))
    for text in _PROBED_ADDRESSES:
        address = ip_address(text)
        if address.version <= reader.metadata().ip_version and (record := reader.get(address)) is not None:
            yield record


def _instant(epoch: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(epoch, UTC) if epoch else None
    except (OverflowError, OSError, ValueError):
        return None


def _text(given: object, member: str) -> str:
    return str(given.get(member, "")) if isinstance(given, dict) else ""
