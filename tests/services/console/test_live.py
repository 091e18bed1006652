"""Pages change by themselves: what happens on the site shows in an open page, without reloading it."""

import asyncio

import pytest
from aiohttp import ClientTimeout
from playwright.async_api import Browser, expect

from tests.services.console.cast import minutes, morning
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Someone, Stage


async def live_address(visit: Visit) -> str:
    """Where a page that was just drawn listens, once the console has begun to look."""
    while True:
        html = await visit.read("/")
        address = html.split('sse-connect="')[1].split('"')[0]
        if not address.endswith(".before"):
            return visit.url + address
        await asyncio.sleep(0.05)


def hot(stage: Stage, name: str = "Zofia Solberg") -> Someone:
    return (
        stage.someone(name)
        .reads("/pricing", ago=minutes(4), seconds=30)
        .reads("/demo", ago=minutes(3), seconds=30)
        .introduces("zofia@oakmere.example", ago=minutes(2), company="Oakmere Joinery", name=name)
        .reads("/compare/us", ago=minutes(1), seconds=30)
    )


@pytest.mark.chromium
async def test_a_new_visitor_appears_without_reload(stage: Stage, window: Window) -> None:
    page = window.page
    await expect(page.get_by_text("Nobody has been here yet")).to_be_visible()
    await page.evaluate("window.same = true")
    await stage.happens(stage.someone("new").reads("/product/benches", ago=minutes(0)))
    row = page.get_by_role("listitem").filter(has_text="Unknown visitor")
    await expect(row).to_contain_text("/product/benches")
    await expect(page.get_by_text("1 person on the site")).to_be_visible()
    assert await page.evaluate("window.same")
    assert window.complaints == []


@pytest.mark.chromium
async def test_a_visitor_who_turns_hot_is_told_on_any_page(stage: Stage, window: Window) -> None:
    page = window.page
    await page.goto(stage.url + "/visitors?known=contact")
    await stage.happens(hot(stage))
    toast = page.locator("[data-toast]")
    await expect(toast).to_contain_text("Zofia Solberg turned hot")
    await expect(page.get_by_role("link", name="Alerts 1 new")).to_be_visible()
    await expect(page).to_have_title("(1) Visitors · Leadlight")
    await expect(page.get_by_role("list").get_by_text("Zofia Solberg")).to_be_visible()
    await toast.get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Zofia Solberg")
    assert window.complaints == []


@pytest.mark.chromium
async def test_an_open_visitor_page_follows_the_visitor(stage: Stage, window: Window) -> None:
    page = window.page
    unknown = stage.someone("unknown").reads("/", ago=minutes(3), seconds=9)
    await stage.happens(unknown)
    await page.goto(f"{stage.url}/visitors/{unknown.id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Unknown visitor")
    await stage.happens(
        stage.someone("unknown")
        .reads("/pricing", ago=minutes(1), seconds=48)
        .introduces("hana@casalimone.example", ago=minutes(0.5), company="Casa Limone", name="Hana Ito")
    )
    await expect(page.get_by_role("heading", level=1)).to_have_text("Hana Ito")
    await expect(page.get_by_text("Read the pricing page for 48 s")).to_be_visible()
    await expect(page.get_by_text("on /pricing for")).to_be_visible()


async def test_a_page_drawn_before_the_console_began_to_look_misses_nothing(stage: Stage, admin: Visit) -> None:
    await stage.stop_console()
    await stage.start_console()
    async with admin.http.get(stage.url + "/live?since=whatever") as answer:
        said = await asyncio.wait_for(answer.content.readuntil(b"data: \n\n"), 10)
    assert b"event: visitors" in said


async def test_somebody_who_changed_between_reading_and_listening_is_not_missed(stage: Stage, admin: Visit) -> None:
    live = await live_address(admin)
    await stage.happens(stage.someone("quick").reads("/", ago=minutes(0)))
    await asyncio.sleep(0.5)  # the change has been looked at before anybody listens
    async with admin.http.get(live) as answer:
        said = await asyncio.wait_for(answer.content.readuntil(b"data: \n\n"), 10)
    assert b"event: visitors" in said


@pytest.mark.chromium
async def test_set_up_says_when_the_first_page_view_has_arrived(stage: Stage, window: Window) -> None:
    page = window.page
    await page.goto(stage.url + "/set-up")
    await page.get_by_label("Name", exact=True).fill("half typed")
    await stage.happens(stage.someone("first").reads("/", ago=minutes(0)))
    await expect(page.get_by_text("Page views arrive")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("half typed")


@pytest.mark.chromium
async def test_a_lost_connection_is_said_and_found_again(stage: Stage, window: Window) -> None:
    page = window.page
    lost = page.get_by_text("Connection lost")
    await expect(lost).to_be_hidden()
    await stage.stop_console()
    await expect(lost).to_be_visible()
    await stage.happens(stage.someone("meanwhile").reads("/while-away", ago=minutes(0)))
    await stage.start_console()
    await expect(lost).to_be_hidden(timeout=20_000)
    await expect(page.get_by_role("listitem").get_by_text("/while-away").first).to_be_visible()


@pytest.mark.chromium
async def test_where_the_keyboard_is_survives_a_change(stage: Stage, window: Window) -> None:
    page = window.page
    await stage.happens(*morning(stage))
    tomasz = page.locator(f"#row-{stage.someone('tomasz').id}")
    halden = page.locator(f"#row-{stage.someone('halden').id}")
    await expect(tomasz).to_be_visible()
    for _ in range(3):
        await page.keyboard.press("j")
    await expect(tomasz).to_be_focused()
    await page.keyboard.press("k")
    await expect(halden).to_be_focused()
    await stage.happens(stage.someone("late").reads("/faq-of-the-day", ago=minutes(0)))
    await expect(page.get_by_text("/faq-of-the-day").first).to_be_visible()
    await expect(halden).to_be_focused()
    await page.keyboard.press("/")
    await page.keyboard.type("wilk")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/visitors?q=wilk")
    await expect(page.get_by_role("listitem")).to_have_count(1)


@pytest.mark.chromium
async def test_times_go_on_while_one_watches(stage: Stage, window: Window) -> None:
    page = window.page
    await stage.happens(stage.someone("reader").reads("/", ago=minutes(0.5)))
    since = page.locator("time[data-say=since]").first
    first = await since.text_content()
    await expect(since).not_to_have_text(first or "")


@pytest.mark.chromium
async def test_without_scripts_the_console_can_be_read(stage: Stage, browser: Browser) -> None:
    await stage.happens(*morning(stage))
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(await stage.sign_in_link())
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(stage.url + "/")
    await page.get_by_role("link", name="Mara Lindqvist").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Mara Lindqvist")
    await context.close()


async def test_open_pages_let_go_at_once_when_the_console_stops(stage: Stage, admin: Visit) -> None:
    async with admin.http.get(await live_address(admin), timeout=ClientTimeout(total=30)) as answer:
        assert answer.content_type == "text/event-stream"
        await answer.content.readuntil(b"\n\n")
        await stage.stop_console()
        rest = await answer.content.read()
    assert rest == b""


async def test_many_changes_are_told_as_a_few(stage: Stage, admin: Visit) -> None:
    async with admin.http.get(await live_address(admin)) as answer:
        await answer.content.readuntil(b"\n\n")
        for number in range(30):
            await stage.happens(stage.someone(f"v{number}").reads("/", ago=minutes(0)))
        await asyncio.sleep(1)
        await stage.stop_console()
        frames = (await answer.content.read()).count(b"event: visitors")
    assert 1 <= frames <= 15


async def test_nobody_hears_of_another_sites_visitors(stage: Stage, admin: Visit) -> None:
    other = await stage.another_site("Other", "other.example")
    async with admin.http.get(await live_address(admin)) as answer:
        await answer.content.readuntil(b"\n\n")
        await stage.happens(stage.someone("theirs", site=other.id).reads("/", ago=minutes(0)))
        await asyncio.sleep(0.8)
        await stage.stop_console()
        assert b"event:" not in await answer.content.read()


async def test_a_stranger_hears_nothing(stranger: Visit) -> None:
    async with stranger.http.get(stranger.url + "/live") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
