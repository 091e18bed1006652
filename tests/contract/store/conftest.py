"""The same database tests on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from leadlight.store.database import Database
from leadlight.store.migrate import migrate


@pytest.fixture
async def empty_database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def database(empty_database: Database) -> Database:
    """A database at this version's schema."""
    await migrate(empty_database)
    return empty_database
