"""A console with one site and its admin, and ways to look at it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from playwright.async_api import Browser, BrowserContext, Page

from tests.services.console.stage import Stage, open_stage


@dataclass
class Clock:
    """The console's clock, to be put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stage(tmp_path: Path, free_port: int, clock: Clock) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path, free_port, now=clock) as opened:
        yield opened


@dataclass
class Visit:
    """A console session without a browser."""

    http: ClientSession
    url: str

    async def read(self, path: str, *, status: int = 200, live: bool = False) -> str:
        headers = {"HX-Request": "true"} if live else {}
        async with self.http.get(self.url + path, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            return await answer.text()

    async def sign_in(self, link: str) -> int:
        """What opening the link and pressing its button answers."""
        async with self.http.post(link, allow_redirects=False) as answer:
            return answer.status


@pytest.fixture
async def stranger(stage: Stage) -> AsyncIterator[Visit]:
    """Somebody who has not signed in."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        yield Visit(http, stage.url)


@pytest.fixture
async def admin(stage: Stage) -> AsyncIterator[Visit]:
    """The site's admin, signed in."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        visit = Visit(http, stage.url)
        assert await visit.sign_in(await stage.sign_in_link()) == 303
        yield visit


@dataclass
class Window:
    """The console in a real browser, signed in, with everything that the browser complained of."""

    context: BrowserContext
    page: Page
    complaints: list[str]

    async def sideways(self) -> int:
        """By how many pixels the page is wider than the window."""
        wider: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


@pytest.fixture
async def window(stage: Stage, browser: Browser) -> AsyncIterator[Window]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(await stage.sign_in_link())
    await page.wait_for_url(stage.url + "/")
    yield Window(context, page, complaints)
    await context.close()
