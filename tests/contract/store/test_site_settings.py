"""A site's settings in the database: versions, who made them, and two who change them at once."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from leadlight.core.sites.document import document_of, settings_of
from leadlight.core.sites.settings import SiteSettings
from leadlight.store.database import Database
from leadlight.store.owners import site_settings, sites
from leadlight.store.owners.site_settings import SettingsMoved
from leadlight.store.tables import site_settings as stored

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
INTERN = settings_of({"excluded_paths": ["/intern/*"], "privacy_by_country": {"unknown": "none", "DE": "pseudonymous"}})
OTHER = settings_of({"excluded_emails": ["*@ourselves.example"]})


async def add(database: Database, *ids: str) -> None:
    async with database.begin() as tx:
        for id in ids:
            await sites.add(tx, id=id, name=id, domain=f"{id}.example", write_key=f"wk_{id}", now=NOW)


async def put(database: Database, site: str, settings: SiteSettings, seen: int | None = None) -> int:
    async with database.begin() as tx:
        return await site_settings.change(tx, site, settings, by="ann@shop.example", now=NOW, seen=seen)


async def test_a_site_begins_with_the_defaults_and_remembers_every_change(database: Database) -> None:
    await add(database, "shop")
    async with database.read() as connection:
        assert await site_settings.current(connection, "shop") == (SiteSettings(), 1)
        assert await site_settings.history(connection, "shop") == []
    assert await put(database, "shop", INTERN) == 2
    assert await put(database, "shop", OTHER) == 3
    async with database.read() as connection:
        assert await site_settings.current(connection, "shop") == (OTHER, 3)
        told = await site_settings.history(connection, "shop")
        (latest,) = await site_settings.history(connection, "shop", limit=1)
    assert [(v.number, v.settings, v.changed_by, v.changed_at) for v in told] == [
        (3, OTHER, "ann@shop.example", NOW),
        (2, INTERN, "ann@shop.example", NOW),
    ]
    assert latest.changed == [
        "excluded_paths: - /intern/*",
        "excluded_emails: + *@ourselves.example",
        "privacy_by_country: DE pseudonymous -> as everywhere",
        "privacy_by_country: unknown none -> as everywhere",
    ]
    assert told[1].changed[0] == "excluded_paths: + /intern/*"


async def test_putting_the_same_into_force_again_moves_no_version(database: Database) -> None:
    await add(database, "shop")
    assert await put(database, "shop", SiteSettings()) == 1
    assert await put(database, "shop", INTERN) == 2
    assert await put(database, "shop", INTERN) == 2
    async with database.read() as connection:
        assert len(await site_settings.history(connection, "shop")) == 1


async def test_sites_settings_are_their_own_and_read_in_one_query(database: Database) -> None:
    await add(database, "one", "two", "three")
    await put(database, "one", INTERN)
    await put(database, "two", INTERN)
    await put(database, "two", OTHER)
    async with database.read() as connection:
        found = await site_settings.of_sites(connection, ["one", "two", "three", "unknown"])
        versions = await site_settings.versions_of(connection, ["one", "two", "three", "unknown"])
    assert found == {"one": INTERN, "two": OTHER}
    assert versions == {"one": 2, "two": 3, "three": 1}


async def test_what_a_later_version_has_added_is_no_obstacle_for_this_one(database: Database) -> None:
    await add(database, "shop")
    await put(database, "shop", INTERN)
    async with database.begin() as tx:
        later = {**document_of(INTERN), "allowed_moons": ["Phobos"]}
        await tx.execute(update(stored).values(document=later))
    async with database.read() as connection:
        assert await site_settings.current(connection, "shop") == (INTERN, 2)


async def test_whoever_changes_what_somebody_else_has_changed_is_told(database: Database) -> None:
    await add(database, "shop")
    await put(database, "shop", INTERN, seen=1)
    with pytest.raises(SettingsMoved, match="Somebody else"):
        await put(database, "shop", OTHER, seen=1)
    async with database.read() as connection:
        assert await site_settings.current(connection, "shop") == (INTERN, 2)


async def test_of_two_who_change_the_same_at_once_one_is_told(database: Database) -> None:
    await add(database, "shop")
    ended = await asyncio.gather(
        put(database, "shop", INTERN, seen=1), put(database, "shop", OTHER, seen=1), return_exceptions=True
    )
    assert [type(one) for one in ended if not isinstance(one, int)] == [SettingsMoved]
    assert [one for one in ended if isinstance(one, int)] == [2]
