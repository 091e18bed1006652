"""A list of people as it came, with their links in columns of its own: what a mailing program takes in."""

import csv
import io
from collections.abc import Sequence

from leadlight.core.mailing.lists import PeopleList, Person
from leadlight.core.mailing.minting import PersonLink

COLUMNS = ("link", "landing_url", "token")
HONEYPOT_COLUMN = "honeypot_link"


class LinkedList:
    """Writes the list out again, line by line. Columns of the same names are replaced: what was minted before can be
    minted again."""

    def __init__(self, people: PeopleList, *, honeypots: bool) -> None:
        self._added = (*COLUMNS, HONEYPOT_COLUMN) if honeypots else COLUMNS
        self._kept = [place for place, name in enumerate(people.heading) if name.casefold() not in self._added]
        self._separator = people.separator
        self._heading = people.heading

    def heading(self) -> str:
        return self._line([*(self._heading[place] for place in self._kept), *self._added])

    def line(self, person: Person, links: PersonLink) -> str:
        cells = person.cells
        own = [cells[place] if place < len(cells) else "" for place in self._kept]
        return self._line([*own, *(getattr(links, name) for name in self._added)])

    def _line(self, cells: Sequence[str]) -> str:
        written = io.StringIO()
        csv.writer(written, delimiter=self._separator, lineterminator="\n").writerow(cells)
        return written.getvalue()
