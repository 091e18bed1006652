"""Precision and recall of what was told against what was labelled. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PARTS = ("tuned", "held_out")


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled row and what was told of it. Empty stands for nothing: no company, no role."""

    input: str
    part: str
    aspect: str  # class, company, role
    labelled: str
    told: str
    note: str = ""

    @property
    def right(self) -> bool:
        return self.labelled == self.told


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one word. None: there was nothing to measure."""

    word: str
    labelled: int
    told: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.told if self.told else None

    @property
    def recall(self) -> float | None:
        return self.right / self.labelled if self.labelled else None


def lines(judged: Iterable[Judged]) -> list[Line]:
    """A line for each word that was labelled or told, in the order of the alphabet, and one for all."""
    labelled: Counter[str] = Counter()
    told: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in judged:
        labelled[one.labelled] += 1
        told[one.told] += 1
        right[one.told] += one.right
    words = sorted(labelled.keys() | told.keys())
    every = [Line(word or "(none)", labelled[word], told[word], right[word]) for word in words]
    return [*every, Line("all", labelled.total(), told.total(), right.total())]


def names(judged: Sequence[Judged]) -> Line:
    """Of things that have a name or none, like companies: how many of the names told are right, how many found."""
    return Line(
        "named",
        labelled=sum(1 for one in judged if one.labelled),
        told=sum(1 for one in judged if one.told),
        right=sum(1 for one in judged if one.told and one.right),
    )


def table(title: str, rows: Sequence[Line]) -> str:
    """A table for people."""
    head = f"  {title:<24}{'labelled':>10}{'told':>8}{'right':>8}{'precision':>12}{'recall':>10}"
    body = [
        f"  {row.word:<24}{row.labelled:>10}{row.told:>8}{row.right:>8}{percent(row.precision):>12}{percent(row.recall):>10}"
        for row in rows
    ]
    return "\n".join([head, *body])


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
