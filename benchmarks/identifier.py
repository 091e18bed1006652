"""How many events a second the identifier takes from record to committed rows on one core, cold and warm.

Cold: nothing is remembered, each visitor and each connection is new. Warm: the same visitors come again, over the same
connections, with new events. The events are a site's ordinary traffic: several thousand agents and addresses, of which
some are a company's own network, 3 % introductions by e-mail, 1 % repeats. Publishing goes into the embedded log with
its fsync.

The reference writes the same rows into the same tables of the same PostgreSQL server, as raw transactions of one slice
each through asyncpg: no decision, no log, nothing read. Usage:

    python -m benchmarks identifier [--events N] [--slice N] [--data DIR]

With `--data`, a data folder whose network data (`leadlight data pull`) are used; without, addresses stay unknown, and
the run says so.
"""

import argparse
import asyncio
import json
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import func, select

from benchmarks.machine import Spent, described, percentile
from leadlight.bus import open_bus
from leadlight.bus.port import Partition, Record, Span
from leadlight.core import ids
from leadlight.core.identity.networks.blocks import host_key
from leadlight.core.records import EVENTS_TOPIC, Event, EventType, Page, encode, key_of
from leadlight.logs import configure_logs
from leadlight.runtime import Runtime
from leadlight.runtime.daily_keys import DailyKeys
from leadlight.runtime.networks import FOLDER, Networks
from leadlight.runtime.worker import Slice
from leadlight.settings import Settings
from leadlight.store.database import Database
from leadlight.store.migrate import migrate
from leadlight.store.owners import sites
from leadlight.store.positions import Position
from leadlight.store.tables import metadata
from services.identifier.arrivals import Arrivals
from services.identifier.clicks import Clicks
from services.identifier.companies import Companies
from services.identifier.knowledge import load_knowledge
from services.identifier.networks.classes import load_classes
from services.identifier.networks.facts import NetworkFacts
from services.identifier.remote.names import reader_of_names
from services.identifier.remote.remote import Remote
from services.identifier.service import NAME, Identifier
from services.identifier.surroundings import Finder
from tests.infra.postgres import PostgresServer

PLACE = Partition(EVENTS_TOPIC, 0)
WRITTEN = (
    "contacts",
    "contact_traits",
    "companies",
    "visitor_contacts",
    "visitor_companies",
    "visitor_networks",
    "company_sightings",
)
"""Tables that the identifier writes and the reference writes too."""

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.{} Safari/537.36"
)
AGENTS = [CHROME.format(version, 4000 + build, build) for version in range(110, 140) for build in range(0, 120, 4)]
PAGES = [Page(f"https://shop.example/{name}", f"/{name}", name.title()) for name in ("", "pricing", "docs", "blog/one")]
INTRODUCED = 0.03
REPEATED = 0.01
EVENTS_A_VISITOR = 6


def traffic(site: str, events: int, keys: DailyKeys, now: datetime, *, seed: int, visitors: int) -> list[Event]:
    """Events of a site's visitors, as the collector puts them into the log, in the order in which they come."""
    rng = random.Random(seed)
    key = keys.of(now.date())
    assert key is not None, "there is a key of the day"
    people = random.Random(7)
    known = []
    for number in range(visitors):
        address = str(IPv4Address(people.randrange(0x0B000000, 0xDF000000)))
        anonymous_id = f"{number:016x}"
        sealed = key.seal(site, address, people.randbytes(12))
        known.append((ids.visitor_id(site, anonymous_id), anonymous_id, sealed, people.choice(AGENTS), number))
    made: list[Event] = []
    while len(made) < events:
        visitor, anonymous_id, sealed, agent, number = rng.choice(known)
        at = now - timedelta(milliseconds=rng.randrange(60_000))
        given: dict[str, Any] = {"type": EventType.PAGE, "page": rng.choice(PAGES)}
        if rng.random() < INTRODUCED:
            given = {"type": EventType.IDENTIFY, "traits": {"email": f"p{number}@firm{number % 400}.example"}}
        event = Event(
            site=site,
            visitor=visitor,
            id=f"{rng.getrandbits(64):016x}",
            anonymous_id=anonymous_id,
            occurred_at=at.replace(microsecond=at.microsecond // 1000 * 1000),
            received_at=now,
            user_agent=agent,
            address=sealed,
            **given,
        )
        made.append(event)
        if rng.random() < REPEATED:
            made.append(event)
    return made[:events]


class Fed:
    """Slices of events for one partition, numbered on."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._offset = 0
        self.held = {PLACE: Position(0, 0)}

    def slices(self, events: Sequence[Event]) -> list[tuple[list[Record], Span]]:
        prepared = []
        for at in range(0, len(events), self._size):
            batch = events[at : at + self._size]
            records = [Record(PLACE, self._offset + n, key_of(event), encode(event)) for n, event in enumerate(batch)]
            prepared.append((records, Span(self._offset, self._offset + len(records))))
            self._offset += len(records)
        return prepared


async def measured(options: argparse.Namespace, folder: Path, server: PostgresServer) -> None:
    url = server.url(server.create_database())
    database = Database(url)
    await migrate(database)
    now = datetime.now(UTC).replace(microsecond=0)
    bus = await open_bus(url="embedded:", data=folder, instance="bench")
    runtime = Runtime(Settings(data=folder, database_url=url), b"0" * 32, database, bus, lambda: now)
    async with database.begin() as connection:
        site = (
            await sites.add(connection, id="bench", name="Bench", domain="bench.example", write_key="bench", now=now)
        ).id
    keys = DailyKeys(runtime)
    await keys.refresh()
    worker = identifier(runtime, keys)
    fed = Fed(options.slice)
    visitors = max(1, options.events // EVENTS_A_VISITOR)
    rates = {}
    for name, seed in (("cold", 1), ("warm", 2)):
        prepared = fed.slices(traffic(site, options.events, keys, now, seed=seed, visitors=visitors))
        took, cpu, latencies, spent_by = 0.0, 0.0, [], Spent()
        for records, span in prepared:
            began, spent = time.perf_counter(), time.process_time()
            fed.held = dict(await worker.handle(Slice(NAME, records, fed.held, {PLACE: span})))
            latencies.append(time.perf_counter() - began)
            took, cpu = took + latencies[-1], cpu + time.process_time() - spent
        server_cpu = spent_by.since()["postgres"]
        rates[name] = options.events / took
        print(
            f"{name:<9} {rates[name]:8,.0f} events/s   {cpu / options.events * 1e6:6.1f} us CPU an event, and "
            f"{server_cpu / options.events * 1e6:.1f} us in PostgreSQL   slice p50 {percentile(latencies, 0.5) * 1000:.0f} ms, "
            f"p99 {percentile(latencies, 0.99) * 1000:.0f} ms",
            flush=True,
        )
    rows = {}
    async with database.read() as connection:
        for name in WRITTEN:
            table = metadata.tables[name]
            found = (await connection.execute(select(table))).mappings().all()
            rows[name] = [dict(row) for row in found]
            assert len(found) == await connection.scalar(select(func.count()).select_from(table))
    await bus.close()
    await database.close()
    slices = -(-options.events // options.slice)
    took, number = await raw(server, rows, slices)
    reference = options.events / took
    print(
        f"reference {reference:8,.0f} events/s   the {number:,} rows of the cold run ({number / options.events:.2f} an event) "
        f"in {slices} raw transactions   cold {rates['cold'] / reference:.2f} of it, warm {rates['warm'] / reference:.2f}"
    )


def identifier(runtime: Runtime, keys: DailyKeys) -> Identifier:
    """The service's own, without the tasks beside it: nobody outside is asked."""
    knowledge = load_knowledge()
    networks = Networks(runtime.settings.data)
    networks.refresh()
    facts = NetworkFacts(networks, load_classes(networks.folder).tables, knowledge.mail)
    return Identifier(
        runtime,
        knowledge,
        Arrivals(keys.unseal, facts, host_key(runtime.secret)),
        Finder(runtime, Clicks(runtime.secret, knowledge.mail)),
        Companies(runtime),
        Remote(runtime, knowledge.mail, reader_of_names(knowledge.mail)),
    )


async def raw(server: PostgresServer, rows: dict[str, list[dict[str, Any]]], slices: int) -> tuple[float, int]:
    """The same rows once more, in an empty database: seconds, and how many rows."""
    url = server.url(server.create_database())
    database = Database(url)
    await migrate(database)
    await database.close()
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    await connection.set_type_codec("jsonb", encoder=_json, decoder=str, schema="pg_catalog")
    statements = {}
    for name, found in rows.items():
        columns = [column.name for column in metadata.tables[name].columns]
        places = ", ".join(f"${number + 1}" for number in range(len(columns)))
        quoted = ", ".join(f'"{column}"' for column in columns)
        statements[name] = f"INSERT INTO {name} ({quoted}) VALUES ({places}) ON CONFLICT DO NOTHING"
        rows[name] = [tuple(row[column] for column in columns) for row in found]  # type: ignore[misc]
    began = time.perf_counter()
    for number in range(slices):
        async with connection.transaction():
            for name, found in rows.items():
                share = found[len(found) * number // slices : len(found) * (number + 1) // slices]
                if share:
                    await connection.executemany(statements[name], share)
    took = time.perf_counter() - began
    await connection.close()
    return took, sum(len(found) for found in rows.values())


def _json(value: Any) -> str:
    return json.dumps(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--slice", type=int, default=1_000)
    parser.add_argument("--data", type=Path, help="a data folder with network data")
    options = parser.parse_args()
    configure_logs(level="warning", form="text")
    print(described())
    print(f"{options.events:,} events twice, in slices of {options.slice:,}; PostgreSQL with fsync, and the log too")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.data is not None:
            shutil.copytree(options.data / FOLDER, folder / FOLDER)
        else:
            print("without network data: --data names a folder that has them")
        server = PostgresServer.create()
        server.start()
        try:
            asyncio.run(measured(options, folder, server))
        finally:
            server.remove()
    print(f"most memory used: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
