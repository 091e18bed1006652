"""Write keys: where they may stand, and how soon a new or a withdrawn one counts."""

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadlight.errors import StoreUnavailable
from leadlight.runtime import open_runtime
from leadlight.settings import Settings
from leadlight.store.owners import keys
from services.collector.keys import WriteKeys
from tests.infra.postgres import PostgresServer
from tests.services.collector.front_door import (
    READ_KEY,
    SECRET_KEY,
    SITE,
    WRITE_KEY,
    FrontDoor,
    add_site,
    open_front_door,
)

PAGE = {"anonymousId": "a"}


async def test_a_post_without_a_key_is_told_where_to_put_one(door: FrontDoor) -> None:
    answer = await door.post("/v1/page", PAGE, key=None)
    assert answer.problem["status"] == 401
    assert "writeKey" in answer.problem["detail"]


@pytest.mark.parametrize("key", ["wk_nobodys", READ_KEY, "llk_nobodys", "x" * 5_000, "\x00", "\ufffd", "ключ"])
async def test_an_unknown_key_is_refused_wherever_it_stands(door: FrontDoor, key: str) -> None:
    for answer in (
        await door.post("/v1/page", PAGE, key=key),
        await door.post("/v1/page", PAGE | {"writeKey": key}, key=None),
        await door.post("/v1/batch", {"batch": [PAGE], "writeKey": key}, key=None),
    ):
        assert answer.problem["status"] == 401
    assert await door.stored() == []


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"\xff:").decode(), "Basic " + "QUJD" * 2_000, ""],
)
async def test_a_header_without_a_key_leaves_the_bodys(door: FrontDoor, header: str) -> None:
    answer = await door.post("/v1/page", PAGE | {"writeKey": WRITE_KEY}, key=None, headers={"Authorization": header})
    assert answer.status == 200


async def test_a_key_of_the_wrong_type_is_none(door: FrontDoor) -> None:
    assert (await door.post("/v1/page", PAGE | {"writeKey": 5}, key=None)).status == 401
    assert (await door.post("/v1/batch", {"batch": [], "writeKey": 5}, key=None)).status in (400, 401)


async def test_a_servers_secret_key_with_the_ingest_scope_may_post(door: FrontDoor) -> None:
    assert (await door.post("/v1/page", PAGE, key=SECRET_KEY)).status == 200
    [event] = await door.stored()
    assert event.site == SITE


async def test_a_new_sites_key_counts_at_once_even_after_it_was_refused(door: FrontDoor) -> None:
    assert (await door.post("/v1/page", PAGE, key="wk_new")).status == 401
    await add_site(door.runtime, id="site-2", write_key="wk_new", domain="new.example")
    await door.post_until(200, "/v1/page", PAGE, key="wk_new")
    [event] = await door.stored()
    assert event.site == "site-2"


async def test_a_withdrawn_secret_key_is_refused_soon(door: FrontDoor) -> None:
    assert (await door.post("/v1/page", PAGE, key=SECRET_KEY)).status == 200
    async with door.runtime.database.begin() as connection:
        assert await keys.revoke(connection, SITE, "k1", now=datetime.now(UTC))
    await door.post_until(401, "/v1/page", PAGE, key=SECRET_KEY)


async def test_many_who_ask_for_an_unknown_key_at_once_are_all_answered(door: FrontDoor) -> None:
    asked = [door.post("/v1/page", PAGE, key=f"wk_unknown_{number % 20}") for number in range(200)]
    assert {answer.status for answer in await asyncio.gather(*asked)} == {401}


async def test_known_keys_work_and_unknown_ones_wait_while_the_database_is_away(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=own_postgres.url(own_postgres.create_database()), secret="s" * 32)
    async with open_front_door(settings) as door:
        assert (await door.post("/v1/page", PAGE)).status == 200
        own_postgres.kill()
        assert (await door.post("/v1/page", PAGE)).status == 200
        answer = await door.post("/v1/page", PAGE, key="wk_unknown")
        assert answer.problem["status"] == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (await door.post("/v1/batch", {"batch": [1]})).dropped == {"not_an_object": 1}
        own_postgres.restart()
        assert await door.owner_sees_drops(1) == {"not_an_object": 1}
        await door.post_until(401, "/v1/page", PAGE, key="wk_unknown")


async def test_strangers_keys_do_not_pile_up_while_the_database_hangs(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=own_postgres.url(), secret="s" * 32)
    async with open_runtime(settings) as runtime:
        write_keys = WriteKeys(runtime)
        await asyncio.to_thread(own_postgres.pause)
        try:
            asked = (write_keys.find(f"wk_unknown_{number}") for number in range(3_000))
            outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
            assert len(write_keys._asking) < 2_000
        finally:
            await asyncio.to_thread(own_postgres.resume)
            await asyncio.gather(*write_keys._asking.values(), return_exceptions=True)
