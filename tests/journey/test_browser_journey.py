"""From a click in a real browser to a rep's alert: what console, feed and webhook receiver show of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.journey.deployment import MODES, deployed, key_add, user_add, webhook_add
from tests.journey.receiver import receiving
from tests.journey.shop import open_shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.chromium]

SOON_MS = 10_000
"""Far above the second that is promised: a busy machine must not fail the test."""


@pytest.mark.parametrize("mode", MODES)
async def test_a_stranger_becomes_a_hot_contact_with_one_alert(
    mode: str, request: pytest.FixtureRequest, browser: Browser
) -> None:
    async with (
        deployed(mode, request) as leadlight,
        open_shop(leadlight) as shop,
        receiving() as receiver,
        Feed(leadlight.origin, await key_add(leadlight, shop.site)).listening() as (feed, heard),
    ):
        secret = await webhook_add(leadlight, receiver.url, shop.site)
        rep = await _signed_in(browser, await user_add(leadlight, "rep@fernhall.example", shop.site))
        await expect(rep.get_by_text("Nobody has been here yet")).to_be_visible()

        shopper = await (await browser.new_context()).new_page()
        await shopper.goto(shop.address)
        stranger = rep.get_by_role("listitem").filter(has=rep.get_by_role("link", name="Unknown visitor"))
        await expect(stranger).to_contain_text("First visit", timeout=SOON_MS)
        await expect(_score(stranger)).to_have_text("Score 0")

        await _read(shopper, "Pricing", "/pricing")
        await expect(_score(stranger)).to_have_text("Score 25", timeout=SOON_MS)
        seen = await feed.only_visitor(lambda visitor: visitor["score"] == 25)
        assert (seen["contact"], seen["company"], seen["intent"]) == (None, None, "cold")
        assert [reason["rule"] for reason in seen["reasons"]] == ["pricing_read"]

        await _read(shopper, "Compare", "/compare/fluorescent")
        await expect(_score(stranger)).to_have_text("Score 40", timeout=SOON_MS)
        await _read(shopper, "Contact", "/contact")
        assert receiver.deliveries == []
        await shopper.get_by_label("Your name").fill("Mira Aldous")
        await shopper.get_by_label("Work e-mail").fill("mira.aldous@harbor-mills.example")
        await shopper.get_by_label("What would you like to light?").fill("Two halls and a yard.")
        await shopper.get_by_role("button", name="Send").click()
        await expect(shopper.get_by_role("heading", name="Thank you")).to_be_visible()

        contact = rep.get_by_role("listitem").filter(has=rep.get_by_role("link", name="Mira Aldous")).first
        await expect(contact).to_contain_text("Harbor", timeout=SOON_MS)
        await expect(_score(contact)).to_have_text("Score 90", timeout=SOON_MS)
        await expect(stranger).to_have_count(0)
        await expect(rep.get_by_role("status").filter(has_text="Mira Aldous turned hot")).to_be_visible()

        (delivery,) = await receiver.wait_for(bool)
        message = delivery.verified(secret)
        named = await feed.only_visitor(lambda visitor: visitor["score"] == 90)
        told = dict(message["data"])
        alert = told.pop("alert")
        assert (message["type"], told["id"], told["intent"]) == ("visitor.hot", named["id"], "hot")
        assert told.keys() == named.keys()
        assert set(alert) >= {"id", "rule", "reasons"}
        assert named["contact"]["email"] == "mira.aldous@harbor-mills.example"
        assert named["contact"]["name"] == "Mira Aldous"
        assert (named["company"]["domain"], named["company"]["method"]) == ("harbor-mills.example", "work_email")
        assert (named["visits"], named["page_views"], named["bot"]) == (1, 5, False)
        assert named["id"] == seen["id"]

        (visit,) = await feed.get(f"/visitors/{named['id']}/visits")
        read = [page["path"] for page in visit["pages"]]
        assert read == ["/", "/pricing", "/compare/fluorescent", "/contact", "/contact/thanks"]
        assert visit["page_views"] == 5
        assert all(page["engaged_seconds"] >= 5 for page in visit["pages"][1:4])
        assert abs(visit["engaged_seconds"] - sum(page["engaged_seconds"] for page in visit["pages"])) <= 5

        await _read(shopper, "Case studies", "/case-studies/norrvik-foundry")
        await feed.only_visitor(lambda visitor: visitor["page_views"] == 6 and visitor["score"] == 100)
        assert [each["visitor"] for each in await feed.get("/alerts")] == [named["id"]]

        await contact.get_by_role("link", name="Mira Aldous").click()
        await expect(rep.get_by_role("heading", name="Mira Aldous")).to_be_visible()
        await expect(rep.get_by_role("heading", name="Why 100")).to_be_visible(timeout=SOON_MS)
        for path in (*read[1:], "/case-studies/norrvik-foundry"):
            await expect(rep.get_by_role("listitem").filter(has_text=path).first).to_be_visible()
        await expect(rep.get_by_text("mira.aldous@harbor-mills.example").first).to_be_visible()

        await rep.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts").click()
        await expect(rep.get_by_role("heading", name="Alerts")).to_be_visible()
        await expect(rep.get_by_text("turned hot at")).to_have_count(1)
        assert len(receiver.deliveries) == 1
        assert [data["id"] for event, data in heard if event == "visitor.hot"] == [named["id"]]
        assert [data["score"] for event, data in heard if event == "visitor.updated"][-1] == 100


class Feed:
    """The feed as an integrator reads it."""

    def __init__(self, origin: str, key: str) -> None:
        self._address = f"{origin}/api/v1"
        self._headers = {"Authorization": f"Bearer {key}"}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[tuple["Feed", list[tuple[str, dict[str, Any]]]]]:
        """The feed, and what its stream has told so far, event by event."""
        heard: list[tuple[str, dict[str, Any]]] = []
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(headers=self._headers, timeout=timeout) as client,
            client.get(f"{self._address}/stream") as stream,
        ):
            assert stream.status == 200, await stream.text()
            listener = asyncio.create_task(_listen(stream, heard))
            try:
                yield self, heard
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)

    async def get(self, path: str) -> list[dict[str, Any]]:
        async with aiohttp.ClientSession(headers=self._headers) as client, client.get(self._address + path) as answer:
            assert answer.status == 200, await answer.text()
            data: list[dict[str, Any]] = (await answer.json())["data"]
            return data

    async def only_visitor(self, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The one visitor there is, as soon as it is as expected."""
        found: list[dict[str, Any]] = []
        for _ in range(SOON_MS // 100):
            found = await self.get("/visitors?bot=any")
            if len(found) == 1 and until(found[0]):
                return found[0]
            await asyncio.sleep(0.1)
        raise AssertionError(f"not what was expected: {found}")


async def _listen(stream: aiohttp.ClientResponse, heard: list[tuple[str, dict[str, Any]]]) -> None:
    event = ""
    async for line in stream.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data" and event:
            heard.append((event, json.loads(value)))
        elif not name:
            event = ""


async def _signed_in(browser: Browser, link: str) -> Page:
    """A rep's console, open on what happens now."""
    rep = await (await browser.new_context()).new_page()
    await rep.goto(link)
    await expect(rep.get_by_role("heading", name="Now")).to_be_visible(timeout=SOON_MS)
    return rep


async def _read(shopper: Page, link: str, path: str) -> None:
    """Follow a link of the main menu and read the page for a while, as people do: with the wheel and the pointer."""
    await shopper.get_by_role("navigation", name="Main").get_by_role("link", name=link).click()
    await shopper.wait_for_url(f"**{path}")
    for step in range(12):
        await shopper.mouse.move(200 + 10 * step, 300)
        await shopper.mouse.wheel(0, 60)
        await asyncio.sleep(0.5)


def _score(row: Locator) -> Locator:
    """A row's score, as screen readers hear it."""
    return row.locator("b", has_text="Score").first
