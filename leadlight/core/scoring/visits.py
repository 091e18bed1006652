"""Visits: activity without a pause of 30 minutes, whatever the order in which its events arrive.

A *run* is the union of spans with shorter pauses between them. Uniting is commutative, associative and idempotent, so
the start and end of each run are all that has to be remembered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

PAUSE = timedelta(minutes=30)
"""The silence that ends a visit."""

LONGEST = timedelta(hours=24)
"""A run counts one visit for each of these begun since its start."""

MOST_EMPTY = 400
"""Visits of one run that are told although nothing happened in them: a clock that is centuries off makes many more."""

_MILLISECOND = timedelta(milliseconds=1)

T = TypeVar("T")


class Run(NamedTuple):
    """Uninterrupted activity, from the first moment to the last."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Visit(Generic[T]):
    """One visit for people to read, with what happened in it, oldest first."""

    started_at: datetime
    ended_at: datetime
    items: tuple[T, ...]


def unite(*many: Iterable[Run]) -> tuple[Run, ...]:
    """The runs that all these spans make together, oldest first."""
    united: list[Run] = []
    for span in sorted(span for spans in many for span in spans):
        if united and span.start - united[-1].end < PAUSE:
            if span.end > united[-1].end:
                united[-1] = Run(united[-1].start, span.end)
        else:
            united.append(span)
    return tuple(united)


def with_span(runs: tuple[Run, ...], span: Run) -> tuple[Run, ...]:
    """`unite(runs, [span])`, quick where the span is the newest, as it mostly is."""
    if not runs:
        return (span,)
    last = runs[-1]
    if span.start < last.start:
        return unite(runs, [span])
    if span.start - last.end >= PAUSE:
        return (*runs, span)
    if span.end <= last.end:
        return runs
    return (*runs[:-1], Run(last.start, span.end))


def visits_of(runs: Sequence[Run]) -> int:
    """How many visits the runs count for."""
    return sum(_pieces(run) for run in runs)


def elapsed(runs: Sequence[Run]) -> timedelta:
    """Time from first to last activity, summed over the runs."""
    return sum((run.end - run.start for run in runs), timedelta())


def visit_at(runs: Sequence[Run], moment: datetime) -> Run:
    """The visit that `moment` belongs to: the latest begun by then, else the first; the moment itself if there is none."""
    chosen = runs[0] if runs else Run(moment, moment)
    for run in runs:
        if run.start <= moment:
            chosen = run
    number = min(max((moment - chosen.start) // LONGEST, 0), _pieces(chosen) - 1)
    return _piece(chosen, number)


def split_visits(runs: Sequence[Run], items: Iterable[tuple[datetime, T]]) -> list[Visit[T]]:
    """The visits of `runs`, oldest first, each with its dated items: page views, say.

    An item outside every run (an `identify` call is no activity) goes to the latest visit begun by then, else the first.
    Of a run with more than `MOST_EMPTY` visits those without items are left out, but for the first and the last.
    """
    dated = sorted(items, key=lambda item: item[0])
    visits = [_piece(run, number) for run in runs for number in _told(run, dated)]
    held: list[list[T]] = [[] for _ in visits]
    current = 0
    for at, item in dated:
        while current + 1 < len(visits) and visits[current + 1].start <= at:
            current += 1
        if held:
            held[current].append(item)
    return [Visit(visit.start, visit.end, tuple(own)) for visit, own in zip(visits, held, strict=True)]


def _told(run: Run, dated: Sequence[tuple[datetime, T]]) -> Sequence[int]:
    """Which of a run's visits are worth telling: all, unless there are absurdly many."""
    pieces = _pieces(run)
    if pieces <= MOST_EMPTY:
        return range(pieces)
    busy = {min((at - run.start) // LONGEST, pieces - 1) for at, _ in dated if run.start <= at <= run.end}
    return sorted(busy | {0, pieces - 1})


def _pieces(run: Run) -> int:
    return max(1, -(-(run.end - run.start) // LONGEST))


def _piece(run: Run, number: int) -> Run:
    start = run.start + number * LONGEST
    return Run(start, run.end if number == _pieces(run) - 1 else start + LONGEST - _MILLISECOND)
