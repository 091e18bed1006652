"""Asks sources outside about connections, aside from the events that came over them.

A wish never waits. What is learnt is written down, and the visitors seen over that connection are told anew. Wishes live
in memory alone, with the address that is kept nowhere: what is lost in a crash is wished again with the next event.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pycares

from leadlight.core.identity.networks.addresses import special_rule
from leadlight.core.identity.networks.blocks import DOCUMENTATION, host_key, host_of
from leadlight.core.identity.people.emails import MailDomains
from leadlight.core.identity.providers.circuit import Circuit
from leadlight.core.records import Network
from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.companies import facts as company_facts
from leadlight.store.identity import connections, remote_answers
from leadlight.store.identity.remote_answers import Remembered
from services.identifier.remote import metrics
from services.identifier.remote.configuration import ASKABLE, read_providers
from services.identifier.remote.desk import Desk
from services.identifier.remote.provider import Provider, open_client
from services.identifier.remote.reverse import ReadName, ReverseDns
from services.identifier.remote.sources import Outcome

log = get_logger(__name__)

MOST_WAITING = 10_000
"""Wishes at a time, each some 300 bytes. Beyond that they are lost, and come again."""

REMEMBERED_CONNECTIONS = 50_000
"""Connections that need no look into the database, because they were settled lately."""

TOGETHER = 200
"""Wishes that are looked up in the database at once."""

NAME_ASKERS = 16
PROVIDER_ASKERS = 4
"""Questions under way at a time, for each kind of source: a slow provider keeps no name server's answers waiting."""

NOT_ASKED_AGAIN = timedelta(minutes=5)
"""After a source was not asked or did not answer."""

SETTLED = timedelta(hours=6)
"""How long a process trusts that nothing is to be asked about a connection."""

SHARED = timedelta(hours=1)
"""How long an answer serves other sites of the same installation too."""

FORGET_SECONDS = 6 * 3600.0
DNS_TOLERANCE = 20
"""Time-outs in a row before name servers are left alone: single zones hang all the time."""


@dataclass(slots=True)
class Wish:
    """A connection to be looked up, and the sources that are still to be asked, in their order."""

    site: str
    host: str
    address: str
    network: Network
    left: list[Desk] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Learnt:
    wish: Wish
    source: str
    outcome: Outcome
    at: datetime


class Remote:
    """The stage that asks the outside world. `wish` from anywhere in the loop; `run` beside the worker."""

    def __init__(self, runtime: Runtime, mail: MailDomains, read_name: ReadName) -> None:
        self._runtime = runtime
        self._mail = mail
        self._read_name = read_name
        self._providers = read_providers(runtime.settings)
        self._asks = runtime.settings.resolvers is not None or bool(self._providers)
        self._key = host_key(runtime.secret)
        self._desks: list[Desk] = []
        self._waiting: dict[tuple[str, str], Wish] = {}
        self._resting: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._shared: OrderedDict[tuple[str, str | None], tuple[datetime, Outcome]] = OrderedDict()
        self._wished: asyncio.Queue[Wish] = asyncio.Queue()
        self._to_names: asyncio.Queue[Wish] = asyncio.Queue()
        self._to_providers: asyncio.Queue[Wish] = asyncio.Queue()
        self._learnt: list[_Learnt] = []
        self._news = asyncio.Event()

    def wish(self, site: str, address: str, network: Network) -> None:
        """Ask for a connection to be looked up, unless that is pointless, under way or done. Never waits."""
        if not self._asks or network.host is None or network.kind not in ASKABLE:
            return
        key = (site, network.host)
        if key in self._waiting:
            return
        until = self._resting.get(key)
        if until is not None and self._runtime.now() < until:
            return
        why = special_rule(address)
        if why is not None and (why != DOCUMENTATION or network.kind == "unknown"):
            return
        if len(self._waiting) >= MOST_WAITING:
            metrics.LOST.inc()
            return
        wish = self._waiting[key] = Wish(site, network.host, address, network)
        metrics.WAITING.set(len(self._waiting))
        self._wished.put_nowait(wish)

    @property
    def waiting(self) -> int:
        """How many connections are still to be looked up."""
        return len(self._waiting)

    async def run(self) -> None:
        """Work wishes off until the process stops."""
        if not self._asks:
            return
        async with AsyncExitStack() as stack:
            await self._open(stack)
            tasks = [
                asyncio.create_task(self._forever(self._admit)),
                asyncio.create_task(self._forever(self._keep)),
                asyncio.create_task(self._forget()),
                *(asyncio.create_task(self._forever(self._consult, self._to_names)) for _ in range(NAME_ASKERS)),
                *(
                    asyncio.create_task(self._forever(self._consult, self._to_providers))
                    for _ in range(PROVIDER_ASKERS)
                ),
            ]
            try:
                await self._runtime.stopping.wait()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self, stack: AsyncExitStack) -> None:
        now, database = self._runtime.now, self._runtime.database
        if self._runtime.settings.resolvers is not None:
            try:
                names = ReverseDns(self._runtime.settings.resolvers, self._read_name)
            except (pycares.AresError, OSError) as error:
                log.warning("addresses are not looked up by name", error=str(error))
            else:
                stack.push_async_callback(names.close)
                circuit = Circuit(tolerance=DNS_TOLERANCE, first_pause=timedelta(0))
                self._desks.append(Desk(names, database, now, circuit=circuit))
        if self._providers:
            client = await stack.enter_async_context(open_client())
            for settings in self._providers:
                provider = Provider(settings, client, self._mail, now)
                self._desks.append(Desk(provider, database, now, circuit=Circuit(), provider=settings))

    async def _forever(self, step: Callable[..., Awaitable[None]], *given: object) -> None:
        while True:
            try:
                await step(*given)
            except Outage as error:
                log.warning("looking up connections waits", error=str(error))
                going_on = await self._runtime.pause(2.0)
            except Exception:
                log.exception("looking up a connection failed")
                going_on = await self._runtime.pause(0.5)
            else:
                going_on = True
            if not going_on:
                return  # also where an outage has swallowed the word to stop

    async def _admit(self) -> None:
        """Find out what of some wishes is known already, and pass on the rest."""
        wishes = [await self._wished.get()]
        while len(wishes) < TOGETHER and not self._wished.empty():
            wishes.append(self._wished.get_nowait())
        now = self._runtime.now()
        try:
            async with self._runtime.database.read() as connection:
                known = await remote_answers.remembered(connection, [(wish.site, wish.host) for wish in wishes])
        except BaseException:
            for wish in wishes:
                self._rest(wish, now + NOT_ASKED_AGAIN)
            raise
        for wish in wishes:
            wish.left = self._still_to_ask(wish, known.get((wish.site, wish.host), {}), now)
            self._pass_on(wish, now)

    def _still_to_ask(self, wish: Wish, known: dict[str, Remembered], now: datetime) -> list[Desk]:
        """The sources to be asked, in order: after one that is known to name a company none is needed."""
        left: list[Desk] = []
        for desk in self._desks:
            if not desk.source.takes(wish.network):
                continue
            told = known.get(desk.name)
            if told is None or told.expires_at <= now:
                left.append(desk)
                continue
            metrics.REMEMBERED.labels(desk.name).inc()
            if told.answer is not None:
                break
        return left

    def _pass_on(self, wish: Wish, now: datetime) -> None:
        if not wish.left:
            self._rest(wish, now + SETTLED)
        elif isinstance(wish.left[0].source, Provider):
            self._to_providers.put_nowait(wish)
        else:
            self._to_names.put_nowait(wish)

    async def _consult(self, queue: "asyncio.Queue[Wish]") -> None:
        """Ask the next source about one connection."""
        wish = await queue.get()
        desk = wish.left.pop(0)
        outcome: Outcome | None = None
        try:
            outcome = await self._asked(desk, wish)
        finally:
            now = self._runtime.now()
            if outcome is None:
                # a later source may still know; whoever was passed over is asked again with a later event
                if wish.left:
                    self._pass_on(wish, now)
                else:
                    self._rest(wish, now + NOT_ASKED_AGAIN)
        if outcome is None:
            return
        self._learnt.append(_Learnt(wish, desk.name, outcome, now))
        self._news.set()
        if outcome.answer is not None:
            wish.left.clear()
        self._pass_on(wish, now)

    async def _asked(self, desk: Desk, wish: Wish) -> Outcome | None:
        """The source's word, if need be the one that it gave for another site just now."""
        now = self._runtime.now()
        shared = (desk.name, host_of("", wish.address, self._key))
        known = self._shared.get(shared)
        if known is not None and now < known[0]:
            metrics.REMEMBERED.labels(desk.name).inc()
            return known[1]
        outcome = await desk.ask(wish.address, wish.network)
        if outcome is not None:
            self._shared[shared] = (now + min(SHARED, outcome.remember), outcome)
            while len(self._shared) > REMEMBERED_CONNECTIONS:
                self._shared.popitem(last=False)
        return outcome

    async def _keep(self) -> None:
        """Write down what was learnt since, and tell the visitors concerned anew."""
        await self._news.wait()
        self._news.clear()
        learnt, self._learnt = self._learnt, []
        try:
            await self._write(learnt)
        except (Outage, asyncio.CancelledError):
            self._learnt = learnt + self._learnt
            self._news.set()
            raise
        except Exception as error:
            log.warning("answers could not be written down together, trying them one by one", error=repr(error))
            while learnt:
                one = learnt.pop(0)
                try:
                    await self._write([one])
                except (Outage, asyncio.CancelledError):
                    self._learnt = [one, *learnt, *self._learnt]
                    self._news.set()
                    raise
                except Exception:
                    log.exception("an answer is left out: it cannot be written down", source=one.source)

    async def _write(self, learnt: Sequence[_Learnt]) -> None:
        rows = [
            Remembered(
                one.wish.site,
                one.wish.host,
                one.source,
                None if one.outcome.answer is None else msgspec.structs.replace(one.outcome.answer, as_of=one.at),
                one.at,
                one.at + one.outcome.remember,
            )
            for one in learnt
        ]
        facts = [
            (one.wish.site, one.outcome.answer.domain, one.outcome.facts)
            for one in learnt
            if one.outcome.answer is not None and one.outcome.facts is not None
        ]
        async with self._runtime.database.begin() as connection:
            before = await remote_answers.remembered(connection, [(row.site, row.host) for row in rows])
            await remote_answers.save(connection, rows)
            await company_facts.save(connection, facts)
            changed: dict[str, set[str]] = defaultdict(set)
            for row in rows:
                was = before.get((row.site, row.host), {}).get(row.source)
                if _domain(was) != _domain(row):
                    changed[row.site].add(row.host)
            for site, hosts in sorted(changed.items()):
                await connections.learnt(connection, site, hosts=sorted(hosts), now=self._runtime.now())

    def _rest(self, wish: Wish, until: datetime) -> None:
        key = (wish.site, wish.host)
        self._waiting.pop(key, None)
        metrics.WAITING.set(len(self._waiting))
        self._resting[key] = until
        self._resting.move_to_end(key)
        while len(self._resting) > REMEMBERED_CONNECTIONS:
            self._resting.popitem(last=False)

    async def _forget(self) -> None:
        while await self._runtime.pause(FORGET_SECONDS):
            try:
                async with self._runtime.database.begin() as connection:
                    await remote_answers.forget(connection, now=self._runtime.now())
            except Outage as error:
                log.warning("old answers stay for now", error=str(error))


def _domain(row: Remembered | None) -> str | None:
    return row.answer.domain if row is not None and row.answer is not None else None
