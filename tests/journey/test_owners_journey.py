"""An owner's way: paste the tag, check the pages, open the site, and be seen. All of it in a real browser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.services.cli.running import up

pytestmark = pytest.mark.chromium

ALLOW = {"LEADLIGHT_WEBHOOK_ALLOW": "127.0.0.0/8"}


@pytest.fixture
async def running(tmp_path: Path, free_port: int) -> AsyncIterator[dict[str, Any]]:
    with up(tmp_path, "--port", str(free_port), extra=ALLOW) as started:
        yield started


@pytest.fixture
async def set_up(running: dict[str, Any], browser: Browser) -> AsyncIterator[Page]:
    """The set-up page, signed in."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await page.goto(running["sign_in"])
    await page.wait_for_url(running["console"] + "/")
    await page.goto(running["console"] + "/set-up")
    yield page
    await context.close()


async def test_the_demo_site_is_checked_and_its_reader_is_seen(running: dict[str, Any], set_up: Page) -> None:
    await set_up.get_by_label("Address of a page").fill(running["demo_site"])
    await set_up.get_by_role("button", name="Check the pages").click()
    await expect(set_up.get_by_text("All well")).to_be_visible(timeout=20_000)
    async with set_up.context.expect_page() as opened:
        await set_up.get_by_role("link", name="Open it and watch").click()
    shop = await opened.value
    await expect(shop).to_have_title(re.compile("Fernhall"))
    await expect(set_up.get_by_text("We see you")).to_be_visible(timeout=15_000)
    await expect(set_up.get_by_text("and is counted")).to_be_visible()
    await set_up.get_by_role("link", name="See yourself among the others").click()
    await set_up.locator(".row .name a").first.click()
    await expect(set_up.get_by_role("heading", level=1)).to_be_visible()
    assert "leadlight_check" not in await set_up.content()  # the token stays out of what is stored


async def test_whose_visits_are_left_out_is_told_so_and_not_left_waiting(
    running: dict[str, Any], set_up: Page, browser: Browser
) -> None:
    await set_up.get_by_label("Address of a page").fill(running["demo_site"])
    link = await set_up.get_by_role("link", name="Open it and watch").get_attribute("href")
    assert link is not None
    private = await browser.new_context(extra_http_headers={"DNT": "1"})
    reader = await private.new_page()
    await reader.goto(link)
    await set_up.evaluate("document.querySelector('#seen').dispatchEvent(new Event('opened'))")
    await expect(set_up.get_by_text("We see you")).to_be_visible(timeout=15_000)
    await expect(set_up.get_by_text("was left out: The visitor chose not to be followed")).to_be_visible()
    await private.close()


async def test_what_may_keep_a_page_view_away_is_told_while_none_comes(set_up: Page, browser: Browser) -> None:
    await set_up.get_by_label("Address of a page").fill("http://127.0.0.1:1/nothing-here")
    async with set_up.context.expect_page():
        await set_up.get_by_role("link", name="Open it and watch").click()
    await expect(set_up.get_by_text("Waiting for the page you opened")).to_be_visible()
    await expect(set_up.get_by_text("content blocker")).to_be_visible(timeout=30_000)
