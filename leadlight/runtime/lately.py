"""How the last hour went in this process: what health is judged by."""

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
STEP = timedelta(minutes=1)


class Lately:
    """Records handled within the last hour, and how many of them were laid aside as dead. Counted by minutes."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[datetime, list[int]]] = deque()

    def add(self, now: datetime, *, handled: int = 0, dead: int = 0) -> None:
        if not self._minutes or now - self._minutes[-1][0] >= STEP:
            self._forget(now)
            self._minutes.append((now, [0, 0]))
        counts = self._minutes[-1][1]
        counts[0] += handled
        counts[1] += dead

    def counts(self, now: datetime) -> tuple[int, int]:
        """Handled, and dead among them."""
        self._forget(now)
        return sum(handled for _, (handled, _dead) in self._minutes), sum(dead for _, (_handled, dead) in self._minutes)

    def _forget(self, now: datetime) -> None:
        while self._minutes and now - self._minutes[0][0] > WINDOW:
            self._minutes.popleft()
