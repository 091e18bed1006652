"""Lists of people as mailing programs and spreadsheets export them: CSV with a heading, one person a line.

A line that cannot be read is named with its number and passed over; the others count.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

LINE_BYTES = 64 * 1024
"""Nobody's line is longer. One that is may be no text at all."""

RECORD_LINES = 20
"""A quoted field may hold line breaks. One that runs on for longer lacks its closing quote."""

SEPARATORS = ",;\t|"

_EMAIL_HEADINGS = """
    email mail emailaddress mailaddress emailadresse mailadresse emailaddr address1email email1 emailid workemail
    businessemail contactemail primaryemail subscriber subscriberemail recipient recipientemail to
    courriel adresseemail adressemail adressedecourriel correo correoelectronico direcciondecorreo
    posta postaelettronica indirizzoemail eposta epost sahkoposti emailadres mailadres adreseemail
"""
_NAME_HEADINGS = "name fullname contactname displayname nom nombre nome naam vollername"
_URL_HEADINGS = "url link page landingpage landingurl target targeturl destination destinationurl ziel zielseite"
_EMAIL, _NAME, _URL = (frozenset(text.split()) for text in (_EMAIL_HEADINGS, _NAME_HEADINGS, _URL_HEADINGS))

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class NoList(ValueError):
    """What was given cannot be read as a list of people at all. The message says what to change."""


class Person(NamedTuple):
    """One line. `cells` are all of its cells, as they stand."""

    line: int
    email: str
    name: str | None
    url: str | None
    cells: Sequence[str]


class Bad(NamedTuple):
    """A line that is nobody, and why."""

    line: int
    why: str


class PeopleList:
    """A list that is read as it comes, however long it is."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Raises NoList when there is no heading that names the e-mail addresses' column."""
        self._records = _records(lines)
        first = next((record for record in self._records), None)
        if first is None:
            raise NoList("The list is empty.")
        if isinstance(first, Bad):
            raise NoList(f"The heading cannot be read: {first.why}")
        self.separator = max(SEPARATORS, key=first.text.count)
        try:
            self.heading = [cell.strip() for cell in _cells(first.text, self.separator)]
        except csv.Error as error:
            raise NoList(f"The heading cannot be read as CSV: {error}.") from error
        column = {_folded(name): place for place, name in reversed(list(enumerate(self.heading)))}

        def place_of(names: frozenset[str]) -> int | None:
            return min((place for name, place in column.items() if name in names), default=None)

        email = place_of(_EMAIL)
        if email is None:
            raise NoList(
                f"No column of the first line is called e-mail; it reads: {first.text[:100]!r}. "
                "Put a heading there, such as: email,name,url"
            )
        self._email, self._name, self._url = email, place_of(_NAME), place_of(_URL)

    def __iter__(self) -> Iterator[Person | Bad]:
        for record in self._records:
            if isinstance(record, Bad):
                yield record
                continue
            try:
                cells = _cells(record.text, self.separator)
            except csv.Error as error:
                yield Bad(record.line, f"The line cannot be read as CSV: {error}.")
                continue
            if not any(map(str.strip, cells)):
                continue
            email = _cell(cells, self._email)
            if email is None:
                yield Bad(record.line, "There is no e-mail address.")
            elif len(cells) > len(self.heading) and any(cells[len(self.heading) :]):
                yield Bad(record.line, f"There are {len(cells)} cells under {len(self.heading)} headings.")
            else:
                yield Person(record.line, email, _cell(cells, self._name), _cell(cells, self._url), cells)


class _Record(NamedTuple):
    line: int
    text: str


def _records(lines: Iterable[bytes]) -> Iterator[_Record | Bad]:
    """Lines put together where a quoted field holds a line break."""
    waiting: list[_Record] = []  # lines of a quote that is not closed yet
    for line in _texts(lines):
        if isinstance(line, Bad):
            yield from (_one_by_one(waiting))
            waiting = []
            yield line
            continue
        if not waiting and not line.text.strip():
            continue
        waiting.append(line)
        text = "\n".join(one.text for one in waiting)
        if text.count('"') % 2 == 0:
            yield _Record(waiting[0].line, text)
            waiting = []
        elif len(waiting) > RECORD_LINES or len(text) > LINE_BYTES:
            yield from _one_by_one(waiting)
            waiting = []
    yield from _one_by_one(waiting)


def _one_by_one(lines: Sequence[_Record]) -> Iterator[_Record | Bad]:
    """Lines of a quote that was never closed: the one that opens it is bad, the others stand for themselves."""
    for number, line in enumerate(lines):
        if number == 0 or line.text.count('"') % 2:
            yield Bad(line.line, "A quotation mark is not closed.")
        elif line.text.strip():
            yield line


def _texts(lines: Iterable[bytes]) -> Iterator[_Record | Bad]:
    for number, line in enumerate(lines, 1):
        if number == 1:
            if line.startswith(_UTF16):
                raise NoList("The file is in UTF-16. Save it as CSV in UTF-8.")
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(line) > LINE_BYTES:
            yield Bad(number, f"The line is longer than {LINE_BYTES} bytes.")
        elif b"\x00" in line:
            yield Bad(number, "The line holds a NUL: this is not text.")
        else:
            yield _Record(number, _decoded(line).rstrip("\r\n"))


def _decoded(line: bytes) -> str:
    """UTF-8, or what spreadsheets of Western Europe and America write instead."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _cells(text: str, separator: str) -> list[str]:
    return next(csv.reader(text.split("\n") if "\n" in text else [text], delimiter=separator), [])


def _cell(cells: Sequence[str], place: int | None) -> str | None:
    if place is None or place >= len(cells):
        return None
    return cells[place].strip() or None


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)


def bounded_lines(read_line: Callable[[int], Any]) -> Iterator[bytes]:
    """The lines of a file, each cut where it is too long: no file fills the memory."""
    while line := read_line(LINE_BYTES + 1):
        rest = line
        while len(rest) > LINE_BYTES and not rest.endswith(b"\n"):
            rest = read_line(LINE_BYTES + 1)
        yield line
