"""A mailing goes out: scanners open its links in real browsers, and so does the reader. Only the reader becomes known."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from playwright.async_api import Browser, Page

from tests.infra.chromium import UNDRIVEN, open_browser
from tests.journey.deployment import MODES, deployed, key_add
from tests.journey.shop import Shop, open_shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.chromium]

READER, SCANNED, COMBED = "ada@harbor-mills.example", "bo@dairy.example", "cy@kiln.example"
PATHS = ("/pricing", "/blog/glare", "/contact")
PATIENCE_SECONDS = 60
"""Far above what anything here takes: a busy machine must not fail the test."""

Visitor = dict[str, Any]


@pytest.mark.parametrize("mode", MODES)
async def test_of_all_who_open_a_mails_links_the_reader_alone_becomes_a_contact(
    mode: str, request: pytest.FixtureRequest
) -> None:
    async with (
        deployed(mode, request) as leadlight,
        open_shop(leadlight) as shop,
        open_browser(UNDRIVEN) as unseen,
        open_browser() as driven,
    ):
        feed = Feed(leadlight.origin, await key_add(leadlight, shop.site, scope="read,write"))
        mail = await feed.mailed(shop, {READER: PATHS[:1], SCANNED: PATHS, COMBED: PATHS})
        await asyncio.gather(
            *(open_with_the_mouse(unseen, link) for link in mail[COMBED]),
            *(open_by_script(driven, link) for link in mail[SCANNED]),
        )
        # their page views, and how long they were used, were there to be taken for people's
        await feed.visitors(lambda found: len(found) == 2 * len(PATHS) and all(map(was_used, found)))

        reader = await (await unseen.new_context()).new_page()
        await reader.goto(mail[READER][0])
        assert reader.url == shop.address + "/pricing"  # the token is gone from the address bar
        everybody = await feed.visitors(lambda found: len(found) == 2 * len(PATHS) + 1)
        assert [visitor["contact"] for visitor in everybody] == [None] * len(everybody)
        await read(reader)
        [known] = await feed.visitors(bool, email=READER)
        assert (known["contact"]["email"], known["contact"]["method"]) == (READER, "tracked_link")
        assert known["contact"]["confidence"] < 0.9
        assert known["contact"]["evidence"]["campaign"] == "spring"
        assert (known["company"]["domain"], known["company"]["method"]) == ("harbor-mills.example", "tracked_link")
        assert "link_followed" in {reason["rule"] for reason in known["reasons"]}

        everybody = await feed.visitors(lambda found: all(map(was_used, found)))
        assert [visitor["id"] for visitor in everybody if visitor["contact"]] == [known["id"]]
        assert [visitor["page_views"] for visitor in everybody] == [1] * (2 * len(PATHS) + 1)
        assert [await feed.visitors(no_matter, email=email) for email in (SCANNED, COMBED)] == [[], []]
        assert not any("ll=" in json.dumps(visitor) for visitor in everybody)


def was_used(visitor: Visitor) -> bool:
    """The landing page has told of its time, all of which a person would have needed to become known."""
    return bool(visitor["engaged_seconds"] >= 2)


def no_matter(_: list[Visitor]) -> bool:
    return True


class Feed:
    """The feed as an integrator uses it."""

    def __init__(self, origin: str, key: str) -> None:
        self._address = f"{origin}/api/v1"
        self._headers = {"Authorization": f"Bearer {key}"}

    async def visitors(self, until: Callable[[list[Visitor]], bool], *, email: str | None = None) -> list[Visitor]:
        """Everybody, or those with this address, as soon as they are as expected."""
        query = "bot=any" + (f"&email={quote(email)}" if email else "")
        found: list[Visitor] = []
        async with aiohttp.ClientSession(headers=self._headers) as client:
            for _ in range(PATIENCE_SECONDS * 4):
                async with client.get(f"{self._address}/visitors?{query}") as answer:
                    assert answer.status == 200, await answer.text()
                    found = (await answer.json())["data"]
                if until(found):
                    return found
                await asyncio.sleep(0.25)
        raise AssertionError(f"not what was expected: {found}")

    async def mailed(self, shop: Shop, mail: dict[str, Sequence[str]]) -> dict[str, list[str]]:
        """The links in a mail to each of these people, one for each path."""
        wanted = [(email, path) for email, paths in mail.items() for path in paths]
        people = [{"person": email, "url": shop.address + path} for email, path in wanted]
        body = {"campaign": "spring", "people": people}
        async with (
            aiohttp.ClientSession(headers=self._headers) as client,
            client.post(f"{self._address}/links/batch", json=body) as answer,
        ):
            assert answer.status == 200, await answer.text()
            outcomes = (await answer.json())["data"]
        links: dict[str, list[str]] = {email: [] for email in mail}
        for (email, _), outcome in zip(wanted, outcomes, strict=True):
            links[email].append(outcome["link"]["link"])
        return links


async def open_with_the_mouse(browser: Browser, link: str) -> None:
    """A scanner with a browser like anybody's, which waits, scrolls and moves the mouse for real."""
    page = await (await browser.new_context()).new_page()
    await page.goto(link)
    await read(page)
    await page.context.close()


async def open_by_script(browser: Browser, link: str) -> None:
    """A scanner that runs the page's scripts, waits, and scrolls by script."""
    page = await (await browser.new_context()).new_page()
    await page.goto(link)
    for step in range(8):
        await page.evaluate("step => { scrollTo(0, step * 80); dispatchEvent(new MouseEvent('mousemove')) }", step)
        await asyncio.sleep(0.5)
    await page.goto("about:blank")
    await page.context.close()


async def read(page: Page) -> None:
    """Read for four seconds, as people do, and go on to something else: what was read is told then, at the latest."""
    for step in range(8):
        await page.mouse.move(200 + 10 * step, 300)
        await page.mouse.wheel(0, 60)
        await asyncio.sleep(0.5)
    await page.goto("about:blank")
