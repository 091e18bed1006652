"""What a site's owner changes counts at the collector within two seconds, and for as long as the database is away."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from leadlight.core.sites.document import settings_of
from leadlight.runtime import Runtime
from leadlight.settings import Settings
from leadlight.store.owners import site_settings
from services.collector.keys import REFRESH_SECONDS, WriteKeys
from tests.infra.postgres import PostgresServer
from tests.services.collector.front_door import SECRET_KEY, SITE, WRITE_KEY, FrontDoor, open_front_door

INTERN = {"type": "page", "anonymousId": "a", "messageId": "1", "properties": {"path": "/intern/wiki"}}


async def wants(runtime: Runtime, **fields: object) -> None:
    async with runtime.database.begin() as tx:
        await site_settings.change(tx, SITE, settings_of(fields), by="ann@shop.example", now=datetime.now(UTC))


async def test_an_exclusion_counts_soon_and_ends_soon_without_a_restart(door: FrontDoor) -> None:
    assert (await door.post("/v1/page", INTERN)).dropped == {}
    for fields, dropped in (({"excluded_paths": ["/intern/*"]}, {"excluded_path": 1}), ({}, {})):
        await wants(door.runtime, **fields)
        until = time.monotonic() + 30
        while (answer := await door.post("/v1/page", INTERN)).dropped != dropped:
            assert time.monotonic() < until, answer.dropped
            await asyncio.sleep(0.2)


async def test_both_kinds_of_keys_carry_the_settings_from_their_first_use(door: FrontDoor) -> None:
    await wants(door.runtime, excluded_paths=["/intern/*"])
    known = WriteKeys(door.runtime)
    for key in (WRITE_KEY, SECRET_KEY):
        grant = await known.find(key)
        assert grant is not None
        assert grant.settings.excluded_paths == ("/intern/*",)


async def test_a_grant_stays_the_same_object_until_its_settings_change(door: FrontDoor) -> None:
    known = WriteKeys(door.runtime)
    refreshing = asyncio.create_task(known.refresh())
    try:
        first = await known.find(WRITE_KEY)
        await asyncio.sleep(REFRESH_SECONDS * 1.5)
        assert known.known(WRITE_KEY) is first
        await wants(door.runtime, privacy="pseudonymous")
        until = time.monotonic() + 30
        while (grant := known.known(WRITE_KEY)) is first:
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
        assert grant is not None
        assert grant.settings.privacy == "pseudonymous"
    finally:
        refreshing.cancel()
        await asyncio.gather(refreshing, return_exceptions=True)


async def test_the_settings_hold_while_the_database_is_away(tmp_path: Path, own_postgres: PostgresServer) -> None:
    url = own_postgres.url(own_postgres.create_database())
    async with open_front_door(Settings(data=tmp_path, database_url=url, secret="s" * 32)) as door:
        await wants(door.runtime, excluded_paths=["/intern/*"])
        await door.post("/v1/page", INTERN)
        until = time.monotonic() + 30
        while (await door.post("/v1/page", INTERN)).dropped != {"excluded_path": 1}:
            assert time.monotonic() < until
            await asyncio.sleep(0.2)
        own_postgres.kill()
        await asyncio.sleep(REFRESH_SECONDS * 1.5)
        assert (await door.post("/v1/page", INTERN)).dropped == {"excluded_path": 1}
