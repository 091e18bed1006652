"""The schema that migrations make is the one the code knows."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from leadlight import store
from leadlight.errors import ConfigurationError
from leadlight.store.database import Database
from leadlight.store.migrate import check_schema, migrate
from leadlight.store.tables import metadata

INSERT_BOT = """
    INSERT INTO visitors (site_id, id, anonymous_id, partition, demo, bot_reasons, page_views, activities, engaged_ms,
        visits, elapsed_ms, stage, updated_at)
    VALUES ('site-1', 'bot-1', 'a-1', 0, false, 'agent', 0, 0, 0, 0, 0, 'lead', {now})
"""


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


def to_revision(connection: Connection, move: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    move(config, revision)


async def test_what_was_known_before_survives_the_way_up_down_and_up_again(empty_database: Database) -> None:
    async with empty_database.begin() as tx:
        await tx.run_sync(to_revision, command.upgrade, "0002")
        now = "0" if empty_database.is_sqlite else "now()"
        await tx.execute(text(INSERT_BOT.format(now=now)))
        await tx.run_sync(to_revision, command.upgrade, "0003")
        assert list(await tx.execute(text("SELECT bot_reasons, bot_evidence FROM visitors"))) == [("agent", "agent")]
        await tx.run_sync(to_revision, command.downgrade, "0002")
        assert list(await tx.execute(text("SELECT id, bot_reasons FROM visitors"))) == [("bot-1", "agent")]
    await migrate(empty_database)
    async with empty_database.read() as connection:
        assert await connection.run_sync(differences) == []
