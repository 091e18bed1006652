"""What the connections of one listener share: the way in, the limits, and one timer for all of them."""

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING

from leadlight.logs import get_logger
from leadlight.runtime.http.exchange import Direct
from leadlight.runtime.http.limits import CONNECTIONS, CUT, HELD, Limits, connections_within
from leadlight.runtime.service import AsgiApp

if TYPE_CHECKING:
    from leadlight.runtime.http.connection import Connection

log = get_logger(__name__)

TOLD_SECONDS = 60.0
"""Between two log lines about cut connections: an attack must not fill the disk."""

_fronts: "set[Front]" = set()


class Front:
    """One listener's connections. `direct` answers its paths without a task for each request, `app` the others."""

    def __init__(self, app: AsgiApp, direct: Mapping[bytes, Direct], limits: Limits) -> None:
        self.app = app
        self.direct = direct
        self.limits = limits
        self.most_connections = connections_within(limits.connections)
        self.connections: set[Connection] = set()
        self.held_bytes = 0
        self.stopping = False
        self.now = 0.0  # to the second: read without a call, by every request
        self.date = b""
        self._loop = asyncio.get_running_loop()
        self._told_at = -TOLD_SECONDS
        self._timer: asyncio.TimerHandle | None = None
        self._sweep()
        _fronts.add(self)

    @property
    def crowded(self) -> bool:
        return len(self.connections) > 0.75 * self.most_connections

    def cut(self, reason: str) -> None:
        """Count what was refused or ended, and tell the operator now and then."""
        CUT.labels(reason).inc()
        if self.now - self._told_at >= TOLD_SECONDS:
            self._told_at = self.now
            log.warning("requests were cut off: leadlight_http_cut_total counts them", reason=reason)

    def close(self) -> None:
        _fronts.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def _sweep(self) -> None:
        self.now = self._loop.time()
        self.date = b"date: " + formatdate(usegmt=True).encode() + b"\r\n"
        for connection in list(self.connections):
            try:
                connection.look_at_the_clock()
            except Exception:
                log.exception("a connection could not be looked after")
        self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)


HELD.set_function(lambda: sum(front.held_bytes for front in _fronts))
CONNECTIONS.set_function(lambda: sum(len(front.connections) for front in _fronts))
