"""What `leadlight data pull` put in place: where each file comes from, and what it must hash to."""

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError
from msgspec.json import Decoder, encode, format

FILE = "manifest.json"


class Credit(Struct, frozen=True):
    """Whom the data's licence wants named, and the link that it wants."""

    text: str
    url: str | None = None


class Pulled(Struct, frozen=True, omit_defaults=True):
    """One file that was pulled."""

    file: str
    source: str  # package
    version: str
    licence: str
    built_at: datetime
    rows: int | None  # that it was built of; None: it came as it is
    bytes: int
    sha256: str
    data_from: datetime | None = None  # what day the data are of, where the package tells
    networks: int | None = None
    credits: tuple[Credit, ...] = ()
    replaced: str | None = None  # SHA-256 of the file that lay there before, if that was pulled too
    verified: bool = True  # the package's bytes are those that its registry vouches for


class Manifest(Struct, frozen=True):
    files: tuple[Pulled, ...] = ()
    v: int = 1


_decoder = Decoder(Manifest)


def read_manifest(folder: Path) -> dict[str, Pulled]:
    """What was pulled, by file; empty where nothing was, or nobody can tell."""
    try:
        return {each.file: each for each in _decoder.decode((folder / FILE).read_bytes()).files}
    except (OSError, DecodeError, ValidationError):
        return {}


def write_manifest(folder: Path, files: Iterable[Pulled]) -> None:
    """Replace the manifest in one step."""
    fresh = folder / f".{FILE}.new"
    with fresh.open("wb") as file:
        file.write(format(encode(Manifest(tuple(sorted(files, key=lambda each: each.file))))) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make renames in it outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
