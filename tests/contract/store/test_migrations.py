"""The schema that migrations make is the one the code knows."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from leadlight.errors import ConfigurationError
from leadlight.store.database import Database
from leadlight.store.migrate import check_schema, migrate
from leadlight.store.tables import metadata


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[object] = compare_metadata(context, metadata)
    return found


async def test_migrating_makes_exactly_the_tables_that_the_code_knows(empty_database: Database) -> None:
    before, after = await migrate(empty_database)
    assert before is None
    assert after
    async with empty_database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(empty_database: Database) -> None:
    _, after = await migrate(empty_database)
    assert await migrate(empty_database) == (after, after)


async def test_processes_that_start_together_may_all_migrate(empty_database: Database, database_url: str) -> None:
    other = Database(database_url)
    try:
        reports = await asyncio.gather(migrate(empty_database), migrate(other))
    finally:
        await other.close()
    assert sorted(before is None for before, _ in reports) == [False, True]


async def test_a_database_without_the_schema_is_refused_with_the_command_that_makes_it(
    empty_database: Database,
) -> None:
    with pytest.raises(ConfigurationError, match="leadlight migrate"):
        await check_schema(empty_database)
    await migrate(empty_database)
    await check_schema(empty_database)
