"""The score: dated points that decay, added up; the intent band it stands in, and why.

All points share one half-life, so the total is one number that only shrinks in silence: (points, as of) says it for all
times. Everything here follows from the ledger and `now`, never from what was said before or the order of arrival.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from leadlight.core.scoring.ledger import EPOCH, MILLISECOND, Line, oldest_hour
from leadlight.core.scoring.ruleset import Rules

WARM_FROM = 40
HOT_FROM = 70
HOT_UNTIL = 60
"""Hot ends below this: a visitor does not flicker at the threshold."""


class Intent(StrEnum):
    """How interested a visitor is now."""

    COLD = "cold"
    WARM = "warm"
    HOT = "hot"


class Standing(Struct, frozen=True):
    """Where a visitor stands. `points` is the total at `as_of`; it decays from there.

    `points`, `as_of`, `heat` follow from the ledger alone; the rest also from the moment of evaluation.
    """

    points: float = 0.0
    as_of: datetime = EPOCH
    heat: float | None = None  # sorts visitors by current score without knowing the time; None: no positive points
    intent: Intent = Intent.COLD
    hot_since: datetime | None = None
    next_change_at: datetime | None = None  # when decay moves the band, if nothing else happens


class Reason(Struct, frozen=True):
    """One line of a score's explanation. `points` are current ones; `math.fsum` of all is the score before rounding."""

    rule: str
    points: float
    at: datetime
    text: str


def decayed(points: float, *, age_seconds: float, half_life_seconds: float) -> float:
    """Points left after `age_seconds`.

    Decaying in two steps equals decaying in one, so states merge in any order.
    Ages below zero (a clock running ahead) count as zero.
    """
    return float(points) if age_seconds <= 0 else points * 2.0 ** (-age_seconds / half_life_seconds)


def rounded(total: float) -> int:
    """A total as the score that people read: half up, cut to 0-100."""
    return min(100, max(0, math.floor(total + 0.5)))


def score_at(points: float, *, as_of: datetime, now: datetime, half_life_seconds: float) -> int:
    """The score at `now` of a total that stood at `as_of`."""
    return rounded(decayed(points, age_seconds=(now - as_of).total_seconds(), half_life_seconds=half_life_seconds))


def heat_of(points: float, *, as_of: datetime, half_life_seconds: float) -> float | None:
    """A number that orders visitors by current score at every time: all totals shrink alike."""
    if points <= 0:
        return None
    return math.log2(points) + (as_of - EPOCH).total_seconds() / half_life_seconds


def counted(lines: Iterable[Line], rules: Rules, now: datetime) -> list[Line]:
    """The lines that make the score: the latest of each rule up to its cap, oldest first."""
    newest_first = sorted(_live(lines, rules, now), key=_place, reverse=True)
    left = {name: rule.cap for name, rule in rules.by_name.items()}
    chosen = []
    for line in newest_first:
        if left[line.rule] > 0:
            left[line.rule] -= 1
            chosen.append(line)
    chosen.reverse()
    return chosen


def reasons(lines: Iterable[Line], rules: Rules, now: datetime) -> list[Reason]:
    """Why the score is what it is at `now`, the weightiest first."""
    chosen = counted(lines, rules, now)
    moment = max([now, *(line.at for line in chosen)])
    told = [
        Reason(line.rule, points, line.at, rules.by_name[line.rule].explain(line.count, line.engaged_ms, line.subject))
        for line, points in zip(chosen, _points_at(chosen, rules, moment), strict=True)
    ]
    told.sort(key=lambda reason: (-reason.points, reason.at, reason.rule))
    return told


def standing(lines: Iterable[Line], rules: Rules, now: datetime) -> Standing:
    """Where the ledger's visitor stands at `now`."""
    lines = list(lines)
    chosen = counted(lines, rules, now)
    if not chosen:
        return Standing()
    as_of = chosen[-1].at
    points = math.fsum(_points_at(chosen, rules, as_of))
    half_life = rules.half_life.total_seconds()
    current = decayed(points, age_seconds=(now - as_of).total_seconds(), half_life_seconds=half_life)
    hot_since = _hot_since(lines, rules, now) if _could_be_hot(lines, rules) else None
    if current < HOT_UNTIL - 0.5:
        hot_since = None
    elif hot_since is None and current >= HOT_FROM - 0.5:
        hot_since = as_of
    if hot_since is not None:
        intent, falls_below = Intent.HOT, HOT_UNTIL
    elif current >= WARM_FROM - 0.5:
        intent, falls_below = Intent.WARM, WARM_FROM
    else:
        intent, falls_below = Intent.COLD, 0
    return Standing(
        points=points,
        as_of=as_of,
        heat=heat_of(points, as_of=as_of, half_life_seconds=half_life),
        intent=intent,
        hot_since=hot_since,
        next_change_at=_reached(points, as_of, falls_below - 0.5, half_life, now) if falls_below else None,
    )


def _live(lines: Iterable[Line], rules: Rules, now: datetime) -> list[Line]:
    """Lines of rules that still exist, young enough to count."""
    oldest = oldest_hour(rules, now)
    return [line for line in lines if line.hour >= oldest and line.rule in rules.by_name]


def _place(line: Line) -> tuple[datetime, str]:
    return (line.at, line.rule)


def _points_at(chosen: Sequence[Line], rules: Rules, moment: datetime) -> list[float]:
    half_life = rules.half_life.total_seconds()
    return [
        decayed(
            rules.by_name[line.rule].points_of(line.count),
            age_seconds=(moment - line.at).total_seconds(),
            half_life_seconds=half_life,
        )
        for line in chosen
    ]


def _could_be_hot(lines: Iterable[Line], rules: Rules) -> bool:
    """Whether the points would reach the threshold if they did not decay: most visitors need no closer look."""
    full = 0.0
    for line in lines:
        rule = rules.by_name.get(line.rule)
        if rule is not None and rule.points > 0:
            full += rule.points_of(line.count)
    return full >= HOT_FROM - 0.5


def _hot_since(lines: Iterable[Line], rules: Rules, now: datetime) -> datetime | None:
    """The moment that reached hot, if nothing since fell below the lower threshold, up to the latest line.

    The total jumps at each line, where a rule's oldest counted line may drop out, and shrinks between them: looking
    just before and just after each jump sees every extreme.
    """
    ordered = sorted(_live(lines, rules, now), key=_place)
    if not ordered:
        return None
    half_life = rules.half_life.total_seconds()
    reference = ordered[-1].at
    counting: defaultdict[str, deque[float]] = defaultdict(deque)
    weight = 0.0  # the total, as it would be at `reference`
    since: datetime | None = None
    for number, line in enumerate(ordered):
        rule = rules.by_name[line.rule]
        growth = 2.0 ** ((reference - line.at).total_seconds() / half_life)
        if since is not None and weight * growth < HOT_UNTIL - 0.5:
            since = None
        added = rule.points_of(line.count) / growth
        own = counting[line.rule]
        own.append(added)
        weight += added
        if len(own) > rule.cap:
            weight -= own.popleft()
        if number + 1 < len(ordered) and ordered[number + 1].at == line.at:
            continue  # one moment, however many lines
        total = weight * growth
        if total >= HOT_FROM - 0.5:
            since = since or line.at
        elif total < HOT_UNTIL - 0.5:
            since = None
    return since


def _reached(points: float, as_of: datetime, total: float, half_life_seconds: float, now: datetime) -> datetime:
    """The first millisecond after `now` at which the total has shrunk below `total`."""
    seconds = half_life_seconds * math.log2(points / total)
    at = as_of + (timedelta(seconds=seconds) // MILLISECOND + 1) * MILLISECOND
    return max(at, now + MILLISECOND)
