"""Bots over the API: restored, marked and unlearnt by those who may write."""

from typing import Any

from leadlight.core.ids import visitor_id
from tests.core.browsing import DAY, MINUTE, SITE, third_visit
from tests.services.feed.reader import Answer, Reader
from tests.services.shop import READ_KEY, WRITE_KEY, Clock, Shop


async def asked(feed: Reader, method: str, path: str, *, key: str = WRITE_KEY) -> Answer:
    headers = {"Authorization": f"Bearer {key}"}
    async with feed.client.request(method, f"{feed.address}/api/v1{path}", headers=headers) as response:
        return Answer(response.status, response.headers, await response.read())


async def somebody(shop: Shop, clock: Clock) -> str:
    browser = third_visit(clock.now, starts=(2 * DAY, DAY, MINUTE))
    await shop.take(browser.events)
    return browser.visitor


async def test_a_visitor_is_marked_and_it_is_taken_back(feed: Reader, shop: Shop, clock: Clock) -> None:
    visitor = await somebody(shop, clock)
    marked = await asked(feed, "POST", f"/visitors/{visitor}/mark")
    assert (marked.status, marked.json["decision"], marked.json["visitor"]) == (200, "machine", visitor)
    assert (await asked(feed, "DELETE", f"/visitors/{visitor}/bot-decision")).json["decision"] is None
    assert (await asked(feed, "DELETE", f"/visitors/{visitor}/bot-decision")).status == 404
    assert (await asked(feed, "POST", f"/visitors/{visitor}/restore")).json["decision"] == "person"
    lessons: dict[str, Any] = (await asked(feed, "GET", "/bot-lessons", key=READ_KEY)).json
    assert lessons == {"data": []}


async def test_only_those_who_may_write_and_only_of_visitors_who_are_there(
    feed: Reader, shop: Shop, clock: Clock
) -> None:
    visitor = await somebody(shop, clock)
    for method, path in (("POST", "mark"), ("POST", "restore"), ("DELETE", "bot-decision")):
        assert (await asked(feed, method, f"/visitors/{visitor}/{path}", key=READ_KEY)).status == 403
        assert (await asked(feed, method, f"/visitors/{visitor_id(SITE, 'nobody')}/{path}")).status == 404
    assert (await asked(feed, "DELETE", "/bot-lessons/none")).status == 404
