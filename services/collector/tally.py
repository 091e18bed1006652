"""Counts what was admitted and what was dropped: at once in memory, every two seconds for owners and operators."""

from collections import Counter as Numbers
from datetime import date, datetime

from prometheus_client import Counter

from leadlight.core.intake.drops import Drop
from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.collecting import drops
from leadlight.store.collecting.drops import NO_SITE, REFUSED_AS_A_WHOLE, Dropped

log = get_logger(__name__)

FLUSH_SECONDS = 2.0

ADMITTED = Counter("leadlight_collector_admitted_total", "Events confirmed as stored in the log.", ["site"])
DROPPED = Counter("leadlight_collector_dropped_total", "Events not admitted, by reason.", ["site", "reason"])
REFUSED = Counter("leadlight_collector_refused_total", "Requests refused as a whole, by status.", ["status"])


class Tally:
    """Numbers since the last flush. Adding is cheap; metrics and the database hear of it in the background."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._admitted: Numbers[str] = Numbers()
        self._refused: Numbers[int] = Numbers()
        self._dropped: dict[tuple[str, date, str], tuple[int, datetime]] = {}
        self._uncounted: Numbers[tuple[str, Drop]] = Numbers()

    def admitted(self, site: str, number: int) -> None:
        self._admitted[site] += number

    def refused(self, status: int) -> None:
        self._refused[status] += 1

    def dropped(self, site: str, reasons: Numbers[Drop], at: datetime) -> None:
        for reason, number in reasons.items():
            self._uncounted[site, reason] += number
            self._count(site, reason, number, at)

    async def run(self) -> None:
        """Flush until the process stops, and once more then."""
        while await self._runtime.pause(FLUSH_SECONDS):
            await self.flush()
        await self.flush()

    async def flush(self) -> None:
        """Hand on what was counted; while the database is away it is kept."""
        self._to_metrics()
        counted, self._dropped = self._dropped, {}
        if not counted:
            return
        try:
            async with self._runtime.database.begin() as connection:
                rows = [Dropped(site, day, reason, n, at) for (site, day, reason), (n, at) in counted.items()]
                await drops.add(connection, rows)
        except Outage as error:
            log.warning("drop counts are kept for later", error=str(error))
            for key, (number, at) in counted.items():
                since, latest = self._dropped.get(key, (0, at))
                self._dropped[key] = (since + number, max(at, latest))

    def _count(self, site: str, reason: str, number: int, at: datetime) -> None:
        before, latest = self._dropped.get((site, at.date(), reason), (0, at))
        self._dropped[site, at.date(), reason] = (before + number, max(latest, at))

    def _to_metrics(self) -> None:
        for site, number in self._admitted.items():
            ADMITTED.labels(site).inc(number)
        for (site, reason), number in self._uncounted.items():
            DROPPED.labels(site, reason.value).inc(number)
        for status, number in self._refused.items():
            REFUSED.labels(str(status)).inc(number)
            if 400 <= status < 500:  # the sender's fault: somebody should hear of it, though no site can be told
                self._count(NO_SITE, f"{REFUSED_AS_A_WHOLE}{status}", number, self._runtime.now())
        self._admitted.clear()
        self._uncounted.clear()
        self._refused.clear()
