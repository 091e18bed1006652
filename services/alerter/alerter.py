"""The alerter's life: look for what is to be told, take what there is room for, send it, note what came of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
from prometheus_client import Counter as Count
from prometheus_client import Histogram

from leadlight.errors import ConfigurationError, Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store import deliveries
from leadlight.store.deliveries import Attempt, Endpoint, Leased
from leadlight.store.owners import webhooks
from services.alerter import sender, telling
from services.alerter.schedule import after_attempt
from services.alerter.sender import Answer

log = get_logger(__name__)

LOOK_SECONDS = 0.1
"""Between two looks for new alerts: from page view to webhook stays well under a second."""

SENDS_AT_ONCE = 64
SENDS_PER_ENDPOINT = 8
"""A slow endpoint holds up no other."""

LEASE = timedelta(seconds=15)
"""Longer than a send may take: nobody else sends what is on its way, and what a dead process held is soon sent again."""

TIDY_SECONDS = 60.0

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Between tries to note an attempt while the database is away; the last one repeats."""

STOP_SECONDS = 5.0
"""What is on its way when the process stops may take this long; else it is sent again, with the same id."""

DELIVERIES = Count("leadlight_deliveries_total", "Attempts to deliver, by what came of them", ["outcome"])
SECONDS = Histogram(
    "leadlight_delivery_seconds",
    "From an alert's deliveries being made to the one delivered",
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 7200),
)


class Alerter:
    """Tells one process's share of the alerts; several alerters share by leases."""

    def __init__(self, runtime: Runtime, chance: Callable[[], float] = random.random) -> None:
        self._runtime = runtime
        self._chance = chance
        self._sending: set[asyncio.Task[None]] = set()
        self._busy: Counter[Endpoint] = Counter()
        self._freed = asyncio.Event()

    async def run(self) -> None:
        """Tell alerts until the process is asked to stop."""
        loop = asyncio.get_running_loop()
        tidy_at = loop.time()
        async with sender.open_client(self._runtime.settings.webhook_allow) as client:
            try:
                while not self._runtime.stopping.is_set():
                    try:
                        if loop.time() >= tidy_at:
                            tidy_at = loop.time() + TIDY_SECONDS
                            await self._tidy()
                        more = await self.look(client)
                    except Outage as error:
                        log.warning("alerts cannot be told for now", error=str(error))
                        await self._runtime.pause(1.0)
                    except Exception:
                        log.exception("telling alerts failed, trying them one by one")
                        await self._one_by_one()
                        await self._runtime.pause(1.0)
                    else:
                        await self._rest(more)
            finally:
                await self._finish()

    async def look(self, client: aiohttp.ClientSession) -> bool:
        """Make deliveries of new alerts and begin to send what is due; whether there may be more at once."""
        free = SENDS_AT_ONCE - len(self._sending)
        now = _whole_milliseconds(self._runtime.now())
        full = [endpoint for endpoint, busy in self._busy.items() if busy >= SENDS_PER_ENDPOINT]
        async with self._runtime.database.read() as connection:
            fresh, due = await deliveries.waiting(connection, now=now, busy=full)
        if not fresh and not (due and free):
            return False
        taken: list[Leased] = []
        async with self._runtime.database.begin() as connection:
            told = await telling.tell_new(connection, now=now) if fresh else 0
            if free > 0:
                taken = await deliveries.lease(
                    connection,
                    now=now,
                    until=now + LEASE,
                    free=free,
                    free_of={endpoint: SENDS_PER_ENDPOINT - busy for endpoint, busy in self._busy.items()},
                    free_each=SENDS_PER_ENDPOINT,
                )
        for leased in taken:
            self._busy[leased.endpoint] += 1
            task = asyncio.create_task(self._deliver(client, leased))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return bool(told or taken)

    async def _one_by_one(self) -> None:
        """Tell new alerts each on its own, and set those aside that cannot be told."""
        now = _whole_milliseconds(self._runtime.now())
        try:
            async with self._runtime.database.begin() as connection:
                fresh = await deliveries.take_new_alerts(connection, limit=telling.ALERTS_AT_ONCE)
            for alert in fresh:
                try:
                    async with self._runtime.database.begin() as connection:
                        await telling.tell(connection, [alert], now=now)
                except Outage:
                    raise
                except Exception:
                    log.exception("an alert cannot be told and is set aside", alert=alert.id, site=alert.site_id)
                    async with self._runtime.database.begin() as connection:
                        await deliveries.set_aside(connection, alert)
        except Outage as error:
            log.warning("alerts cannot be told for now", error=str(error))

    async def idle(self) -> None:
        """Wait until nothing is being sent."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _deliver(self, client: aiohttp.ClientSession, leased: Leased) -> None:
        try:
            answer = await self._send(client, leased)
            await self._note(leased, answer)
        except Exception:
            log.exception("a delivery could not be noted; it is sent again", delivery=leased.id)
        finally:
            self._busy[leased.endpoint] -= 1
            if not self._busy[leased.endpoint]:
                del self._busy[leased.endpoint]
            self._freed.set()

    async def _send(self, client: aiohttp.ClientSession, leased: Leased) -> Answer:
        try:
            secret = webhooks.unseal(leased.secret_sealed, secret=self._runtime.secret, bound_to=leased.webhook_id)
        except ConfigurationError as error:
            return Answer(None, str(error), None, 0)
        return await sender.send(
            client,
            url=leased.url,
            secret=secret,
            id=leased.id,
            body=leased.body.encode(),
            now=self._runtime.now(),
        )

    async def _note(self, leased: Leased, answer: Answer) -> None:
        """Record an attempt, however long the database is away: what has arrived must not be sent again."""
        now = self._runtime.now()
        following = after_attempt(
            answer.status,
            number=leased.attempts + 1,
            retry_after=answer.retry_after,
            now=now,
            chance=self._chance(),
        )
        attempt = Attempt(now, answer.status, answer.error, answer.duration_ms)
        tries = 0
        while True:
            try:
                async with self._runtime.database.begin() as connection:
                    await deliveries.record(
                        connection, leased, attempt, state=following.state, next_attempt_at=following.attempt_at
                    )
                    if following.disable:
                        reason = "The endpoint answered 410 Gone: it wants nothing more."
                        await webhooks.disable(connection, *leased.endpoint, reason=reason, now=now)
                        await deliveries.give_up(connection, leased.endpoint, reason=reason)
                break
            except Outage as error:
                if self._runtime.stopping.is_set():
                    raise
                log.warning("an attempt cannot be noted for now", delivery=leased.id, error=str(error))
                await self._runtime.pause(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
                tries += 1
        DELIVERIES.labels("retry" if following.state == "pending" else following.state).inc()
        if following.state == "delivered":
            SECONDS.observe(max(0.0, (now - leased.created_at).total_seconds()))
        else:
            log.info(
                "webhook not delivered",
                delivery=leased.id,
                webhook=leased.webhook_id,
                status=answer.status,
                error=answer.error,
                attempt=leased.attempts + 1,
                next_attempt_at=following.attempt_at and following.attempt_at.isoformat(),
            )

    async def _tidy(self) -> None:
        now = self._runtime.now()
        async with self._runtime.database.read() as connection:
            _, due = await deliveries.waiting(connection, now=now)
        if due:
            async with self._runtime.database.begin() as connection:
                await deliveries.give_up_unreachable(connection, now=now)

    async def _rest(self, more: bool) -> None:
        """Wait for the next look: not at all while there is more to do and room for it."""
        if more and len(self._sending) < SENDS_AT_ONCE:
            await asyncio.sleep(0)
            return
        self._freed.clear()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._freed, self._runtime.stopping)]
        try:
            await asyncio.wait(waits, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _finish(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_SECONDS)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)


def _whole_milliseconds(at: datetime) -> datetime:
    """As every database keeps it: a lease is recognised by its end."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
