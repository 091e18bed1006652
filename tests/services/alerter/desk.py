"""What an owner and a rep can do and see around alerts."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from leadlight.core.objects import Delivery
from leadlight.runtime import Runtime
from leadlight.store.owners import webhooks
from leadlight.store.tables import delivery_attempts
from leadlight.store.views import alert_objects
from leadlight.store.views.alert_objects import AlertFilter
from services.alerter import sender
from services.alerter.alerter import Alerter
from tests.core.browsing import DAY, MINUTE, SITE, third_visit
from tests.services.shop import Clock, Shop

WEEKS = (21 * DAY, 10 * DAY, 5 * MINUTE)
CHANCE = 0.5


@dataclass
class Desk:
    """The shop, its webhooks and its alerts."""

    shop: Shop
    clock: Clock
    _numbers: Any = field(default_factory=itertools.count)

    @property
    def runtime(self) -> Runtime:
        return self.shop.runtime

    async def add_webhook(self, url: str, *, types: frozenset[str] | None = None, site: str = SITE) -> tuple[str, str]:
        """A new webhook's id and secret."""
        number = next(self._numbers)
        id, secret = f"hook-{number}", webhooks.new_secret(bytes([number + 1]) * 32)
        sealed = webhooks.seal(secret, secret=self.runtime.secret, bound_to=id)
        async with self.shop.database.begin() as connection:
            await webhooks.add(
                connection, site_id=site, id=id, url=url, types=types, secret_sealed=sealed, now=self.clock.now
            )
        return id, secret

    async def get_hot(self, anonymous_id: str = "a-1") -> str:
        """Let a visitor become hot; the visitor's id."""
        browser = third_visit(self.clock.now, starts=WEEKS, anonymous_id=anonymous_id)
        await self.shop.take(browser.events)
        return browser.visitor

    async def deliveries(self) -> list[Delivery]:
        """Every delivery of the site, as readers see them."""
        async with self.shop.database.read() as connection:
            alerts, _ = await alert_objects.page(connection, SITE, AlertFilter(), limit=10_000)
        return [delivery for alert in alerts for delivery in alert.deliveries]

    async def attempts(self) -> list[tuple[int, int | None, str | None]]:
        """Number, status and error of every attempt, in order."""
        async with self.shop.database.read() as connection:
            rows = await connection.execute(select(delivery_attempts).order_by(delivery_attempts.c.number))
            return [(row.number, row.status, row.error) for row in rows]

    async def work(self) -> None:
        """Let an alerter do everything that is due now, to the end."""
        alerter = Alerter(self.runtime, chance=lambda: CHANCE)
        async with sender.open_client(self.runtime.settings.webhook_allow) as client:
            while await alerter.look(client):
                await alerter.idle()

    async def settled(self, count: int) -> list[Delivery]:
        """All deliveries once `count` of them have come to their end."""
        return await self.seen(lambda found: sum(delivery.state != "pending" for delivery in found) >= count)

    async def seen(self, enough: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        """All deliveries as soon as they are what is waited for."""
        async with asyncio.timeout(60):
            while True:
                found = await self.deliveries()
                if enough(found):
                    return found
                await asyncio.sleep(0.05)


@asynccontextmanager
async def alerting(*runtimes: Runtime) -> AsyncIterator[None]:
    """An alerter at work in each of these processes; all stop with the block."""
    running = [asyncio.create_task(Alerter(runtime).run()) for runtime in runtimes]
    try:
        yield
    finally:
        for runtime in runtimes:
            runtime.stopping.set()
        await asyncio.gather(*running)
