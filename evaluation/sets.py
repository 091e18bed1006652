"""The labelled sets: where each is, how it is asked, and what is aimed at. A set more is an entry more in `SETS`."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.figures import Judged, names
from leadlight.cli.identity.verdicts import Verdicts
from leadlight.core.identity.networks.classify import NOBODYS
from leadlight.core.identity.networks.host_names import read_host_name
from services.identifier.remote.names import provider_domains

FOLDER = Path(__file__).parent

Row = dict[str, str]
Told = dict[str, str]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a set must show, and how it is measured: a share of 0 to 1, or None where nothing could be measured."""

    words: str
    least: float
    measure: Callable[[Sequence[Judged]], float | None]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A file of labelled rows: column `input`, one for each aspect, `part` (tuned or held_out) and `note`."""

    name: str
    aspects: tuple[str, ...]
    tell: Callable[[Verdicts, Row], Told]
    aims: tuple[Aim, ...]
    needs_networks: bool = False

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.csv"

    def rows(self) -> list[Row]:
        """The labelled rows."""
        with self.path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def judged(self, verdicts: Verdicts) -> Iterator[Judged]:
        """Each aspect of each row, with what is told of it."""
        for row in self.rows():
            told = self.tell(verdicts, row)
            for aspect in self.aspects:
                yield Judged(row["input"], row["part"], aspect, row[aspect], told.get(aspect, ""), row.get("note", ""))


def _company_of(verdict: dict[str, object]) -> str:
    company = verdict["company"]
    return str(company["domain"]) if isinstance(company, dict) else ""


def _address(verdicts: Verdicts, row: Row) -> Told:
    verdict = verdicts.about(row["input"])
    return {"class": verdict["network"]["class"], "company": _company_of(verdict)}


def _email(verdicts: Verdicts, row: Row) -> Told:
    verdict = verdicts.about_email(row["input"])
    return {
        "class": verdict["class"],
        "role": "yes" if verdict["role"] else "no",
        "company": _company_of(verdict),
    }


def _agent(verdicts: Verdicts, row: Row) -> Told:
    verdict = verdicts.about_agent(row["input"])
    return {"bot": "yes" if verdict["bot"] else "no", "device": verdict["device"] or ""}


def _host_name(verdicts: Verdicts, row: Row) -> Told:
    found = read_host_name(row["input"], verdicts.knowledge.mail.registrable, provider_domains())
    return {"class": found.kind.value, "company": found.domain or ""}


def _of(aspect: str, judged: Sequence[Judged]) -> list[Judged]:
    return [one for one in judged if one.aspect == aspect]


def _right_names(judged: Sequence[Judged]) -> float | None:
    return names(_of("company", judged)).precision


def _right_classes(judged: Sequence[Judged]) -> float | None:
    rows = _of("class", judged)
    return sum(one.right for one in rows) / len(rows) if rows else None


def _bots(*, yes: bool) -> Callable[[Sequence[Judged]], float | None]:
    def measure(judged: Sequence[Judged]) -> float | None:
        rows = [one for one in _of("bot", judged) if (one.labelled == "yes") is yes]
        return sum(one.right for one in rows) / len(rows) if rows else None

    return measure


def _shared_unnamed(judged: Sequence[Judged]) -> float | None:
    shared = {one.input for one in _of("class", judged) if one.labelled in NOBODYS}
    rows = [one for one in _of("company", judged) if one.input in shared]
    return sum(not one.told for one in rows) / len(rows) if rows else None


SETS: tuple[LabelledSet, ...] = (
    LabelledSet(
        "addresses",
        ("class", "company"),
        _address,
        (
            Aim("named companies are the right ones", 0.9, _right_names),
            Aim("classes are right", 0.85, _right_classes),
            Aim("no company behind hosting, VPN, relay, mobile and security networks", 1.0, _shared_unnamed),
        ),
        needs_networks=True,
    ),
    LabelledSet(
        "ptr_names", ("class", "company"), _host_name, (Aim("named companies are the right ones", 0.9, _right_names),)
    ),
    LabelledSet(
        "agents",
        ("bot",),
        _agent,
        (Aim("bots are found", 0.99, _bots(yes=True)), Aim("no human is lost", 1.0, _bots(yes=False))),
    ),
    LabelledSet(
        "emails",
        ("class", "role", "company"),
        _email,
        (
            Aim("named companies are the right ones", 0.9, _right_names),
            Aim("classes are right", 0.95, _right_classes),
        ),
    ),
)
