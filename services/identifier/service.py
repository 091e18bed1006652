"""The identifier: tells of each event which machine, which person and which company sent it, and over which network."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import DecodeError
from msgspec.structs import replace

from leadlight.bus.port import Partition, Record
from leadlight.bus.topics import EVENTS, IDENTIFIED
from leadlight.core.identity.companies.methods import Method
from leadlight.core.identity.identify import Knowledge, identify
from leadlight.core.identity.networks.blocks import host_key
from leadlight.core.records import CompanyClaim, Event, Identified, decode_event, encode, key_of
from leadlight.errors import ConfigurationError, Outage, PoisonRecord
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.daily_keys import DailyKeys
from leadlight.runtime.networks import Networks
from leadlight.runtime.service import Service
from leadlight.runtime.worker import Slice, Worker
from leadlight.store import identity, positions
from leadlight.store.identity import mail_merge
from leadlight.store.positions import Position
from services.identifier.arrivals import Arrival, Arrivals
from services.identifier.clicks import Clicks
from services.identifier.companies import Companies
from services.identifier.knowledge import load_knowledge
from services.identifier.metrics import count
from services.identifier.networks.classes import load_classes
from services.identifier.networks.facts import NetworkFacts
from services.identifier.passing import Passing
from services.identifier.remote.names import reader_of_names
from services.identifier.remote.remote import Remote
from services.identifier.surroundings import Finder

log = get_logger(__name__)

NAME = "identifier"
PORT = 8003


def service(runtime: Runtime) -> Service:
    """The identifier of one process.

    Raises:
        ConfigurationError: its data files have not been built.
    """
    knowledge = load_knowledge()
    networks = Networks(runtime.settings.data)
    keys = DailyKeys(runtime)
    facts = NetworkFacts(networks, load_classes(networks.folder).tables, knowledge.mail)
    arrivals = Arrivals(keys.unseal, facts, host_key(runtime.secret))
    companies = Companies(runtime)
    finder = Finder(runtime, Clicks(runtime.secret, knowledge.mail))
    remote = Remote(runtime, knowledge.mail, reader_of_names(knowledge.mail))
    identifier = Identifier(runtime, knowledge, arrivals, finder, companies, remote)
    worker = Worker(runtime, NAME, (EVENTS.name,), identifier.handle, Passing(runtime).tick)

    def other_data() -> None:
        facts.forget()
        arrivals.forget()
        companies.forget()

    async def run() -> None:
        # The first agent ever described compiles all rules, for half a second: not while the loop serves others.
        await asyncio.to_thread(knowledge.describe, "")
        await asyncio.to_thread(networks.refresh)
        other_data()
        await _keys_there(runtime, keys)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keys.run())
            tasks.create_task(networks.watch(runtime, other_data))
            tasks.create_task(remote.run())
            tasks.create_task(worker.run())

    return Service(NAME, PORT, run=run)


async def _keys_there(runtime: Runtime, keys: DailyKeys) -> None:
    """Wait for the keys of these days: without them the addresses of waiting events would be lost."""
    while True:
        try:
            await keys.refresh()
        except Outage:
            if await runtime.pause(1.0):
                continue
        except ConfigurationError as error:
            log.warning("the keys of the day cannot be opened; addresses are left out", error=str(error))
        return


class Identifier:
    """Writes down whose connections are, publishes what it finds out, then keeps it with its position: a repeat makes the
    same records and the same rows."""

    def __init__(
        self,
        runtime: Runtime,
        knowledge: Knowledge,
        arrivals: Arrivals,
        finder: Finder,
        companies: Companies,
        remote: Remote,
    ) -> None:
        self._runtime = runtime
        self._knowledge = knowledge
        self._arrivals = arrivals
        self._finder = finder
        self._companies = companies
        self._remote = remote

    async def handle(self, part: Slice) -> Mapping[Partition, Position]:
        """Identify one slice of events."""
        events = _events(part.records)
        arrived = [self._arrivals.of(event) for event in events]
        around = await self._finder.about(events, arrived)
        told = [identify(event, self._knowledge, each) for event, each in zip(events, around, strict=True)]
        claims = await self._companies.of(told, [each.connection for each in arrived])
        found = [_with_company(one, claim) for one, claim in zip(told, claims, strict=True)]
        await self._runtime.bus.publish(IDENTIFIED.name, [(key_of(one.event), encode(one)) for one in found])
        async with self._runtime.database.begin() as connection:
            moved = await positions.advance(connection, part.consumer, part.held, part.spans)
            await identity.save(connection, found, now=self._runtime.now())
            named = [(one.event.site, one.contact.email) for one in found if one.contact is not None]
            named += [(one.event.site, one.click.email) for one in found if one.click is not None]
            await mail_merge.remember(connection, self._runtime.secret, named)
        self._wish(found, arrived)
        count(found)
        return moved

    def _wish(self, found: Sequence[Identified], arrived: Sequence[Arrival]) -> None:
        """Have the world outside asked about connections of which nothing better is known, and again when that is old."""
        for one, arrival in zip(found, arrived, strict=True):
            if arrival.address is None or one.bot_reasons or one.event.imported or one.event.of_recipient:
                continue
            if one.company is None or one.company.method in (Method.REVERSE_DNS, Method.PROVIDER):
                self._remote.wish(one.event.site, arrival.address, arrival.network)


def _events(records: Sequence[Record]) -> list[Event]:
    try:
        return [decode_event(record.value) for record in records]
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonRecord(f"not an event record: {error}") from error


def _with_company(one: Identified, claim: CompanyClaim | None) -> Identified:
    """A work address says more of somebody's company than the connection, and a machine belongs to none."""
    if claim is None or one.bot_reasons:
        return one
    return one if one.company is not None and claim.method != Method.VISITOR_CORRECTION else replace(one, company=claim)
