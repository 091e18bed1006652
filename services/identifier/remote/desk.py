"""One source with everything that keeps asking it bounded: breaker, pace, budget, and what it costs."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.providers.circuit import Allowance, Breaker, Circuit
from leadlight.core.identity.providers.shape import Charge
from leadlight.core.records import Network
from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.store.companies import spend
from leadlight.store.companies.spend import MICROS, month_of
from leadlight.store.database import Database
from services.identifier.remote import metrics
from services.identifier.remote.configuration import ProviderSettings
from services.identifier.remote.provider import FOUND
from services.identifier.remote.sources import KeyRefused, NotAnswered, NotYet, Outcome, Source

log = get_logger(__name__)

PATIENCE = timedelta(seconds=30)
"""How long a question waits for its turn where a provider allows only so many a minute."""

USED_UP_SECONDS = 60.0
"""For how long a budget that is used up is not asked about again."""

_BREAKER_VALUE = {Breaker.CLOSED: 0, Breaker.HALF_OPEN: 1, Breaker.OPEN: 2}


class Desk:
    """Asks one source. What it returns is an outcome, or None when the source was not asked or did not answer."""

    def __init__(
        self,
        source: Source,
        database: Database,
        now: Callable[[], datetime],
        *,
        circuit: Circuit,
        provider: ProviderSettings | None = None,
    ) -> None:
        self.source = source
        self.circuit = circuit
        self._provider = provider
        self._allowance = Allowance(provider.per_minute) if provider else None
        self._database = database
        self._now = now
        self._used_up_until = 0.0

    @property
    def name(self) -> str:
        return self.source.name

    async def ask(self, address: str, network: Network) -> Outcome | None:
        """Ask, if that is allowed now. Raises Outage when the budget cannot be read."""
        if not await self._allowed():
            return None
        begun = time.monotonic()
        try:
            outcome = await self.source.ask(address, network)
        except NotYet:
            self._answered()
            metrics.ASKED.labels(self.name, "not_yet").inc()
            await self._settle(matched=False)
            return None
        except KeyRefused as error:
            await self._failed(str(error), "refused", error.wait, refused=True)
            return None
        except NotAnswered as error:
            await self._failed(str(error), "not_answered", error.wait)
            return None
        except BaseException:
            self.circuit.undecided()
            raise
        finally:
            metrics.SECONDS.labels(self.name).observe(time.monotonic() - begun)
        metrics.ASKED.labels(self.name, outcome.why).inc()
        was = self.circuit.state
        self._answered()
        if was is not Breaker.CLOSED:
            log.info("source answers again", source=self.name)
            await self._note()
        await self._settle(matched=outcome.why == FOUND)
        return outcome

    async def _allowed(self) -> bool:
        now = self._now()
        if not self.circuit.may_ask(now):
            return self._spared("breaker")
        provider = self._provider
        if provider is None or self._allowance is None:
            return True
        try:
            if time.monotonic() < self._used_up_until:
                return self._spared("budget")
            wait = self._allowance.take(now, patience=PATIENCE)
            if wait is None:
                return self._spared("pace")
            if wait:
                await asyncio.sleep(wait.total_seconds())
            async with self._database.begin() as connection:
                reserved = await spend.reserve(connection, provider.name, provider.budget, now=self._now())
        except BaseException:
            self.circuit.undecided()
            raise
        if not reserved:
            self._used_up_until = time.monotonic() + USED_UP_SECONDS
            metrics.LEFT.labels(provider.name).set(0)
            return self._spared("budget")
        return True

    def _spared(self, why: str) -> bool:
        metrics.SPARED.labels(self.name, why).inc()
        if why != "breaker":
            self.circuit.undecided()
        return False

    def _answered(self) -> None:
        self.circuit.succeeded()
        metrics.BREAKER.labels(self.name).set(0)

    async def _failed(self, error: str, outcome: str, wait: timedelta | None, *, refused: bool = False) -> None:
        metrics.ASKED.labels(self.name, outcome).inc()
        was = self.circuit.state
        if refused:
            self.circuit.refused(self._now(), error)
        else:
            self.circuit.failed(self._now(), error, chance=random.random(), wait=wait)
        metrics.BREAKER.labels(self.name).set(_BREAKER_VALUE[self.circuit.state])
        if self.circuit.state is Breaker.OPEN and was is Breaker.CLOSED:
            log.warning("source is left alone for now", source=self.name, error=error)
        await self._note()
        await self._settle(matched=False)

    async def _note(self) -> None:
        async with self._bookkeeping() as connection:
            await spend.note(connection, self.name, self.circuit, now=self._now())

    async def _settle(self, *, matched: bool) -> None:
        """Give back what was reserved for a company that was not named, where only those cost."""
        provider = self._provider
        if provider is None:
            return
        refund = provider.shape.charged_for is Charge.MATCH and not matched
        cost = 0 if refund else provider.budget.price_micros
        metrics.SPENT.labels(provider.name).inc(cost / MICROS)
        month = month_of(self._now())
        async with self._bookkeeping() as connection:
            if matched or refund:
                await spend.settle(
                    connection,
                    provider.name,
                    month=month,
                    matched=int(matched),
                    refund_micros=provider.budget.price_micros if refund else 0,
                )
            used = await spend.used(connection, [provider.name], month=month)
            metrics.LEFT.labels(provider.name).set(max(0, provider.budget.calls - used[provider.name].calls))

    @asynccontextmanager
    async def _bookkeeping(self) -> AsyncIterator[AsyncConnection]:
        """A transaction about what has happened already: if the database is away, the answer counts all the same."""
        try:
            async with self._database.begin() as connection:
                yield connection
        except Outage as error:
            log.warning("what a source did is not noted", source=self.name, error=str(error))
