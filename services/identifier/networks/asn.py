"""Builds the file of networks' operators out of lists of address ranges."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO

from leadlight.errors import LeadlightError
from services.identifier.networks.tree import TooLarge, Tree

DATABASE_TYPE = "Leadlight-ASN"
BAD_SHARE = 0.01
"""More rows than this share that make no sense, and it is another format than we know."""
FEWEST_ROWS = 1
PROGRESS_ROWS = 50_000
_LARGEST_ASN = (1 << 32) - 1
_HIGHEST = (1 << 128) - 1

Progress = Callable[[str], None]


class NotBuilt(LeadlightError):
    """The data cannot be used. Whatever was in use before still is."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was built."""

    rows: int  # taken
    networks: int
    bad_rows: int
    first_bad: str | None  # which row, and why


def build_asn(
    lists: Sequence[tuple[str, BinaryIO]], target: Path, *, dated: datetime, progress: Progress, of: int | None = None
) -> Built:
    """Build out of CSV lists, IPv4 first: first address, last address, number of the network, name of its operator.

    Addresses are written out or as numbers. Neighbours with the same operator become one. Memory does not grow with the
    lists beyond what the search tree takes. The file says of itself to be as old as the data are: `dated`.

    Raises:
        NotBuilt: too much of it makes no sense.
    """
    tree = Tree()
    counts = _Counts(of, progress)
    records: dict[tuple[int, str], int] = {}
    held: tuple[int, int, int] | None = None
    for name, source in lists:
        for first, last, operator in _rows(name, source, counts):
            record = records.get(operator)
            if record is None:
                number, text = operator
                value = {"autonomous_system_number": number, "autonomous_system_organization": text}
                record = records[operator] = tree.record(value)
            if held is None:
                held = (first, last, record)
            elif first == held[1] + 1 and record == held[2]:
                held = (held[0], last, record)
            elif last <= held[1]:
                counts.bad(name, "lies within the one before")
            else:
                tree.add(*held)
                held = (max(first, held[1] + 1), last, record)
    if held is not None:
        tree.add(*held)
    counts.check()
    progress(f"writing {tree.networks:,} networks")
    description = {"en": "Leadlight: operators of networks", "rows": str(counts.good)}
    try:
        tree.write(target, database_type=DATABASE_TYPE, description=description, built_at=int(dated.timestamp()))
    except TooLarge as error:
        raise NotBuilt("The lists hold more networks than the format can number.") from error
    return Built(counts.good, tree.networks, counts.bad_rows, counts.first_bad)


class _Counts:
    def __init__(self, of: int | None, progress: Progress) -> None:
        self.good = 0
        self.bad_rows = 0
        self.first_bad: str | None = None
        self._of = of
        self._progress = progress

    def row(self) -> None:
        self.good += 1
        if self.good % PROGRESS_ROWS == 0:
            self._progress(f"{self.good:,} of {self._of:,} rows" if self._of else f"{self.good:,} rows")

    def bad(self, where: str, why: str) -> None:
        self.good -= 1
        self.missed(where, why)

    def missed(self, where: str, why: str) -> None:
        self.bad_rows += 1
        if self.first_bad is None:
            self.first_bad = f"{where}: row {self.good + self.bad_rows:,} {why}"
        self.check_so_far()

    def check_so_far(self) -> None:
        if self.bad_rows > 10_000 and self.bad_rows > self.good:
            raise NotBuilt(f"The lists are of another format than this version knows ({self.first_bad}).")

    def check(self) -> None:
        if self.good < FEWEST_ROWS or self.bad_rows > BAD_SHARE * (self.good + self.bad_rows):
            raise NotBuilt(
                f"{self.bad_rows:,} of {self.good + self.bad_rows:,} rows make no sense"
                f"{f' ({self.first_bad})' if self.first_bad else ''}: the lists are of another format, or damaged."
            )


def _rows(name: str, source: BinaryIO, counts: _Counts) -> Iterator[tuple[int, int, tuple[int, str]]]:
    text = io.TextIOWrapper(source, encoding="utf-8", errors="replace", newline="")
    reader = csv.reader(text)
    highest = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            counts.missed(name, f"is no CSV: {error}")
            continue
        if row is None:
            break
        if not row:
            continue
        try:
            first, last, operator = _range(row)
        except ValueError as error:
            counts.missed(name, str(error))
            continue
        if first < highest:
            counts.missed(name, "is out of order")
            continue
        highest = first
        counts.row()
        yield first, last, operator
    text.detach()


def _range(row: list[str]) -> tuple[int, int, tuple[int, str]]:
    """Raises ValueError, with what is wrong, for a row that makes no sense."""
    if len(row) < 4:
        raise ValueError(f"has {len(row)} columns and not 4")
    first, last, number, name = row[:4]
    if not number.isascii() or not number.isdigit() or not 0 < (asn := int(number)) <= _LARGEST_ASN:
        raise ValueError("names no network")
    start, end = _number(first), _number(last)
    if not 0 <= start <= end <= _HIGHEST:
        raise ValueError("ends before it begins")
    line = "".join(each if each.isprintable() else " " for each in name)
    return start, end, (asn, " ".join(line.split()))


def _number(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 39 else -1
    try:
        return int(ip_address(text))
    except ValueError:
        raise ValueError("names no address") from None
