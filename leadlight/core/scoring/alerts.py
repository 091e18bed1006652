"""Which change is told: once per visitor, rule and visit, and not again within half an hour. Told is told."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from leadlight.core import ids
from leadlight.core.scoring.score import Intent, Reason, Standing
from leadlight.core.scoring.visits import Run, visit_at

HOT_RULE = "hot"
HOT_TYPE = "visitor.hot"

COOLDOWN = timedelta(minutes=30)
"""Between two alerts of one rule about one visitor."""

STALE = timedelta(minutes=30)
"""A crossing older than this when it is found goes to the digest: nobody can act on it now."""


class Told(Struct, frozen=True, gc=False):
    """An alert of the past, as far as it bears on the next one."""

    created_at: datetime
    visit: Run


class Alert(Struct, frozen=True):
    """One change to be told."""

    site: str
    visitor: str
    id: str
    rule: str
    type: str
    crossed_at: datetime
    created_at: datetime
    visit: Run
    score: int
    grade: str
    reasons: tuple[Reason, ...]
    digest: bool  # too old to be told at once


def became_hot(before: Standing | None, after: Standing) -> bool:
    """Whether the visitor entered the stream *hot now*, also when leaving it meanwhile went unnoticed."""
    if after.intent is not Intent.HOT or after.hot_since is None:
        return False
    if before is None or before.intent is not Intent.HOT:
        return True
    return before.next_change_at is not None and after.hot_since >= before.next_change_at


def is_late(crossed_at: datetime, now: datetime) -> bool:
    """Whether a crossing was found too long after it happened to be told at once."""
    return now - crossed_at > STALE


def visit_to_tell(crossed_at: datetime, runs: Sequence[Run], told: Iterable[Told], now: datetime) -> Run | None:
    """The visit that a crossing belongs to; None where an earlier alert was about it or is too recent.

    Visits are compared by their times: runs grow and merge, so their starts are no ids.
    """
    visit = visit_at(runs, crossed_at)
    for earlier in told:
        if now - earlier.created_at < COOLDOWN:
            return None
        if earlier.visit.start <= visit.end and visit.start <= earlier.visit.end:
            return None
    return visit


def hot_alert(
    site: str,
    visitor: str,
    *,
    crossed_at: datetime,
    visit: Run,
    score: int,
    grade: str,
    reasons: Sequence[Reason],
    now: datetime,
) -> Alert:
    """The alert of the stream *hot now*."""
    return Alert(
        site=site,
        visitor=visitor,
        id=ids.alert_id(site, visitor, HOT_RULE, crossed_at.isoformat(timespec="milliseconds")),
        rule=HOT_RULE,
        type=HOT_TYPE,
        crossed_at=crossed_at,
        created_at=now,
        visit=visit,
        score=score,
        grade=grade,
        reasons=tuple(reasons),
        digest=is_late(crossed_at, now),
    )
