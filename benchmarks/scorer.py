"""How many events a second the scorer takes from decoded record to committed state, and what an event costs.

The reference is the decision alone, in memory, on the same events in the same slices. Usage:

    python -m benchmarks.scorer [--events N] [--slice N] [--database URL ...]

Without `--database`, SQLite in a temporary folder and a PostgreSQL server of its own, started for the run.
"""

import argparse
import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.machine import described
from leadlight.bus import open_bus
from leadlight.bus.port import Partition, Record, Span
from leadlight.core import ids
from leadlight.core.records import (
    IDENTIFIED_TOPIC,
    PAGE_ENGAGED,
    Agent,
    ContactClaim,
    Engagement,
    Event,
    EventType,
    Identified,
    Page,
    encode,
    key_of,
)
from leadlight.core.scoring.decide import decide
from leadlight.core.scoring.state import Key, State
from leadlight.runtime import Runtime
from leadlight.runtime.worker import Slice
from leadlight.settings import Settings
from leadlight.store.database import Database
from leadlight.store.migrate import migrate
from leadlight.store.positions import Position
from leadlight.store.rules import default_rules
from services.scorer.scoring import CONSUMER, Scoring
from tests.infra.postgres import PostgresServer

SITE = "bench"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLACE = Partition(IDENTIFIED_TOPIC, 0)
PATHS = (
    ["/"] * 8
    + ["/product", "/product/lamps", "/blog/one", "/blog/two", "/blog/three", "/docs/start"] * 2
    + ["/pricing", "/pricing", "/case-studies/mill", "/compare/other", "/demo", "/contact", "/careers", "/support"]
)
AGENT = Agent("laptop or desktop", "Firefox 144", "Windows 10")
VISITORS_AT_ONCE = 400
"""Visitors whose events interleave, as on a site with some 100,000 page views an hour."""


def browsing(events: int, seed: int = 7) -> list[Identified]:
    """Visits of 1 to 8 pages, with reports of engaged time, forms, introductions; 1 % of the events come twice."""
    rng = random.Random(seed)
    made: list[Identified] = []
    active = [_visitor(rng) for _ in range(VISITORS_AT_ONCE)]
    while len(made) < events:
        place = rng.randrange(VISITORS_AT_ONCE)
        event = next(active[place], None)
        if event is None:
            active[place] = _visitor(rng)
            continue
        made.append(event)
        if rng.random() < 0.01:
            made.append(event)
    return made[:events]


def _visitor(rng: random.Random) -> Iterator[Identified]:
    anonymous_id = f"{rng.getrandbits(64):016x}"
    visitor = ids.visitor_id(SITE, anonymous_id)
    at = NOW - timedelta(days=rng.uniform(0.2, 20))

    def event(type: EventType, at: datetime, **fields: object) -> Event:
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        given = {"site": SITE, "visitor": visitor, "id": f"{rng.getrandbits(64):016x}", "anonymous_id": anonymous_id}
        return Event(**given, type=type, occurred_at=at, received_at=at, **fields)  # type: ignore[arg-type]

    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
            path = rng.choice(PATHS)
            url = f"https://shop.example{path}"
            view = event(EventType.PAGE, at, page=Page(url, path, f"The page {path}", "https://search.example/"))
            yield Identified(view, AGENT)
            engaged_ms = 0
            for _ in range(rng.choice((0, 1, 1, 2))):
                engaged_ms += rng.randrange(2_000, 30_000)
                at += timedelta(milliseconds=engaged_ms)
                report = Engagement(view.id, engaged_ms, at.replace(microsecond=0), 60)
                yield Identified(event(EventType.TRACK, at, name=PAGE_ENGAGED, engagement=report), AGENT)
            at += timedelta(seconds=rng.uniform(1, 60))
        if rng.random() < 0.08:
            email = f"{anonymous_id}@mill.example"
            claim = ContactClaim(ids.contact_id(SITE, email), email, "form", 0.9)
            yield Identified(event(EventType.IDENTIFY, at, traits={"email": email}), AGENT, contact=claim)
            form = event(EventType.TRACK, at, name="Form Submitted", properties={"form_id": "contact"})
            yield Identified(form, AGENT)
        at += timedelta(hours=rng.uniform(1, 48))


def decided(slices: Sequence[Sequence[Identified]]) -> tuple[float, float]:
    """The decision alone: seconds, and seconds of CPU."""
    states: dict[Key, State] = {}
    seen: set[str] = set()
    rules = {SITE: default_rules()}
    began, cpu = time.perf_counter(), time.process_time()
    for batch in slices:
        fresh = [item for item in batch if item.event.engagement is not None or item.event.id not in seen]
        seen.update(item.event.id for item in fresh)
        for item in fresh:
            key = (item.event.site, item.event.visitor)
            if key not in states:
                states[key] = State(*key, partition=0)
        for _, after in decide(states, fresh, rules, NOW).states:
            states[after.key] = after
    return time.perf_counter() - began, time.process_time() - cpu


async def scored(url: str, folder: Path, slices: Sequence[Sequence[Identified]]) -> tuple[float, float, list[float]]:
    """The scorer's own transactions: seconds, seconds of CPU in this process, and seconds of each slice."""
    database = Database(url)
    await migrate(database)
    bus = await open_bus(url="embedded:", data=folder, instance="bench")
    scoring = Scoring(Runtime(Settings(data=folder, database_url=url), b"", database, bus, lambda: NOW))
    held = {PLACE: Position(0, 0)}
    offset = 0
    latencies = []
    prepared = []
    for batch in slices:
        records = [Record(PLACE, offset + n, key_of(item.event), encode(item)) for n, item in enumerate(batch)]
        prepared.append((records, Span(offset, offset + len(records))))
        offset += len(records)
    began, cpu = time.perf_counter(), time.process_time()
    for records, span in prepared:
        before = time.perf_counter()
        held = dict(await scoring.score(Slice(CONSUMER, records, held, {PLACE: span})))
        latencies.append(time.perf_counter() - before)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    await bus.close()
    await database.close()
    return took, spent, latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--slice", type=int, default=1_000)
    parser.add_argument("--database", action="append", metavar="URL")
    asked = parser.parse_args()
    events = browsing(asked.events)
    slices = [events[at : at + asked.slice] for at in range(0, len(events), asked.slice)]
    visitors = len({item.event.visitor for item in events})
    print(described())
    print(f"{len(events):,} events of {visitors:,} visitors in slices of {asked.slice:,}; commits are synchronous")
    took, cpu = decided(slices)
    reference = len(events) / took
    print(f"decide alone   {reference:9,.0f} events/s   {cpu / len(events) * 1e6:6.1f} us CPU an event")
    with tempfile.TemporaryDirectory() as folder:
        urls = asked.database or [f"sqlite+aiosqlite:///{folder}/bench.db", None]
        for number, url in enumerate(urls):
            server = None
            if url is None:
                server = PostgresServer.create()
                server.start()
                url = server.url(server.create_database())
            try:
                took, cpu, latencies = asyncio.run(scored(url, Path(folder, str(number)), slices))
            finally:
                if server:
                    server.remove()
            rate = len(events) / took
            latencies.sort()
            print(
                f"{url.split('+')[0]:<14} {rate:9,.0f} events/s   {cpu / len(events) * 1e6:6.1f} us CPU an event   "
                f"{rate / reference:.2f} of decide alone   slice p50 {latencies[len(latencies) // 2] * 1000:.0f} ms, "
                f"p99 {latencies[len(latencies) * 99 // 100] * 1000:.0f} ms"
            )
    print(f"most memory used: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
