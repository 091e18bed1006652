"""The identifier: tells of each event which machine, which person and which company sent it."""

import asyncio
from collections import Counter as Numbers
from collections.abc import Mapping, Sequence

from msgspec import DecodeError
from prometheus_client import Counter

from leadlight.bus.port import Partition, Record
from leadlight.bus.topics import EVENTS, IDENTIFIED
from leadlight.core.identity.identify import Knowledge, identify
from leadlight.core.records import Event, Identified, decode_event, encode, key_of
from leadlight.errors import PoisonRecord
from leadlight.runtime import Runtime
from leadlight.runtime.service import Service
from leadlight.runtime.worker import Slice, Worker
from leadlight.store import identity, positions
from leadlight.store.identity import mail_merge
from leadlight.store.positions import Position
from services.identifier.knowledge import load_knowledge

NAME = "identifier"
PORT = 8003

VERDICTS = Counter("leadlight_identifier_verdicts_total", "Events by what they told of their sender.", ["verdict"])


def service(runtime: Runtime) -> Service:
    """The identifier of one process.

    Raises:
        ConfigurationError: its data files have not been built.
    """
    knowledge = load_knowledge()
    worker = Worker(runtime, NAME, (EVENTS.name,), Identifier(runtime, knowledge).handle)

    async def run() -> None:
        # The first agent ever described compiles all rules, for half a second: not while the loop serves others.
        await asyncio.to_thread(knowledge.describe, "")
        await worker.run()

    return Service(NAME, PORT, run=run)


class Identifier:
    """Publishes what it finds out, then keeps it: a repeat makes the same records and the same rows."""

    def __init__(self, runtime: Runtime, knowledge: Knowledge) -> None:
        self._runtime = runtime
        self._knowledge = knowledge

    async def handle(self, part: Slice) -> Mapping[Partition, Position]:
        """Identify one slice of events."""
        found = [identify(event, self._knowledge) for event in _events(part.records)]
        await self._runtime.bus.publish(IDENTIFIED.name, [(key_of(one.event), encode(one)) for one in found])
        async with self._runtime.database.begin() as connection:
            moved = await positions.advance(connection, part.consumer, part.held, part.spans)
            await identity.save(connection, found, now=self._runtime.now())
            named = [(one.event.site, one.contact.email) for one in found if one.contact is not None]
            await mail_merge.remember(connection, self._runtime.secret, named)
        _count(found)
        return moved


def _events(records: Sequence[Record]) -> list[Event]:
    try:
        return [decode_event(record.value) for record in records]
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonRecord(f"not an event record: {error}") from error


def _count(found: Sequence[Identified]) -> None:
    numbers: Numbers[str] = Numbers()
    for one in found:
        numbers["bot" if one.bot_reasons else "contact" if one.contact else "anonymous"] += 1
        numbers["company"] += one.company is not None
    for verdict, number in numbers.items():
        VERDICTS.labels(verdict).inc(number)
