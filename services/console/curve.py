"""A visitor's score over time as a line to draw, from the ledger alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadlight.core.scoring.ledger import Line
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.score import HOT_FROM, counted, decayed, rounded

WIDTH, HEIGHT = 600, 72
MARGIN = 12
"""Free space right of now, or a jump of this minute would be drawn on the edge."""
CEILING = 100
"""The top of the drawing: the score is cut there when it is read, too."""

LONGEST = timedelta(days=60)
SHORTEST = timedelta(hours=1)
STEPS = 12
"""Points between two jumps: enough for decay to look smooth."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn: the score's line, the area below it, and the height of the hot line."""

    path: str
    area: str
    hot_y: float
    begins_at: datetime
    before: int  # the score a day ago

    width: int = WIDTH
    height: int = HEIGHT


def total_at(lines: Sequence[Line], rules: Rules, at: datetime) -> float:
    """The points of everything that had happened by then."""
    half_life = rules.half_life.total_seconds()
    return math.fsum(
        decayed(
            rules.by_name[line.rule].points_of(line.count),
            age_seconds=(at - line.at).total_seconds(),
            half_life_seconds=half_life,
        )
        for line in counted((line for line in lines if line.at <= at), rules, at)
    )


def draw(lines: Sequence[Line], rules: Rules, *, now: datetime) -> Curve | None:
    """The score's curve from its first line (60 days ago at the most) to `now`; None without any."""
    known = sorted((line for line in lines if line.at <= now), key=lambda line: (line.at, line.rule))
    if not known:
        return None
    span = min(max(now - known[0].at, SHORTEST) * 1.04, LONGEST)
    start = now - span
    jumps = sorted({line.at for line in known if line.at > start})
    before = total_at(known, rules, start)
    corners = [(start, before)]
    half_life = rules.half_life.total_seconds()
    at, total = start, before
    for jump in [*jumps, now]:
        for step in range(1, STEPS + 1):
            moment = at + (jump - at) * step / STEPS
            left = decayed(total, age_seconds=(moment - at).total_seconds(), half_life_seconds=half_life)
            corners.append((moment, left))
        at, total = jump, total_at(known, rules, jump)
        corners.append((at, total))
    points = [(x(moment - start, span), y(value)) for moment, value in corners]
    points.append((WIDTH, points[-1][1]))
    line = " ".join(f"{'L' if number else 'M'}{px:.1f} {py:.1f}" for number, (px, py) in enumerate(points))
    return Curve(
        path=line,
        area=f"{line} L{WIDTH} {HEIGHT} L0 {HEIGHT} Z",
        hot_y=y(HOT_FROM),
        begins_at=start,
        before=rounded(total_at(known, rules, now - timedelta(days=1))),
    )


def x(since: timedelta, span: timedelta) -> float:
    return (WIDTH - MARGIN) * (since / span)


def y(score: float) -> float:
    """Downwards, as drawings are measured, with a pixel or two left free for the line's own width."""
    return round(HEIGHT - 2 - (HEIGHT - 4) * min(CEILING, max(0.0, score)) / CEILING, 1)
