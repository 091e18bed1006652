"""Bring a database to this version's schema; repeatable, and safe when several processes start at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from leadlight.errors import ConfigurationError
from leadlight.store.database import Database

ADVISORY_LOCK = 0x1EAD_11
"""Any fixed number: it keeps two `leadlight migrate` from running at the same time on one PostgreSQL."""


async def migrate(database: Database) -> tuple[str | None, str]:
    """Apply what is missing; (revision before, revision after)."""
    async with database.begin() as connection:
        return await connection.run_sync(_upgrade)


async def check_schema(database: Database) -> None:
    """Raises ConfigurationError when the database's schema is not this version's."""
    async with database.read() as connection:
        current = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    head = _scripts().get_current_head()
    if current != head:
        raise ConfigurationError(
            f"The database is at schema {current or 'nothing'}, this version needs {head}. Run `leadlight migrate` first."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    before = MigrationContext.configure(connection).get_current_revision()
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    head = _scripts().get_current_head()
    assert head is not None, "the wheel ships its migrations"
    return before, head
