"""What `leadlight data pull` put in place: where each file comes from, and what it must hash to."""

from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError
from msgspec.json import Decoder

FILE = "manifest.json"


class Pulled(Struct, frozen=True, omit_defaults=True):
    """One file that was pulled."""

    file: str
    source: str  # package
    version: str
    licence: str
    attribution: tuple[str, ...]
    data_from: str | None  # the day that the data are of, ISO 8601
    built_at: str
    rows: int
    networks: int
    sha256: str
    bytes: int


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
