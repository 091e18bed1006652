"""The check of an installation on the set-up page: pages are looked at behind it, and what is wrong is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from playwright.async_api import expect

from leadlight.core.intake.drop_words import REFUSALS, WORDS
from leadlight.core.intake.drops import Drop
from services.collector.pages.reference import POST_REFUSALS
from tests.infra.web import Answer, Website, html, open_website, sitemap
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage
from tests.services.console.test_look import CONTRAST, NAMES


@pytest.fixture
async def shop() -> AsyncIterator[Website]:
    async with open_website() as site:
        yield site


async def allow_loopback(stage: Stage) -> None:
    await stage.stop_console()
    allowed = replace(stage.runtime.settings, webhook_allow=(ip_network("127.0.0.0/8"),))
    stage.runtime = replace(stage.runtime, settings=allowed)
    await stage.start_console()


async def checked(stage: Stage, admin: Visit, address: str) -> str:
    """What the page shows once the check is done."""
    async with admin.http.post(
        f"{stage.url}/set-up/check", data={"address": address}, headers={"HX-Request": "true"}
    ) as answer:
        text = await answer.text()
    async with asyncio.timeout(20):
        while "every 1s" in text:
            await asyncio.sleep(0.1)
            text = await admin.read("/set-up/check", live=True)
    return text


def tag(stage: Stage) -> str:
    return f'<script async src="{stage.url}/leadlight.js" data-key="{stage.site.write_key}"></script>'


def test_every_reason_for_a_drop_has_words_and_no_other_has() -> None:
    assert set(WORDS) == {drop.value for drop in Drop}
    assert all(word.what and word.do for word in WORDS.values())
    assert {f"refused_{status}" for status in POST_REFUSALS if status < 500} <= set(REFUSALS)


async def test_what_is_wrong_is_told_with_the_pages_it_is_wrong_on(stage: Stage, admin: Visit, shop: Website) -> None:
    await allow_loopback(stage)
    shop.pages |= {"/good": html(tag(stage)), "/a": html(), "/b": html(), "/<i>": html()}
    shop.pages["/sitemap.xml"] = sitemap([f"{shop.url}/{path}" for path in ("good", "a", "b")])
    text = await checked(stage, admin, f"{shop.url}/sitemap.xml")
    assert "2 pages with something wrong" in text
    assert "The tag is not in the page" in text
    assert f"{shop.url}/a" in text
    assert "The tag is there, with this site&#39;s key." in text
    assert "2 pages with something wrong" in await admin.read("/set-up")  # it is still there later
    shop.pages["/good"] = html(tag(stage))
    assert "All well" in await checked(stage, admin, f"{shop.url}/good")


async def test_a_private_address_is_refused_with_the_way_out(stage: Stage, admin: Visit, shop: Website) -> None:
    text = await checked(stage, admin, shop.url)
    assert "LEADLIGHT_WEBHOOK_ALLOW=127.0.0.0/8" in text
    assert shop.asked == []
    assert "no web address" in await checked(stage, admin, "ftp://shop.example")


async def test_one_check_at_a_time_goes_on_and_it_ends_with_its_process(
    stage: Stage, admin: Visit, shop: Website
) -> None:
    await allow_loopback(stage)
    shop.pages["/"] = Answer("slow", wait_seconds=30)
    data = {"address": shop.url}
    async with admin.http.post(f"{stage.url}/set-up/check", data=data, headers={"HX-Request": "true"}) as answer:
        assert "Looking at" in await answer.text()
    async with admin.http.post(f"{stage.url}/set-up/check", data=data, headers={"HX-Request": "true"}) as answer:
        assert "goes on already" in await answer.text()
    await stage.stop_console()  # at once, not after the page's time-out
    await stage.start_console()
    assert "Check your installation" in await admin.read("/set-up")


async def test_only_admins_check_and_only_their_own_tokens_are_watched(
    stage: Stage, admin: Visit, stranger: Visit
) -> None:
    assert await stranger.sign_in(await stage.sign_in_link(email="rep@fernhall.example", role="rep")) == 303
    async with stranger.http.post(f"{stage.url}/set-up/check", data={"address": "shop.example"}) as answer:
        assert answer.status == 403
    await stranger.read("/set-up/seen?token=x", status=403)
    text = await admin.read("/set-up/seen?token=00000000-0000000000000000-00000000000000000000000000000000", status=286)
    assert "too old" in text


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_and_used_at_any_width(stage: Stage, window: Window, shop: Website, scheme: str) -> None:
    await allow_loopback(stage)
    long = "/" + "x" * 300
    shop.pages |= {"/good": html(tag(stage)), long: html(), "/gtm": html("<script>/*GTM-ABC123*/</script>")}
    shop.pages |= {f"/{number}": html() for number in range(9)}
    shop.pages["/sitemap.xml"] = sitemap([shop.url + path for path in shop.pages])
    page = window.page
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(f"{stage.url}/set-up")
    window.complaints.clear()  # the console was started anew under an open page
    await page.get_by_label("Address of a page").fill(f"{shop.url}/sitemap.xml")
    link = page.get_by_role("link", name="Open it and watch")
    assert (await link.get_attribute("href") or "").startswith(f"{shop.url}/?leadlight_check=")
    await page.get_by_role("button", name="Check the pages").click()
    await expect(page.get_by_text("10 pages with something wrong")).to_be_visible(timeout=20_000)
    await expect(page.get_by_text("and 4 more pages")).to_be_visible()
    for width in (1280, 390, 320):
        await page.set_viewport_size({"width": width, "height": 844})
        assert await window.sideways() <= 0, width
        assert (await page.evaluate(CONTRAST))["faint"] == []
        assert await page.evaluate(NAMES) == []
    assert window.complaints == []
