"""Tracked links made over the API lead on, for those who may make them."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from leadlight.core.intake import tracked_links
from tests.core.browsing import SITE
from tests.services.feed.reader import Answer, Reader
from tests.services.shop import READ_KEY, WRITE_KEY, Clock, Shop

TARGET = "https://shop.example/offer?a=1#top"


async def make(feed: Reader, body: Any, *, key: str = WRITE_KEY, path: str = "/links") -> Answer:
    data = BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    headers = {"Authorization": f"Bearer {key}"}
    async with feed.client.post(f"{feed.address}/api/v1{path}", data=data, headers=headers) as response:
        return Answer(response.status, response.headers, await response.read())


async def test_a_link_is_made_for_the_keys_site_and_its_campaign(feed: Reader, shop: Shop, clock: Clock) -> None:
    answer = await make(feed, {"url": TARGET, "campaign": "spring", "expires_days": 30})
    assert answer.status == 201, answer.body
    made = answer.json
    assert (made["url"], made["campaign"]) == (TARGET, "spring")
    address, _, token = made["link"].partition("/l/")
    assert address == feed.address
    link = tracked_links.read(token, shop.runtime.secret)
    assert link is not None
    assert (link.site, link.url, link.campaign) == (SITE, TARGET, "spring")
    ends = datetime.fromtimestamp(link.expires_at, UTC)
    assert datetime.fromisoformat(made["expires_at"]) == ends
    assert timedelta(days=30) < ends - clock.now <= timedelta(days=31)
    assert (await make(feed, {"url": TARGET, "campaign": "spring", "expires_days": 30})).json == made
    assert (await make(feed, {"url": TARGET})).json["campaign"] is None


async def test_a_key_that_may_only_read_makes_none(feed: Reader) -> None:
    answer = await make(feed, {"url": TARGET}, key=READ_KEY)
    assert answer.problem["status"] == 403
    assert "write" in answer.problem["detail"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"url": "javascript:alert(1)"}, 422, "is not a web address"),
        ({"url": TARGET, "expires_days": 0}, 422, "expires_days"),
        ({"url": TARGET, "expires_days": 99_999}, 422, "expires_days"),
        ({"url": TARGET, "campaign": "x" * 300}, 422, "campaign"),
        ({"url": TARGET, "campain": "x"}, 422, "campain"),
        ({}, 422, "url"),
        (b"{", 422, "not as described"),
        (b'{"url": "\xff"}', 422, "not as described"),
        (b"[" * 10_000, 422, "not as described"),
        (b" " * 20_000, 413, "bytes"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(feed: Reader, body: Any, status: int, told: str) -> None:
    answer = await make(feed, body)
    assert answer.problem["status"] == status
    assert told in answer.problem["detail"]


async def test_a_link_for_one_person_hides_who_it_is_for(feed: Reader, shop: Shop) -> None:
    wanted = {"url": TARGET, "campaign": "spring", "person": " Mara@Norrvik.example", "honeypot": True}
    answer = await make(feed, wanted)
    assert answer.status == 201, answer.body
    made = answer.json
    assert made["person"] == "mara@norrvik.example"
    assert made["link"] == f"{feed.address}/l/{made['token']}"
    assert made["landing_url"] == f"https://shop.example/offer?a=1&ll={made['token']}#top"
    link = tracked_links.read(made["token"], shop.runtime.secret)
    assert link is not None
    assert (link.site, link.person, link.campaign, link.honeypot) == (SITE, "mara@norrvik.example", "spring", False)
    trap = tracked_links.read(made["honeypot_link"].partition("/l/")[2], shop.runtime.secret)
    assert trap is not None
    assert (trap.person, trap.url, trap.honeypot) == (link.person, link.url, True)
    for address in (made["link"], made["landing_url"], made["honeypot_link"]):
        assert "mara" not in address.lower()
    for nobody in ("mara", "@", "", "a@b", "x" * 10_000 + "@norrvik.example"):
        assert "is not an e-mail address" in (await make(feed, wanted | {"person": nobody})).problem["detail"]


async def test_a_batch_makes_what_it_can_and_names_the_rows_that_it_cannot(feed: Reader) -> None:
    people = [
        {"person": "mara@norrvik.example"},
        {"person": "nobody"},
        {"person": "ida@solvind.example", "url": "https://shop.example/pricing"},
        {"person": "tom@solvind.example", "url": "javascript:alert(1)"},
        {"email": "x@solvind.example"},
        7,
    ]
    answer = await make(feed, {"people": people, "url": TARGET, "campaign": "spring"}, path="/links/batch")
    assert answer.status == 200, answer.body
    told = answer.json
    assert (told["minted"], told["refused"]) == (2, 4)
    assert [row["row"] for row in told["data"]] == list(range(6))
    assert [row["error"] is None for row in told["data"]] == [True, False, True, False, False, False]
    assert told["data"][2]["link"]["url"] == "https://shop.example/pricing"
    assert "is not an e-mail address" in told["data"][1]["error"]
    assert "not as described" in told["data"][5]["error"]
    one = (await make(feed, {"url": TARGET, "campaign": "spring", "person": "mara@norrvik.example"})).json
    assert told["data"][0]["link"] == one


async def test_a_batch_has_its_limits(feed: Reader) -> None:
    crowd = [{"person": f"p{number}@norrvik.example"} for number in range(1_001)]
    for body, status in (({"people": crowd, "url": TARGET}, 422), (b" " * 1_100_000, 413), ({"people": 1}, 422)):
        assert (await make(feed, body, path="/links/batch")).problem["status"] == status
    whole = await make(feed, {"people": crowd[:1_000], "url": TARGET, "honeypot": True}, path="/links/batch")
    assert whole.json["minted"] == 1_000
    assert (await make(feed, {"people": []}, key=READ_KEY, path="/links/batch")).problem["status"] == 403
