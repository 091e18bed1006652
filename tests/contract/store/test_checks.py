"""Checks of an installation and sightings, on both databases."""

from datetime import UTC, datetime, timedelta

from leadlight.store.database import Database
from leadlight.store.owners import checks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def begin(database: Database, id: str, now: datetime) -> bool:
    async with database.begin() as connection:
        return await checks.begin(
            connection, "shop", id, address="https://shop.example/", report={"pages": []}, now=now
        )


async def keep(database: Database, id: str, now: datetime, *, ended: bool) -> None:
    async with database.begin() as connection:
        await checks.keep(connection, "shop", id, {"pages": [id]}, now=now, ended=ended)


async def test_a_site_has_one_check_at_a_time_unless_its_process_fell_silent(database: Database) -> None:
    assert await begin(database, "a", NOW)
    assert not await begin(database, "b", NOW + timedelta(seconds=10))
    await keep(database, "a", NOW + timedelta(seconds=30), ended=False)
    assert not await begin(database, "b", NOW + timedelta(seconds=60))
    assert await begin(database, "b", NOW + timedelta(seconds=30) + checks.SILENCE)
    await keep(database, "b", NOW + timedelta(seconds=90), ended=True)
    assert await begin(database, "c", NOW + timedelta(seconds=91))
    await keep(database, "c", NOW + timedelta(seconds=92), ended=False)
    async with database.read() as connection:
        last = await checks.latest(connection, "shop")
        assert await checks.latest(connection, "other") is None
    assert last is not None
    assert (last.id, last.report) == ("c", {"pages": ["c"]})


async def test_the_first_sighting_counts_and_old_ones_are_forgotten(database: Database) -> None:
    async with database.begin() as connection:
        await checks.see(connection, "shop", "token", refused="no_consent", now=NOW)
        await checks.see(connection, "shop", "token", refused=None, now=NOW + timedelta(seconds=5))
        sighting = await checks.seen(connection, "shop", "token")
        assert await checks.seen(connection, "other", "token") is None
        await checks.see(connection, "shop", "later", refused=None, now=NOW + timedelta(days=2))
        assert await checks.seen(connection, "shop", "token") is None
    assert sighting is not None
    assert (sighting.at, sighting.refused) == (NOW, "no_consent")
