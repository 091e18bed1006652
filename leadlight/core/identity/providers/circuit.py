"""When a source outside may be asked: not while it fails, not faster than it likes, not before it said."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES_TO_OPEN = 5
"""In a row. Before that each failure is followed by a pause that doubles."""

FIRST_PAUSE = timedelta(seconds=1)
FIRST_OPEN = timedelta(seconds=30)
LONGEST_OPEN = timedelta(minutes=30)
LONGEST_ASKED_WAIT = timedelta(days=1)
"""Of what a `Retry-After` may ask for."""

REFUSED_WAIT = timedelta(hours=1)
"""When the key is refused or the account is empty: somebody has to do something first."""


class Breaker(StrEnum):
    """How a source stands. Names are stored and are metric labels."""

    CLOSED = "closed"  # it answers
    OPEN = "open"  # it fails, and is left alone
    HALF_OPEN = "half_open"  # one question tries whether it is back


@dataclass(slots=True)
class Circuit:
    """One source's failures and what follows from them. All times are arguments."""

    tolerance: int = FAILURES_TO_OPEN
    first_pause: timedelta = FIRST_PAUSE  # after a single failure
    failures: int = 0
    opened: int = 0  # how many times in a row: each one is left alone for longer
    state: Breaker = Breaker.CLOSED
    not_before: datetime | None = None
    error: str = ""  # the last one

    def may_ask(self, now: datetime) -> bool:
        """Whether to ask now. Of an open circuit whose time is over, one asker gets through until it was told how it went."""
        if self.not_before is not None and now < self.not_before:
            return False
        if self.state is Breaker.HALF_OPEN:
            return False
        if self.state is Breaker.OPEN:
            self.state = Breaker.HALF_OPEN
        return True

    def succeeded(self) -> None:
        """It answered: all is forgiven."""
        self.failures = self.opened = 0
        self.state, self.not_before, self.error = Breaker.CLOSED, None, ""

    def undecided(self) -> None:
        """The question was not asked after all: the next one may try."""
        if self.state is Breaker.HALF_OPEN:
            self.state = Breaker.OPEN

    def failed(self, now: datetime, error: str, *, chance: float, wait: timedelta | None = None) -> None:
        """It failed, and asked to be left alone for `wait`, if it said so. `chance` is 0-1 and spreads askers apart."""
        self.failures += 1
        self.error = error
        if self.state is Breaker.HALF_OPEN or self.failures >= self.tolerance:
            self.state = Breaker.OPEN
            pause = min(FIRST_OPEN * 2 ** min(self.opened, 10), LONGEST_OPEN)
            self.opened += 1
        else:
            pause = self.first_pause * 2 ** min(self.failures - 1, 10)
        asked = min(max(wait or timedelta(0), timedelta(0)), LONGEST_ASKED_WAIT)
        self._leave_alone(now + max(pause * (1 + chance / 4), asked))

    def refused(self, now: datetime, error: str) -> None:
        """It does not want us: the key is wrong, or the account is empty."""
        self.failures += 1
        self.opened += 1
        self.state, self.error = Breaker.OPEN, error
        self._leave_alone(now + REFUSED_WAIT)

    def _leave_alone(self, until: datetime) -> None:
        self.not_before = max(until, self.not_before or until)


@dataclass(slots=True)
class Allowance:
    """So many questions a minute, evenly, with a little that may come at once."""

    per_minute: float
    _due: datetime | None = field(default=None, repr=False)

    def take(self, now: datetime, *, patience: timedelta) -> timedelta | None:
        """How long to wait for one's turn, which is then taken; None where it would be longer than `patience`."""
        step = timedelta(minutes=1) / self.per_minute
        earliest = now - step * max(0.0, self.per_minute / 6 - 1)  # a sixth of a minute's may come at once
        due = max(self._due or earliest, earliest)
        wait = max(due - now, timedelta(0))
        if wait > patience:
            return None
        self._due = due + step
        return wait
