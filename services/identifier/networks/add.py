"""`leadlight data add`: keeps a list of published ranges that the owner brings."""

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from leadlight.core.identity.networks.classify import NetworkClass
from leadlight.core.identity.networks.published import Fault, NotRecognised, Published, is_name, read_published
from leadlight.errors import WrongUsage
from leadlight.runtime.networks import FOLDER, RANGES_FOLDER
from leadlight.runtime.networks.manifest import read_manifest, sync_folder, write_manifest
from services.identifier.networks.range_files import RangeList, write_ranges

LARGEST_LIST = 256 << 20
CLASSES = tuple(str(kind) for kind in NetworkClass if kind is not NetworkClass.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Added:
    """A list as it is kept now."""

    name: str
    kind: str
    shape: str
    file: str
    ranges: int
    networks: int
    faults: Sequence[Fault]


def add(data: Path, path: Path, *, name: str | None, kind: str | None, now: datetime) -> Added:
    """Recognise a list by its shape and keep it; one of the same name is replaced in one step.

    Raises:
        WrongUsage: it is no list, or neither its shape nor the options tell its class or its name.
    """
    if path.stat().st_size > LARGEST_LIST:
        raise WrongUsage(f"{path} is larger than any known list of ranges.")
    try:
        found = read_published(path.read_text(encoding="utf-8", errors="replace"))
    except NotRecognised as error:
        raise WrongUsage(f"{path}: {error}") from None
    kind = _kind(path, found, kind)
    name = _name(path, found, name)
    folder = data / FOLDER / RANGES_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{name}.mmdb"
    handle, fresh = tempfile.mkstemp(prefix=".adding-", dir=folder)
    os.close(handle)
    built = Path(fresh)
    try:
        one = RangeList(name, kind, found.ranges)
        ranges, networks = write_ranges(built, [one], source=path.name, dated=_dated(found) or now)
        with built.open("rb") as file:
            os.fsync(file.fileno())
        pulled = read_manifest(data / FOLDER)
        if pulled.pop(f"{RANGES_FOLDER}/{target.name}", None):  # it is the owner's from now on
            write_manifest(data / FOLDER, pulled.values())
        built.replace(target)
    finally:
        built.unlink(missing_ok=True)
    sync_folder(folder)
    return Added(name, kind, found.shape, f"{RANGES_FOLDER}/{target.name}", ranges, networks, found.faults)


def remove(data: Path, name: str) -> str:
    """Let go of a list. Raises WrongUsage when there is none of this name."""
    file = f"{RANGES_FOLDER}/{name}.mmdb"
    path = data / FOLDER / file
    if not is_name(name) or not path.is_file():
        raise WrongUsage(f"There is no list called {name!r}. `leadlight data status` shows those there are.")
    path.unlink()
    pulled = read_manifest(data / FOLDER)
    if pulled.pop(file, None):
        write_manifest(data / FOLDER, pulled.values())
    return file


def _kind(path: Path, found: Published, given: str | None) -> str:
    kind = given or found.kind
    if kind is None:
        raise WrongUsage(
            f"{path} is a {found.shape}, which does not tell what kind of network it lists. Say so with --class, one of "
            f"{', '.join(CLASSES)}."
        )
    if kind not in CLASSES:
        raise WrongUsage(f"--class {kind}: expected one of {', '.join(CLASSES)}.")
    return kind


def _name(path: Path, found: Published, given: str | None) -> str:
    name = given or found.name or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40]
    if not is_name(name):
        raise WrongUsage(f"{name!r} cannot name a list: give one of small letters, digits and - with --name.")
    return name


def _dated(found: Published) -> datetime | None:
    """Of what day a list says to be. Amazon writes 2026-11-01-21-05-33."""
    digits = re.match(r"(20\d\d)-(\d\d)-(\d\d)\b", found.dated or "")
    try:
        return datetime.fromisoformat(f"{digits[1]}-{digits[2]}-{digits[3]}T00:00:00+00:00") if digits else None
    except ValueError:
        return None
