"""Landing with a token: the page view carries it once, the address bar not for long, and nothing afterwards at all."""

import json

import pytest
from playwright.async_api import BrowserContext, Page

from tests.services.snippet.test_in_chromium import complaints_of
from tests.services.snippet.world import Collector, Message, Site, paths_viewed

TOKEN = "c.rCaRjBupfKo-oAWdO4wx9a0T34ROU4fmTCwZ6G0gWObXbeR13kHEAbmDvrnfuxA0cVzACxab_ODZzfXvIOYX2O0Gbjin"


async def bar_shows(page: Page, address: str) -> None:
    await page.wait_for_function("address => location.href === address", arg=address)


def carriers(messages: list[Message]) -> list[str]:
    """What of all that was told speaks of the token."""
    return [message.get("event") or message["type"] for message in messages if TOKEN in json.dumps(message)]


async def test_the_token_leaves_the_bar_and_everything_else_stays(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    await person.add_init_script("if (location.search) history.replaceState({router: {key: 7}}, '')")
    page = await person.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{site.origin}/pricing?a=1&ll={TOKEN}&b=%C3%A4+x%20y&utm_source=letter#plans")
    await bar_shows(page, f"{site.origin}/pricing?a=1&b=%C3%A4+x%20y&utm_source=letter#plans")
    assert await page.evaluate("history.state") == {"router": {"key": 7}}
    assert await page.evaluate("history.length") == 2, "the blank page and this one"
    [view] = await collector.wait_for_pages("/pricing")
    assert f"ll={TOKEN}" in view["properties"]["url"]
    assert complaints == []


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (f"/?ll={TOKEN}", "/"),
        (f"/?ll={TOKEN}#top", "/#top"),
        (f"/?ll={TOKEN}&a=1", "/?a=1"),
        (f"/?a=1&ll={TOKEN}", "/?a=1"),
        (f"//twice/?ll={TOKEN}", "//twice/"),
        ("/?ll=h." + "0a" * 32, "/"),
        ("/?ll=48.137154,11.576124&zoom=3", "/?ll=48.137154,11.576124&zoom=3"),
        ("/?all=abcdefghijklmnopqrstuvwxyz", "/?all=abcdefghijklmnopqrstuvwxyz"),
    ],
)
async def test_whatever_stands_around_it_the_address_is_what_it_would_be_without(
    person: BrowserContext, site: Site, collector: Collector, asked: str, shown: str
) -> None:
    page = await person.new_page()
    async with page.expect_response(lambda answer: "leadlight-more" in answer.url):
        await page.goto(site.origin + asked)
    await bar_shows(page, site.origin + shown)
    messages = await collector.wait_for(lambda all_: len(paths_viewed(all_)) == 1)
    await page.wait_for_timeout(1_200)
    assert len(paths_viewed(collector.messages)) == 1, "a change of the bar is no page view"
    assert messages[0]["properties"]["url"] == site.origin + asked.partition("#")[0]


async def test_it_is_told_once_and_never_by_later_pages(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    await page.evaluate("leadlight.track('Read on')")
    await page.mouse.move(5, 5)
    await page.click("a[href='/pricing']")
    await page.wait_for_url("**/pricing")
    assert await page.evaluate("document.referrer") == f"{site.origin}/"
    await collector.wait_for_pages("/", "/pricing")
    await page.go_back()
    await bar_shows(page, f"{site.origin}/")
    messages = await collector.wait_for(lambda all_: len(paths_viewed(all_)) == 3)
    assert carriers(messages) == ["page"]
    assert TOKEN in json.dumps(messages[0])


async def test_routers_that_write_back_what_they_remember_are_cleaned_after(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    await page.evaluate(f"history.replaceState({{}}, '', '/?ll={TOKEN}'); history.pushState({{}}, '', '/docs')")
    await collector.wait_for_pages("/", "/docs")
    await page.go_back()
    await bar_shows(page, f"{site.origin}/")
    messages = await collector.wait_for_pages("/", "/docs", "/")
    assert carriers(messages) == ["page"]
    assert messages[-1]["properties"]["referrer"] == f"{site.origin}/docs"


async def test_others_who_listen_on_the_history_hear_nothing(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    await person.add_init_script(
        "window.heard = []; for (const name of ['pushState', 'replaceState']) { const real = history[name];"
        "history[name] = function () { heard.push(name); return real.apply(this, arguments) } }"
        "addEventListener('popstate', () => heard.push('popstate'))"
    )
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    assert await page.evaluate("heard") == []


async def test_a_strict_policy_and_a_blocked_storage_are_no_obstacle(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    policy = f"default-src 'none'; script-src {collector.origin}; connect-src {collector.origin}"
    site.headers = {"Content-Security-Policy": f"{policy}; require-trusted-types-for 'script'; trusted-types leadlight"}
    await person.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('blocked', 'SecurityError') }})"
    )
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    assert carriers(await collector.wait_for_pages("/")) == ["page"]


async def test_what_was_clicked_while_the_collector_is_away_is_told_when_it_is_back(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.dead = True
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    await collector.wait_for_refused(1)
    collector.dead = False
    await page.evaluate("dispatchEvent(new Event('online'))")
    assert carriers(await collector.wait_for_pages("/")) == ["page"]


@pytest.mark.parametrize("attributes", ['data-consent="required"', "data-optout"])
async def test_who_allows_nothing_has_a_clean_bar_and_tells_nothing(
    person: BrowserContext, site: Site, collector: Collector, attributes: str
) -> None:
    site.attributes = attributes
    if attributes == "data-optout":
        await person.add_init_script("localStorage['leadlight.out'] = '1'")
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    await page.wait_for_timeout(1_200)
    assert collector.messages == []
    assert TOKEN not in await page.evaluate("JSON.stringify({...localStorage})")


async def test_consent_given_on_the_landing_page_tells_the_token_once(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.attributes = 'data-consent="required"'
    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await bar_shows(page, f"{site.origin}/")
    await page.evaluate("leadlight.consent({analytics: true, marketing: true}); leadlight.track('Agreed')")
    messages = await collector.wait_for(lambda all_: len(all_) == 2)
    assert carriers(messages) == ["page"]


async def test_a_touch_is_told_when_the_browser_vouches_for_it(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    def reports(messages: list[Message]) -> list[bool]:
        told = [message["properties"] for message in messages if message.get("event") == "Page Engaged"]
        return [properties.get("touched") is True for properties in told]

    page = await person.new_page()
    await page.goto(f"{site.origin}/?ll={TOKEN}")
    await page.evaluate(
        "scrollTo(0, 500);"
        "for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'click'])"
        "  document.body.dispatchEvent(new MouseEvent(name, {bubbles: true, view: window}))"
    )
    assert reports(await collector.wait_for(lambda all_: len(reports(all_)) == 1)) == [False]
    await page.mouse.wheel(0, 300)
    await page.wait_for_timeout(300)
    await page.goto(f"{site.origin}/next")
    messages = await collector.wait_for(lambda all_: len(reports(all_)) >= 2)
    assert reports(messages)[1] is True
    await page.wait_for_timeout(300)
    await page.goto(f"{site.origin}/third")
    messages = await collector.wait_for(lambda all_: len(reports(all_)) >= 3)
    assert reports(messages)[2] is False, "each page view for itself"
