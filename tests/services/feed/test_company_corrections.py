"""A company that is wrong is corrected over the API, for all who came from there, and taken back again."""

import json
from io import BytesIO
from typing import Any

import pytest
from msgspec.structs import replace

from leadlight.bus.port import Partition
from leadlight.core.identity.networks.blocks import block_of, host_key, host_of
from leadlight.core.ids import contact_id
from leadlight.core.records import IDENTIFIED_TOPIC, Network
from leadlight.store import positions
from leadlight.store.identity import connections
from leadlight.store.identity.sources import Connection
from leadlight.store.identity.uses import Sighted, Use, hour_of
from tests.core.browsing import NOON, SITE, Browser
from tests.services.feed.reader import Answer, Reader
from tests.services.shop import READ_KEY, WRITE_KEY, Shop

KEY = host_key(b"s" * 32)


def office(address: str = "203.0.113.7", kind: str = "business") -> Connection:
    return Connection(SITE, Network(kind, "test", block=block_of(address), host=host_of(SITE, address, KEY)))


async def came(shop: Shop, *names: str, over: Connection) -> list[str]:
    """Anonymous visitors who viewed a page over a connection, identified and scored."""
    browsers = [Browser(name) for name in names]
    now = shop.runtime.now()
    for browser in browsers:
        browser.page(NOON, "/pricing")
    uses = [Use(browser.visitor, over, hour_of(NOON), hour_of(NOON)) for browser in browsers]
    async with shop.database.begin() as tx:
        claims = await connections.save(tx, uses, [], now=now)
    await shop.take(
        [
            replace(event, network=over.network, company=claims[use.key])
            for browser, use in zip(browsers, uses, strict=True)
            for event in browser.events
        ]
    )
    return [browser.visitor for browser in browsers]


async def colleagues(shop: Shop, over: Connection, *names: str) -> None:
    now = shop.runtime.now()
    told = [Sighted(over, "kiln.example", contact_id(SITE, name), f"of {name}", now.date()) for name in names]
    async with shop.database.begin() as tx:
        await connections.save(tx, [], told, now=now)


async def recounted(shop: Shop) -> None:
    place = Partition(IDENTIFIED_TOPIC, 0)
    async with shop.database.read() as connection:
        held = await positions.load(connection, "scorer", [place])
    await shop.scoring.tick(held)


async def say(feed: Reader, path: str, body: Any = None, *, key: str = WRITE_KEY, method: str = "POST") -> Answer:
    data = BytesIO(json.dumps(body).encode()) if body is not None else None
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{feed.address}/api/v1{path}"
    async with feed.client.request(method, url, data=data, headers=headers) as response:
        return Answer(response.status, response.headers, await response.read())


async def company(feed: Reader, visitor: str) -> Any:
    return (await feed.get(f"/visitors/{visitor}"))["company"]


@pytest.fixture
async def crowd(shop: Shop) -> list[str]:
    """Two strangers of an office in which colleagues have introduced themselves, and one elsewhere."""
    await colleagues(shop, office(), "ada", "bela", "cy")
    return [*await came(shop, "v1", "v2", over=office()), *await came(shop, "v3", over=office("198.51.100.9"))]


async def test_wrong_company_disappears_for_all_from_there_and_comes_back(
    feed: Reader, shop: Shop, crowd: list[str]
) -> None:
    before = await company(feed, crowd[0])
    assert (before["domain"], before["method"]) == ("kiln.example", "first_party")
    assert 0.5 <= before["confidence"] < 0.9
    answer = await say(feed, f"/visitors/{crowd[0]}/company-corrections", {})
    assert answer.status == 201, answer.body
    made = answer.json
    assert (made["wrong"], made["company"], made["scope"], made["range"], made["visitors"]) == (
        True, "kiln.example", "range", "203.0.113.0/24", 2,
    )  # fmt: skip
    await recounted(shop)
    assert [await company(feed, id) for id in crowd] == [None, None, None]
    assert (await say(feed, f"/company-corrections/{made['id']}", method="DELETE")).json["withdrawn_at"] is not None
    await recounted(shop)
    assert await company(feed, crowd[0]) == before
    again = await say(feed, f"/company-corrections/{made['id']}", method="DELETE")
    assert again.status == 200
    [listed] = (await say(feed, "/company-corrections", key=READ_KEY, method="GET")).json["data"]
    assert (listed["id"], listed["said_by"]) == (made["id"], again.json["said_by"])


async def test_this_is_somebody_names_them_by_their_registrable_domain(
    feed: Reader, shop: Shop, crowd: list[str]
) -> None:
    body = {"company": "https://www.loom-works.example/about", "name": "Loom Works"}
    made = (await say(feed, f"/visitors/{crowd[2]}/company-corrections", body)).json
    assert (made["company"], made["wrong"], made["scope"]) == ("loom-works.example", False, "range")
    await recounted(shop)
    told = await company(feed, crowd[2])
    assert (told["domain"], told["name"], told["method"]) == ("loom-works.example", "Loom Works", "visitor_correction")
    assert (await company(feed, crowd[0]))["domain"] == "kiln.example"


async def test_what_cannot_be_said_is_refused_with_the_reason(feed: Reader, crowd: list[str]) -> None:
    for path, body, status in (
        (f"/visitors/{crowd[2]}/company-corrections", {}, 409),
        (f"/visitors/{crowd[0]}/company-corrections", {"company": "co.uk"}, 422),
        (f"/visitors/{crowd[0]}/company-corrections", {"company": "not a domain"}, 422),
        (f"/visitors/{crowd[0]}/company-corrections", {"scope": "everybody"}, 422),
        (f"/visitors/{crowd[0]}/company-corrections", {"compny": "x.example"}, 422),
        (f"/visitors/{crowd[0]}/company-corrections", [1], 422),
        ("/visitors/nobody/company-corrections", {}, 404),
    ):
        assert (await say(feed, path, body)).problem["status"] == status
    assert (await say(feed, f"/visitors/{crowd[0]}/company-corrections", {}, key=READ_KEY)).problem["status"] == 403
    assert (await say(feed, "/company-corrections/none", method="DELETE")).problem["status"] == 404
