"""What follows from an attempt: delivered, tried again later, or given up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait before each attempt, counted from the end of the one before."""

JITTER = 0.1
"""The most that chance adds to a wait: endpoints that failed together are not tried again together."""

LONGEST_WAIT = timedelta(hours=24)
"""A receiver may ask for this much patience, and no more."""


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a delivery."""

    state: str  # pending, delivered, failed
    attempt_at: datetime | None = None
    disable: bool = False  # the endpoint wants nothing more


def after_attempt(
    status: int | None, *, number: int, retry_after: timedelta | None, now: datetime, chance: float
) -> Next:
    """What follows from attempt `number` (from 1), answered with `status`, or with nothing at all.

    `chance` is 0-1. A wait that the receiver asked for is kept where it is longer than ours.
    """
    if status is not None and 200 <= status < 300:
        return Next("delivered")
    if status == HTTPStatus.GONE:
        return Next("failed", disable=True)
    if number >= len(SCHEDULE):
        return Next("failed")
    wait = SCHEDULE[number] * (1 + JITTER * chance)
    asked = min(retry_after or timedelta(0), LONGEST_WAIT)
    return Next("pending", now + max(wait, asked))


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The wait that a `Retry-After` header asks for, in seconds or as a date; None for what is neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0))
