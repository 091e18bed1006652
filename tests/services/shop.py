"""A shop whose visitors have been scored for real, for readers to read: the feed and the alerter."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadlight.bus.port import Partition, Record, Span
from leadlight.core.records import IDENTIFIED_TOPIC, Identified, encode, key_of
from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.worker import Slice
from leadlight.settings import Network, Settings
from leadlight.store import positions
from leadlight.store.database import Database
from leadlight.store.migrate import migrate
from leadlight.store.owners import keys, sites
from services.scorer.scoring import CONSUMER, Scoring
from tests.core.browsing import SITE

READ_KEY = "llk_shop_may_read"
WRITE_KEY = "llk_shop_may_only_write"
ELSEWHERE_KEY = "llk_elsewhere_may_read"
ELSEWHERE = "elsewhere"


@dataclass
class Shop:
    """A site with keys, a database of either kind, and a scorer that is told what visitors do."""

    runtime: Runtime
    scoring: Scoring
    offsets: dict[int, int] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.runtime.database

    async def take(self, events: Sequence[Identified], *, partition: int = 0) -> None:
        """Let the scorer apply these events as one slice of a partition."""
        place = Partition(IDENTIFIED_TOPIC, partition)
        first = self.offsets.get(partition, 0)
        records = [Record(place, first + at, key_of(one.event), encode(one)) for at, one in enumerate(events)]
        self.offsets[partition] = first + len(records)
        async with self.database.read() as connection:
            held = await positions.load(connection, CONSUMER, [place])
        await self.scoring.score(Slice(CONSUMER, records, held, {place: Span(first, first + len(records))}))


@dataclass
class Clock:
    """A clock that tests move. It starts at the present, which certificates and signatures look at."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **given: float) -> None:
        self.now += timedelta(**given)


@asynccontextmanager
async def open_shop(
    database_url: str, folder: Path, clock: Clock, allow: tuple[Network, ...] = ()
) -> AsyncIterator[Shop]:
    """A new shop; its runtime stops with the block."""
    settings = Settings(data=folder, database_url=database_url, webhook_allow=allow, secret="s" * 32)
    async with open_runtime(settings) as opened:
        runtime = Runtime(opened.settings, opened.secret, opened.database, opened.bus, clock, opened.stopping)
        await migrate(runtime.database)
        async with runtime.database.begin() as connection:
            for site in (SITE, ELSEWHERE):
                await sites.add(
                    connection, id=site, name=site, domain=f"{site}.example", write_key=f"wk_{site}", now=clock()
                )
            for site, key, scope in (
                (SITE, READ_KEY, "read"),
                (SITE, WRITE_KEY, "write"),
                (ELSEWHERE, ELSEWHERE_KEY, "read"),
            ):
                await keys.add(connection, site_id=site, id=key, name=key, key=key, scopes=[scope], now=clock())
        yield Shop(runtime, Scoring(runtime))


@asynccontextmanager
async def second_process(shop: Shop) -> AsyncIterator[Runtime]:
    """Another process on the same database, with connections of its own."""
    database = Database(shop.runtime.settings.effective_database_url)
    try:
        yield Runtime(shop.runtime.settings, shop.runtime.secret, database, shop.runtime.bus, shop.runtime.now)
    finally:
        await database.close()
