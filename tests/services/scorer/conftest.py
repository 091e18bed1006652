"""The scorer on a real log and a real database, with a clock that tests set."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from leadlight.bus import open_bus
from leadlight.bus.port import Partition, Record, Span
from leadlight.core.records import IDENTIFIED_TOPIC, Identified, encode, key_of
from leadlight.runtime import Runtime
from leadlight.runtime.worker import Slice
from leadlight.settings import Settings
from leadlight.store import positions
from leadlight.store.database import Database
from leadlight.store.migrate import migrate
from services.scorer.scoring import CONSUMER, Scoring
from tests.core.browsing import NOON

PLACE = Partition(IDENTIFIED_TOPIC, 0)


@dataclass
class Clock:
    """The time that the scorer sees."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Scored:
    """A scorer with its database."""

    runtime: Runtime
    scoring: Scoring
    clock: Clock
    offset: int = 0

    @property
    def database(self) -> Database:
        return self.runtime.database

    async def slice_of(self, events: Sequence[Identified]) -> Slice:
        """The next slice of the log, holding these events."""
        records = [
            Record(PLACE, self.offset + at, key_of(identified.event), encode(identified))
            for at, identified in enumerate(events)
        ]
        async with self.database.read() as connection:
            held = await positions.load(connection, CONSUMER, [PLACE])
        first, self.offset = self.offset, self.offset + len(records)
        return Slice(CONSUMER, records, held, {PLACE: Span(first, self.offset)})

    async def take(self, *batches: Sequence[Identified]) -> None:
        """Score batches, one after the other."""
        for batch in batches:
            await self.scoring.score(await self.slice_of(batch))

    async def tick(self) -> bool:
        """Let the scorer do its timed work; whether something was due."""
        async with self.database.read() as connection:
            held = await positions.load(connection, CONSUMER, [PLACE])
        return bool(await self.scoring.tick(held))


@asynccontextmanager
async def open_scored(database_url: str, folder: Path, clock: Clock) -> AsyncIterator[Scored]:
    settings = Settings(data=folder, database_url=database_url)
    database = Database(database_url)
    await migrate(database)
    bus = await open_bus(url="embedded:", data=folder, instance="test")
    try:
        runtime = Runtime(settings, b"secret", database, bus, clock)
        yield Scored(runtime, Scoring(runtime), clock)
    finally:
        await bus.close()
        await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes the URL of a new, empty database of either kind."""
    if request.param == "sqlite":
        return lambda: f"sqlite+aiosqlite:///{tmp_path / 'leadlight.db'}"
    return lambda: str(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def scored(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Scored]:
    async with open_scored(new_database(), tmp_path / "data", Clock()) as scored:
        yield scored
