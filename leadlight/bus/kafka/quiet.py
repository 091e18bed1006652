"""While a broker is away aiokafka writes some 70 lines a second; this lets each kind through twice a minute."""

import logging
import time
from collections.abc import Callable

import aiokafka  # noqa: F401  (its loggers exist once it is imported)

WINDOW_SECONDS = 30.0


class Sparing(logging.Filter):
    """Lets a message of each template and level through once per window, and says how many were held back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (str(record.msg), record.levelno), self._clock()
        shown_at, held_back = self._seen.get(kind, (-WINDOW_SECONDS, 0))
        if now - shown_at < WINDOW_SECONDS:
            self._seen[kind] = (shown_at, held_back + 1)
            return False
        self._seen[kind] = (now, 0)
        if held_back:
            record.msg = f"{record.getMessage()} ({held_back} more like it since)"
            record.args = ()
        return True


def quieten() -> None:
    """Make aiokafka's loggers sparing. Repeating it changes nothing."""
    for name, logger in logging.root.manager.loggerDict.items():
        if not name.startswith("aiokafka") or not isinstance(logger, logging.Logger):
            continue
        if not any(isinstance(known, Sparing) for known in logger.filters):
            logger.addFilter(Sparing())
