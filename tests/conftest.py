"""Real servers for tests. A missing one skips its tests, saying what to install; with CI=true it is a failure."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.infra import parts
from tests.infra.chromium import open_browser
from tests.infra.kafka import KafkaBroker
from tests.infra.parts import PartMissing, missing
from tests.infra.postgres import PostgresServer

MARKED_BY = {
    "kafka": {"kafka", "own_kafka"},
    "postgres": {"postgres", "own_postgres", "postgres_database"},
    "chromium": {"browser"},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        needs = set(getattr(item, "fixturenames", ()))
        for mark, fixtures in MARKED_BY.items():
            if needs & fixtures:
                item.add_marker(mark)


def started_kafka() -> Iterator[KafkaBroker]:
    try:
        broker = KafkaBroker.create()
    except PartMissing as part:
        missing(part)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


def started_postgres() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer.create()
    except PartMissing as part:
        missing(part)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaBroker]:
    """A broker shared by all tests: use topic and group names of your own, and leave it running."""
    yield from started_kafka()


@pytest.fixture
def own_kafka() -> Iterator[KafkaBroker]:
    """A broker for this test alone, empty, to be killed at will. Takes some 5 s."""
    yield from started_kafka()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A database server shared by all tests: leave it running."""
    yield from started_postgres()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A database server for this test alone, to be killed at will. Takes some 2 s."""
    yield from started_postgres()


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, removed afterwards."""
    name = postgres.create_database()
    try:
        yield postgres.url(name)
    finally:
        postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of either kind: whoever asks is tested on both."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'leadlight.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium that does not say it is headless."""
    try:
        async with open_browser() as opened:
            yield opened
    except PartMissing as part:
        missing(part)


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    return parts.free_port()
