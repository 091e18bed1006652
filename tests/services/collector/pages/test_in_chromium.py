"""What a real browser makes of the pinned snippet, the pixel and tracked links."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from playwright.async_api import Browser

from leadlight.core.intake import tracked_links
from leadlight.core.intake.tracked_links import Link
from leadlight.core.records import Event, EventType
from tests.infra.parts import free_port
from tests.services.cli.command import leadlight
from tests.services.clients.gateway import serving
from tests.services.collector.front_door import SITE, WRITE_KEY, FrontDoor

HTML = '<!doctype html><html lang="en"><head><title>Preise</title><link rel="icon" href="data:,">{head}</head><body>{body}</body></html>'


@dataclass(slots=True)
class Site:
    """One page of another origin, at any path."""

    origin: str
    head: str = ""
    body: str = ""
    visited: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        self.visited.append(request.path_qs)
        return web.Response(text=HTML.format(head=self.head, body=self.body), content_type="text/html")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    app, port = web.Application(), free_port()
    site = Site(f"http://127.0.0.1:{port}")
    app.router.add_get("/{path:.*}", site.serve)
    async with serving(app, port):
        yield site


def address_of(door: FrontDoor) -> str:
    return str(door.client._base_url).rstrip("/") + "/"


async def stored(door: FrontDoor, enough: Callable[[Sequence[Event]], bool]) -> Sequence[Event]:
    events: Sequence[Event] = []
    for _ in range(100):
        events = await door.stored()
        if enough(events):
            return events
        await asyncio.sleep(0.1)
    raise AssertionError([(event.type, event.name) for event in events])


async def pinned_tag(door: FrontDoor) -> str:
    words = ("site", "snippet", "--site", "fernwerk.example", "--pinned", "--json")
    tag: str = (await asyncio.to_thread(leadlight, door.runtime.settings.data, *words)).json["snippet"]
    return re.sub(r'src="https?://[^/]+/', f'src="{address_of(door)}', tag)


async def test_a_pinned_snippet_runs_and_one_with_other_bytes_does_not(
    door: FrontDoor, site: Site, browser: Browser
) -> None:
    site.head = await pinned_tag(door)
    page = await browser.new_page()
    await page.goto(f"{site.origin}/pinned")
    events = await stored(door, lambda events: len(events) > 0)
    assert events[0].type is EventType.PAGE
    assert events[0].page is not None
    assert events[0].page.path == "/pinned"
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    site.head = re.sub(r"sha384-....", "sha384-AAAA", site.head)
    await page.goto(f"{site.origin}/other")
    assert any("integrity" in text for text in told)
    assert await page.evaluate("typeof window.leadlight?.version") == "undefined"


async def test_a_page_without_script_is_viewed_at_its_own_address(
    door: FrontDoor, site: Site, browser: Browser
) -> None:
    address = f"{address_of(door)}v1/pixel.gif?writeKey={WRITE_KEY}"
    site.body = f'<noscript><img src="{address}" width="1" height="1" alt="" referrerpolicy="no-referrer-when-downgrade"></noscript>'
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.origin}/preise?utm_source=brief")
    [event] = await stored(door, lambda events: len(events) > 0)
    assert event.page is not None
    assert (event.type, event.page.path) == (EventType.PAGE, "/preise")
    assert event.campaign == {"source": "brief"}
    assert event.user_agent is not None
    assert "Chrome" in event.user_agent
    await context.close()


async def test_a_reader_who_clicks_a_tracked_link_arrives(door: FrontDoor, site: Site, browser: Browser) -> None:
    token = tracked_links.mint(Link(SITE, f"{site.origin}/angebot?a=1", 2**31, "spring"), door.runtime.secret)
    site.body = f'<a href="{address_of(door)}l/{token}">Angebot</a>'
    page = await browser.new_page()
    await page.goto(f"{site.origin}/brief")
    async with page.expect_navigation(url="**/angebot?a=1"):
        await page.click("a")
    assert site.visited == ["/brief", "/angebot?a=1"]
    [event] = await stored(door, lambda events: len(events) > 0)
    assert (event.name, event.campaign) == ("Link Clicked", {"name": "spring"})
