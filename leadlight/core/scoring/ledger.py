"""A visitor's dated points: one line for each rule and UTC hour, and the signals they are evidence of.

Lines merge in any order: the earliest time, the sum of counts, the longest reading, the earliest few events.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from leadlight.core.scoring.ruleset import Rule, Rules
from leadlight.core.scoring.visits import Run

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)

EVIDENCE_KEPT = 3
"""Events named for a line; `count` says how many there were."""

HALF_LIVES_KEPT = 10
"""A line this old is worth a thousandth of its points and counts no more."""

LineKey = tuple[str, int]
Evidence = tuple[int, str]  # milliseconds since 1970, event id


class Line(Struct, frozen=True, gc=False):
    """What one rule found in one UTC hour. Its points follow from the rule and the count."""

    rule: str
    hour: int  # hours since 1970
    at: datetime  # of the first evidence
    count: int = 1  # pieces of evidence
    engaged_ms: int = 0  # longest reading among the evidence
    evidence: tuple[Evidence, ...] = ()  # the earliest few; none where the runs themselves are the evidence
    subject: str | None = None  # what the first evidence was about: a path, an event's name

    @property
    def key(self) -> LineKey:
        return (self.rule, self.hour)


class Signal(Struct, frozen=True, gc=False):
    """How often a buying sign was seen, first and last when."""

    kind: str
    count: int
    first_at: datetime
    last_at: datetime


def hour_of(at: datetime) -> int:
    """The UTC hour, counted from 1970."""
    return (at - EPOCH) // HOUR


def line_of(rule: Rule, at: datetime, event_id: str, *, engaged_ms: int = 0, subject: str | None = None) -> Line:
    """A line with one piece of evidence."""
    return Line(rule.name, hour_of(at), at, 1, engaged_ms, (((at - EPOCH) // MILLISECOND, event_id),), subject)


def merge_lines(one: Line, other: Line) -> Line:
    """Two lines of the same rule and hour, with evidence of their own, as one. Commutative and associative."""
    first, second = sorted((one, other), key=lambda line: (line.at, line.evidence, line.subject or ""))
    return Line(
        rule=first.rule,
        hour=first.hour,
        at=first.at,
        count=first.count + second.count,
        engaged_ms=max(first.engaged_ms, second.engaged_ms),
        evidence=tuple(sorted({*first.evidence, *second.evidence})[:EVIDENCE_KEPT]),
        subject=first.subject,
    )


def merge_signals(one: Signal, other: Signal) -> Signal:
    """Two signals of one kind, with evidence of their own, as one. Commutative and associative."""
    return Signal(one.kind, one.count + other.count, min(one.first_at, other.first_at), max(one.last_at, other.last_at))


def oldest_hour(rules: Rules, now: datetime) -> int:
    """Lines of earlier hours count no more."""
    return hour_of(now - HALF_LIVES_KEPT * rules.half_life)


def returns(runs: Iterable[Run], rules: Rules) -> tuple[dict[LineKey, Line], dict[str, Signal]]:
    """Lines and signals that follow from the runs alone: coming back, coming back after a pause.

    They are worked out anew each time and never added up, for a late event can make two runs one.
    """
    lines: dict[LineKey, Line] = {}
    signals: dict[str, Signal] = {}
    if not rules.on_return:
        return lines, signals
    before: Run | None = None
    for run in runs:
        if before is not None:
            quiet = run.start - before.end
            for rule in rules.on_return:
                assert rule.returned_after is not None
                if quiet >= rule.returned_after:
                    line = Line(rule.name, hour_of(run.start), run.start)
                    signal = Signal(rule.signal, 1, run.start, run.start)
                    lines[line.key] = merge_lines(lines[line.key], line) if line.key in lines else line
                    known = signals.get(rule.signal)
                    signals[rule.signal] = merge_signals(known, signal) if known else signal
        before = run
    return lines, signals
