"""When an event happened, by a clock that may be wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

SKEW = timedelta(seconds=30)
"""A clock error up to this is left alone: most of it is the way of the post, and a retry must not move an event."""

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
"""Clocks without a battery start in 1970; nobody browsed then."""

BROWSER_CHARACTERS = 24
"""Of `2026-05-04T12:30:15.678Z`: what nearly all clients send, and read without further looks."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = [timedelta(microseconds=number) for number in range(1_000)]  # `replace` costs ten times as much
SECONDS_BELOW = 100_000_000_000
"""A number under this counts seconds since 1970, one above it milliseconds."""


def to_milliseconds(at: datetime) -> datetime:
    """Cut to whole milliseconds."""
    return at - _MICROSECONDS[at.microsecond % 1000]


def read_time(value: Any) -> datetime | None:
    """A time as clients write it, or None: ISO 8601 in its variants (UTC where no zone stands), or seconds or
    milliseconds since 1970."""
    try:
        if isinstance(value, str):
            if len(value) == BROWSER_CHARACTERS and value[-1] == "Z":
                return datetime.fromisoformat(value)
            text = value.strip()
            if text.isascii() and text.isdigit() and len(text) in (10, 13):
                return _from_number(int(text))
            if text.endswith("UTC"):
                text = text[:-3].rstrip()
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(value)
    except (ValueError, OverflowError):
        pass
    return None


def skew(sent_at: Any, received_at: datetime) -> timedelta | None:
    """What to add to the sender's times; None when its clock agrees with ours or it doesn't say."""
    sent = read_time(sent_at) if sent_at is not None else None
    if sent is None:
        return None
    error = received_at - sent
    return error if abs(error) > SKEW else None


def put_right(value: Any, *, received_at: datetime, error: timedelta | None) -> datetime | None:
    """A sender's time in ours: corrected by its clock's error, never after `received_at`; None if it makes no sense."""
    at = read_time(value)
    if at is None:
        return None
    if error is not None:
        try:
            at += error
        except OverflowError:
            return None
    if at >= received_at:
        return received_at
    return to_milliseconds(at) if at >= EARLIEST else None


def _from_number(number: float) -> datetime:
    return EPOCH + (timedelta(seconds=number) if abs(number) < SECONDS_BELOW else timedelta(milliseconds=number))
