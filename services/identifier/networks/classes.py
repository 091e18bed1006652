"""Reads what is known of networks by number and by range: our own lists, and what an owner puts beside the data."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from leadlight.core.identity.networks.classify import ClassTables, NetworkClass, NetworkLabel
from leadlight.core.identity.networks.ranges import Range, RangeTable
from leadlight.core.identity.people.emails import ascii_form
from leadlight.errors import ConfigurationError
from leadlight.logs import get_logger

FOLDER = Path(__file__).parent.parent / "data"
ASN_LIST = "asn_class.csv"
RANGE_LIST = "network_ranges.csv"
VERSION_MARK = "# version:"
OWN_RULE = "asn_class"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that says nothing usable. The others count."""

    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything read, and what could not be."""

    tables: ClassTables
    bad_rows: tuple[BadRow, ...]


def load_classes(networks: Path | None = None, folder: Path = FOLDER) -> Loaded:
    """Our own lists in `folder`, and over them each `*.csv` that an owner has put into `networks`.

    An owner's list has a header naming its columns: `range` or `asn`, `class`, and if need be `domain` and `name`.

    Raises:
        ConfigurationError: our own lists are missing.
    """
    asns: dict[int, NetworkLabel] = {}
    ranges: list[tuple[Range, NetworkLabel]] = []
    bad: list[BadRow] = []
    try:
        version = _version(folder / ASN_LIST)
    except OSError as error:
        raise ConfigurationError(f"The list of networks cannot be read ({error}).") from error
    owners = sorted(networks.glob("*.csv")) if networks is not None and networks.is_dir() else []
    ours = [path for path in (folder / ASN_LIST, folder / RANGE_LIST) if path.is_file()]
    for path in (*owners, *ours):
        bad += _read(path, "" if path in ours else path.stem, asns, ranges)
    for each in bad:
        log.warning("a row about networks is left out", file=each.file, line=each.line, why=each.why)
    return Loaded(ClassTables(asns, RangeTable.of(ranges), version), tuple(bad))


def _read(
    path: Path, source: str, asns: dict[int, NetworkLabel], ranges: list[tuple[Range, NetworkLabel]]
) -> Iterator[BadRow]:
    """Add what a file says and nobody has said before; what it says badly comes back."""
    try:
        for line, row in _rows(path):
            try:
                label = _label(row, source)
                if row.get("range"):
                    ranges.append((ip_network(row["range"], strict=False), label))
                else:
                    asns.setdefault(_number(row.get("asn", "")), label)
            except ValueError as error:
                yield BadRow(path.name, line, str(error))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        yield BadRow(path.name, 0, str(error))


def _version(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(VERSION_MARK):
                return line.removeprefix(VERSION_MARK).strip()
    return ""


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header: list[str] | None = None
        reader = csv.reader(lines)
        for cells in reader:
            if not cells or cells[0].lstrip().startswith("#"):
                continue
            cells = [cell.strip() for cell in cells]
            if header is None:
                header = [cell.lower() for cell in cells]
                continue
            yield reader.line_num, dict(zip(header, cells, strict=False))


def _label(row: dict[str, str], source: str) -> NetworkLabel:
    stated = row.get("class", "").lower() or ("business" if row.get("domain") else "")
    try:
        kind = NetworkClass(stated)
    except ValueError:
        raise ValueError(f"{stated or 'nothing'} is no class of network") from None
    domain = row.get("domain", "")
    written = ascii_form(domain) if domain else None
    if domain and written is None:
        raise ValueError(f"{domain} is no domain")
    by_range = row.get("name", "") or source or "list"
    return NetworkLabel(
        kind,
        written,
        row.get("name", ""),
        (source or by_range) if row.get("range") else (f"asn:{source}" if source else OWN_RULE),
    )


def _number(text: str) -> int:
    number = int(text.upper().removeprefix("AS"))
    if not 0 < number < 2**32:
        raise ValueError(f"{text} is no network number")
    return number
