"""How fast visitors send: faster than people can, and it is a machine."""

RATE = 50.0
"""Events a second that one visitor may send for ever."""

BURST = 500
"""Events that may come at once: what a browser had kept while it was offline."""

REMEMBERED_VISITORS = 50_000
"""In each of two generations. Whoever was forgotten starts with a full burst."""


class Pace:
    """The pace of each visitor that sent lately, in bounded memory."""

    def __init__(
        self, *, rate: float = RATE, burst: int = BURST, remembered_visitors: int = REMEMBERED_VISITORS
    ) -> None:
        self._interval = 1.0 / rate
        self._ahead = (burst - 1) / rate
        self._most = remembered_visitors
        # For each visitor the moment at which all that it sent would have been due at the permitted rate.
        self._due: dict[str, float] = {}
        self._older: dict[str, float] = {}

    def too_fast(self, now: float, visitor: str) -> bool:
        """Count one event; whether it is beyond what its visitor may send. `now` in seconds of a steady clock."""
        due = self._due.get(visitor)
        if due is None:
            if len(self._due) >= self._most:
                self._older, self._due = self._due, {}
            due = self._older.get(visitor, now)
        if due <= now:
            due = now
        elif due - now > self._ahead + 1e-9:
            self._due[visitor] = due
            return True
        self._due[visitor] = due + self._interval
        return False
