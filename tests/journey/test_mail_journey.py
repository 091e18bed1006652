"""A mailing goes out: scanners open its links in real browsers, and so does the reader. Only the reader becomes known."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import Browser, Page

from tests.infra.chromium import UNDRIVEN, open_browser
from tests.journey.deployment import Deployment, embedded, key_add
from tests.journey.shop import Shop, open_shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.chromium]

READER, SCANNED, COMBED = "ada@harbor-mills.example", "bo@dairy.example", "cy@kiln.example"
PATHS = ("/pricing", "/blog/glare", "/contact")
SOON_SECONDS = 20
QUIET_SECONDS = 4
"""So long after a scanner's last post nothing more is to come of it."""


async def test_of_all_who_open_a_mails_links_the_reader_alone_becomes_a_contact(tmp_path: Path) -> None:
    async with embedded() as leadlight, open_shop(leadlight) as shop, open_browser(UNDRIVEN) as unseen:
        feed = Feed(leadlight.origin, await key_add(leadlight, shop.site))
        combed = await mailed(leadlight, shop, COMBED, PATHS, tmp_path)
        await asyncio.gather(*(open_with_the_mouse(unseen, link) for link in combed))
        async with open_browser() as driven:
            for link in await mailed(leadlight, shop, SCANNED, PATHS, tmp_path):
                await open_by_script(driven, link)
        [link] = await mailed(leadlight, shop, READER, PATHS[:1], tmp_path)
        reader = await (await unseen.new_context()).new_page()
        await reader.goto(link)
        assert reader.url == shop.address + "/pricing"  # the token is gone from the address bar
        assert await feed.visitors_of(READER) == []
        await read(reader, seconds=4)
        known = await feed.the_visitor_of(READER)
        assert (known["contact"]["email"], known["contact"]["method"]) == (READER, "tracked_link")
        assert known["contact"]["confidence"] < 0.9
        assert known["contact"]["evidence"]["campaign"] == "spring"
        assert (known["company"]["domain"], known["company"]["method"]) == ("harbor-mills.example", "tracked_link")
        assert "link_followed" in {reason["rule"] for reason in known["reasons"]}

        await asyncio.sleep(QUIET_SECONDS)
        assert [await feed.visitors_of(email) for email in (SCANNED, COMBED)] == [[], []]
        everybody = await feed.get("/visitors?bot=any")
        assert [visitor["id"] for visitor in everybody if visitor["contact"]] == [known["id"]]
        pages = {visitor["id"]: visitor["page_views"] for visitor in everybody}
        assert len(pages) == 1 + 2 * len(PATHS)  # the scanners' page views were there to be taken for people's
        assert not any("ll=" in json.dumps(visitor) for visitor in everybody)


class Feed:
    """The feed as an integrator reads it."""

    def __init__(self, origin: str, key: str) -> None:
        self._address = f"{origin}/api/v1"
        self._headers = {"Authorization": f"Bearer {key}"}

    async def get(self, path: str) -> list[dict[str, Any]]:
        async with aiohttp.ClientSession(headers=self._headers) as client, client.get(self._address + path) as answer:
            assert answer.status == 200, await answer.text()
            data: list[dict[str, Any]] = (await answer.json())["data"]
            return data

    async def visitors_of(self, email: str) -> list[dict[str, Any]]:
        return await self.get(f"/visitors?bot=any&email={quote(email)}")

    async def the_visitor_of(self, email: str) -> dict[str, Any]:
        for _ in range(SOON_SECONDS * 5):
            if found := await self.visitors_of(email):
                return found[0]
            await asyncio.sleep(0.2)
        raise AssertionError(f"{email} did not become known: {await self.get('/visitors?bot=any')}")


async def mailed(leadlight: Deployment, shop: Shop, email: str, paths: Sequence[str], folder: Path) -> list[str]:
    """The links of a mail to this person, one for each path."""
    links = []
    for path in paths:
        people = folder / "people.csv"
        people.write_text(f"email,url\n{email},{shop.address}{path}\n", encoding="utf-8")
        words = ("links", "mint", "--site", shop.site, "--campaign", "spring", "--file", str(people))
        links.append(str((await leadlight.command(*words))["link"]))
    return links


async def open_with_the_mouse(browser: Browser, link: str) -> None:
    """A scanner with a browser like anybody's, which waits, scrolls and moves the mouse for real."""
    page = await (await browser.new_context()).new_page()
    await page.goto(link)
    await read(page, seconds=3)
    await page.context.close()


async def open_by_script(browser: Browser, link: str) -> None:
    """A scanner that runs the page's scripts, waits three seconds, and scrolls by script."""
    page = await (await browser.new_context()).new_page()
    await page.goto(link)
    for step in range(6):
        await page.evaluate("step => { scrollTo(0, step * 80); dispatchEvent(new MouseEvent('mousemove')) }", step)
        await asyncio.sleep(0.5)
    await page.context.close()


async def read(page: Page, *, seconds: int) -> None:
    """Read on, as people do, and go on to something else: what was read is told then, at the latest."""
    for step in range(2 * seconds):
        await page.mouse.move(200 + 10 * step, 300)
        await page.mouse.wheel(0, 60)
        await asyncio.sleep(0.5)
    await page.goto("about:blank")
