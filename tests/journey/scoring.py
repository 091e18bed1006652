"""The oracle's second half: what a visitor's score must be, from the rules a site owner reads and the visitor's numbers.

The design leaves open where within its hour a line's points begin to fade, so a score is known to within an hour's
fading (0.2 % at a half-life of 14 days): both ends are worked out.
"""

import fnmatch
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from tests.journey.oracle import Expected

DEFAULT_RULES: Final = Path(__file__).resolve().parents[2] / "leadlight" / "core" / "scoring" / "default_rules.yaml"
READ_MS: Final = 5000
HOT, STILL_HOT, WARM = 69.5, 59.5, 39.5  # bands are of the score as it is shown, rounded: nobody sees a cold 40

Rules = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """Points that one rule gives for one hour."""

    rule: str
    points: float
    at: datetime  # the latest evidence within the hour

    def left(self, now: datetime, half_life: timedelta) -> float:
        return float(self.points * 0.5 ** (max(now - self.at, timedelta()) / half_life))


@dataclass(frozen=True, slots=True)
class ExpectedScore:
    """The least and the most that the score can be, before it is cut and rounded."""

    least: float
    most: float
    intents: frozenset[str]  # more than one where an hour decides

    def allows(self, shown: int) -> bool:
        return _cut(self.least) - 0.51 <= shown <= _cut(self.most) + 0.51


def default_rules() -> Rules:
    """The rules that every site starts with."""
    rules: Rules = yaml.safe_load(DEFAULT_RULES.read_text())
    return rules


def expected_score(visitor: Expected, rules: Rules, now: datetime) -> ExpectedScore:
    """The visitor's score at `now`, with the points fading an hour earlier and an hour later than the evidence."""
    if visitor.bot:
        return ExpectedScore(0.0, 0.0, frozenset({"cold"}))
    half_life = timedelta(days=rules["half_life_days"])
    hour = timedelta(hours=1)
    ledger = lines(visitor, rules)
    sums, intents = [], set()
    for shift in (-hour, timedelta(), hour):
        moved = [Line(line.rule, line.points, min(line.at + shift, now)) for line in ledger]
        sums.append(total(moved, rules, now, half_life))
        intents.add(intent(moved, rules, now, half_life))
    return ExpectedScore(min(sums), max(sums), frozenset(intents))


def lines(visitor: Expected, rules: Rules) -> list[Line]:
    """Every line of the visitor's ledger, a rule and an hour each."""
    found = []
    for rule in rules["rules"]:
        hours: dict[datetime, list[datetime]] = defaultdict(list)
        for at in evidence(visitor, rule["when"], rules["categories"]):
            hours[at.replace(minute=0, second=0, microsecond=0)].append(at)
        for times in hours.values():
            points = rule["points"] + (rule.get("again", 0) if len(times) > 1 else 0)
            found.append(Line(rule["name"], points, max(times)))
    return sorted(found, key=lambda line: (line.at, line.rule))


def total(ledger: list[Line], rules: Rules, now: datetime, half_life: timedelta) -> float:
    """What is left of the lines that count: of each rule the latest, as many as its cap says."""
    caps = {rule["name"]: rule.get("cap", len(ledger)) for rule in rules["rules"]}
    left = 0.0
    for name, cap in caps.items():
        own = sorted((line for line in ledger if line.rule == name and line.at <= now), key=lambda line: line.at)
        left += sum(line.left(now, half_life) for line in own[-cap:])
    return left


def intent(ledger: list[Line], rules: Rules, now: datetime, half_life: timedelta) -> str:
    """Hot when some moment reached 70 and no later one fell below 60: looked at just before and after every line."""
    hot = False
    for at in [*sorted({line.at for line in ledger}), now]:
        before = [line for line in ledger if line.at < at]
        hot = hot and total(before, rules, at, half_life) >= STILL_HOT
        after = total(ledger, rules, at, half_life)
        hot = after >= (STILL_HOT if hot else HOT)
    if hot:
        return "hot"
    return "warm" if total(ledger, rules, now, half_life) >= WARM else "cold"


def evidence(visitor: Expected, when: Mapping[str, Any], categories: Mapping[str, list[str]]) -> Iterator[datetime]:
    """The moments at which a rule holds."""
    match dict(when):
        case {"read": wanted}:
            for read in visitor.reads:
                if read.engaged_ms >= READ_MS and category(read.path, categories) == wanted:
                    yield read.at
        case {"event": names}:
            patterns = [names] if isinstance(names, str) else names
            for fact in visitor.tracks:
                if any(fnmatch.fnmatchcase(fact.name, pattern) for pattern in patterns):
                    yield fact.occurred_at
        case {"identified": True}:
            yield from visitor.claimed_at
        case {"link_followed": True}:
            yield from visitor.followed_at
        case {"returned": True}:
            for run in visitor.runs[1:]:
                yield run.start
        case {"returned_after_days": days}:
            for earlier, later in zip(visitor.runs, visitor.runs[1:], strict=False):
                if later.start - earlier.end >= timedelta(days=days):
                    yield later.start
        case unknown:
            raise AssertionError(f"the oracle does not know the condition {unknown}")


def category(path: str, categories: Mapping[str, list[str]]) -> str | None:
    """The first category with a pattern that fits the path."""
    for name, patterns in categories.items():
        if any(fnmatch.fnmatchcase(path.lower(), pattern) for pattern in patterns):
            return name
    return None


def _cut(points: float) -> float:
    return min(max(points, 0.0), 100.0)
