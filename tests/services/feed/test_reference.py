"""The feed's description: what it promises is what is sent."""

from typing import Any

import aiohttp
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from leadlight.core import ids
from tests.core.browsing import DAY, MINUTE, SITE, third_visit
from tests.services.feed.reader import Reader
from tests.services.shop import Clock, Shop


async def specification(feed: Reader) -> dict[str, Any]:
    async with aiohttp.ClientSession() as anybody, anybody.get(f"{feed.address}/api/v1/openapi.json") as response:
        assert response.status == 200
        document: dict[str, Any] = await response.json()
    return document


async def test_every_answer_is_as_it_is_described(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=(21 * DAY, 10 * DAY, 5 * MINUTE))
    await shop.take(browser.events)
    document = await specification(feed)
    contact = ids.contact_id(SITE, "ada@mill.example")
    asked = {
        "/visitors": {},
        "/visitors/{id}": {"id": browser.visitor},
        "/visitors/{id}/visits": {"id": browser.visitor},
        "/visitors/{id}/timeline": {"id": browser.visitor},
        "/contacts/{id}": {"id": contact},
        "/alerts": {},
        "/changes": {},
    }
    for path, given in asked.items():
        described = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        answer = await feed.get(path.format(**given))
        check = Draft202012Validator({**described["schema"], "components": document["components"]})
        assert [error.message for error in check.iter_errors(answer)] == []
        assert set(answer) == set(
            document["components"]["schemas"][described["schema"]["$ref"].split("/")[-1]]["properties"]
        )
    refused = document["components"]["schemas"]["ProblemBody"]
    check = Draft202012Validator({**refused, "components": document["components"]})
    for answer in (await feed.ask("/visitors/nobody"), await feed.ask("/visitors", {"limit": 0})):
        assert [error.message for error in check.iter_errors(answer.problem)] == []


async def test_the_reference_needs_no_key_and_nothing_from_elsewhere(feed: Reader) -> None:
    document = await specification(feed)
    async with aiohttp.ClientSession() as anybody, anybody.get(f"{feed.address}/api/v1/docs") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert set(document["paths"]) >= {
        "/api/v1/visitors",
        "/api/v1/visitors/{id}",
        "/api/v1/visitors/{id}/visits",
        "/api/v1/visitors/{id}/timeline",
        "/api/v1/contacts/{id}",
        "/api/v1/alerts",
        "/api/v1/changes",
        "/api/v1/stream",
    }
    visitor = document["components"]["schemas"]["Visitor"]
    assert visitor["properties"]["contact"] == {
        "anyOf": [{"$ref": "#/components/schemas/ContactRef"}, {"type": "null"}],
        "description": "Who introduced themselves in this browser last; null when nobody did.",
    }
    assert "src=" not in page
    assert "@import" not in page
    assert "url(" not in page
    assert policy.startswith("default-src 'none'")
    for path in document["paths"]:
        assert path in page
