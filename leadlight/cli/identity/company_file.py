"""A list of companies as spreadsheets write it: whatever its encoding, separator and line ends, read line by line."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from leadlight.errors import WrongUsage

LINE_CHARACTERS = 64 * 1024
"""Of one line; a longer one is passed over without being kept."""

MOST_LINES = 30
"""How many lines a quoted field may run over, before it is taken for a quotation mark that nobody closed."""

SEPARATORS = ";\t,|"
SNIFFED_BYTES = 64 * 1024
CHUNK_BYTES = 1 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Cells = list[str]


class CompanyFile:
    """An opened list; its first line names the columns."""

    def __init__(self, name: str) -> None:
        """Find out how it is written.

        Raises:
            WrongUsage: it cannot be read, or is no text.
        """
        self.path = Path(name)
        try:
            with self.path.open("rb") as file:
                self.size = self.path.stat().st_size
                self.encoding = _encoding(file)
        except OSError as error:
            raise WrongUsage(f"{name} cannot be read: {error.strerror or error}.") from error
        self.separator = ","

    def lines(self, progress: Callable[[int], None] = lambda read: None) -> Iterator[tuple[int, Cells | str]]:
        """Each line with its number: its cells, or why it has none. The first is the columns' names."""
        first = True
        for number, text in self._records(progress):
            if text is None:
                yield number, f"longer than {LINE_CHARACTERS} characters"
                continue
            if first:
                if not text.strip():
                    continue
                if text.lower().startswith("sep=") and len(text.strip()) == 5:  # as a spreadsheet marks its separator
                    continue
                self.separator, first = _separator(text), False
            elif not text.strip(f" \t\r\n{self.separator}"):
                continue
            if _open_quote(text, self.separator):
                yield number, "a quotation mark is not closed"
                continue
            yield number, _cells(text, self.separator)

    def _records(self, progress: Callable[[int], None]) -> Iterator[tuple[int, str | None]]:
        """Lines, with those joined that a quoted field runs over."""
        ahead: deque[tuple[int, str | None]] = deque()
        physical = self._physical(progress)

        def following() -> tuple[int, str | None] | None:
            return ahead.popleft() if ahead else next(physical, None)

        while (current := following()) is not None:
            number, text = current
            if text is None or not _open_quote(text, self.separator):
                yield number, text
                continue
            taken: list[tuple[int, str | None]] = []
            joined = text
            while len(taken) < MOST_LINES and _open_quote(joined, self.separator):
                more = following()
                if more is None:
                    break
                taken.append(more)
                if more[1] is None or len(joined) > LINE_CHARACTERS:
                    break
                joined += more[1]
            if _open_quote(joined, self.separator):
                ahead.extendleft(reversed(taken))  # nobody closed it: the lines after it stand for themselves
                yield number, text
            else:
                yield number, joined

    def _physical(self, progress: Callable[[int], None]) -> Iterator[tuple[int, str | None]]:
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        number, rest, too_long = 0, "", False
        with self.path.open("rb") as file:
            while True:
                data = file.read(CHUNK_BYTES)
                progress(file.tell())
                rest += decoder.decode(data, final=not data)
                if data and rest.endswith("\r"):
                    continue  # the second half of a line end may follow
                parts = rest.splitlines(keepends=True) if "\n" in rest or "\r" in rest else [rest]
                parts = _by_line_ends(parts)
                rest = parts.pop() if data and parts and not parts[-1].endswith(("\n", "\r")) else ""
                for part in parts:
                    if not part:
                        continue
                    number += 1
                    yield number, None if too_long or len(part) > LINE_CHARACTERS else part
                    too_long = False
                if len(rest) > LINE_CHARACTERS:
                    rest, too_long = rest[-1:], True
                if not data:
                    return


def _by_line_ends(parts: list[str]) -> list[str]:
    """`splitlines` also splits at form feeds and other signs that are no line ends in a list; join what they split."""
    joined: list[str] = []
    for part in parts:
        if joined and not joined[-1].endswith(("\n", "\r")):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _encoding(file: BinaryIO) -> str:
    start = file.read(SNIFFED_BYTES)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise WrongUsage("The file is a spreadsheet: save it as CSV.")
    if b"\x00" in start:
        odd, even = start[1::2].count(0), start[0::2].count(0)
        if max(odd, even) < len(start) // 8:
            raise WrongUsage("The file is no text: save the sheet as CSV.")
        return "utf-16-le" if odd > even else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while data := file.read(CHUNK_BYTES):
            decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _separator(header: str) -> str:
    """What stands between the columns' names, outside quotation marks."""
    outside = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=lambda sign: (outside.count(sign), -SEPARATORS.index(sign)))


def _open_quote(text: str, separator: str) -> bool:
    """Whether a quoted field goes on behind this text. A quotation mark within an unquoted field is a sign like others."""
    if '"' not in text:
        return False
    quoted, at_start, at = False, True, 0
    while at < len(text):
        sign = text[at]
        if quoted:
            if sign == '"':
                if text[at + 1 : at + 2] == '"':
                    at += 1
                else:
                    quoted = False
        elif sign == '"' and at_start:
            quoted = True
        at_start = not quoted and (sign == separator or (at_start and sign == " "))
        at += 1
    return quoted


def _cells(text: str, separator: str) -> Cells:
    lines = io.StringIO(text.rstrip("\r\n"), newline="")
    return next(csv.reader(lines, delimiter=separator, skipinitialspace=True), [])
