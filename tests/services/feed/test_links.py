"""Tracked links made over the API lead on, for those who may make them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadlight.core.intake import tracked_links
from tests.core.browsing import SITE
from tests.services.feed.reader import Answer, Reader
from tests.services.shop import READ_KEY, WRITE_KEY, Clock, Shop

TARGET = "https://shop.example/offer?a=1#top"


async def make(feed: Reader, body: Any, *, key: str = WRITE_KEY) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}"}
    async with feed.client.post(f"{feed.address}/api/v1/links", data=data, headers=headers) as response:
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
