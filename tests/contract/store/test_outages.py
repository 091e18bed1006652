"""What counts as the database's trouble and not as the record's: an outage is waited out, an error sets a record aside."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from leadlight.errors import StoreUnavailable
from leadlight.store.database import Database
from tests.infra.postgres import PostgresServer

AWAY = {
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "57P01": "shutting down",
    "58030": "input or output error",
    "25006": "a standby, which only reads",
    "40P01": "deadlock",
}


async def run(database: Database, statement: str) -> None:
    async with database.begin() as connection:
        await connection.execute(text(statement))


def failing(state: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{state}'; END $$"


@pytest.mark.parametrize("state", AWAY, ids=AWAY.get)
async def test_a_server_in_trouble_is_an_outage(postgres_database: str, state: str) -> None:
    database = Database(postgres_database)
    try:
        with pytest.raises(StoreUnavailable):
            await run(database, failing(state))
    finally:
        await database.close()


@pytest.mark.parametrize("state", ["22003", "23505", "42P01", "54000"])
async def test_what_the_server_refuses_for_good_is_no_outage(postgres_database: str, state: str) -> None:
    database = Database(postgres_database)
    try:
        with pytest.raises(DBAPIError):
            await run(database, failing(state))
    finally:
        await database.close()


async def test_a_server_that_takes_connections_and_says_nothing_is_an_outage(own_postgres: PostgresServer) -> None:
    database = Database(own_postgres.url())
    await asyncio.to_thread(own_postgres.pause)
    try:
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            await run(database, "SELECT 1")
    finally:
        await asyncio.to_thread(own_postgres.resume)
        await database.close()


async def test_a_host_whose_name_is_not_known_is_an_outage() -> None:
    database = Database("postgresql+asyncpg://leadlight@database.invalid/leadlight")
    try:
        with pytest.raises(StoreUnavailable):
            await run(database, "SELECT 1")
    finally:
        await database.close()


async def overtaken(frozen: Database, other: Database) -> None:
    async with frozen.begin() as connection:
        await connection.execute(text("LOCK TABLE kept"))
        await run(other, "INSERT INTO kept VALUES ('mine')")
        await connection.execute(text("INSERT INTO kept VALUES ('theirs')"))


@pytest.mark.slow
async def test_a_frozen_process_does_not_keep_rows_from_the_others(postgres_database: str) -> None:
    frozen, other = Database(postgres_database), Database(postgres_database)
    try:
        await run(other, "CREATE TABLE kept (word text)")
        with pytest.raises(StoreUnavailable):
            await overtaken(frozen, other)
        async with other.read() as connection:
            assert (await connection.execute(text("SELECT word FROM kept"))).scalars().all() == ["mine"]
    finally:
        await frozen.close()
        await other.close()
