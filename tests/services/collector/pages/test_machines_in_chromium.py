"""A real headless Chromium that says it is an ordinary browser, at the real door: what its own headers tell of it."""

import pytest
from playwright.async_api import Browser, BrowserContext

from leadlight.core.identity.identify import Surroundings, identify
from leadlight.core.records import Event, Identified, Network
from services.identifier.knowledge import load_knowledge
from tests.infra.chromium import USER_AGENT, find_chromium, major_version
from tests.services.collector.front_door import WRITE_KEY, FrontDoor
from tests.services.collector.pages.test_in_chromium import Site, address_of, site, stored

__all__ = ["site"]

KNOWN = load_knowledge()
HOSTING = Surroundings(Network(kind="hosting", rule="asn_class", block="198.51.100.0/24", host="h"))
HOME = Surroundings(Network(kind="isp", rule="asn_class", block="203.0.113.0/24", host="h"))


async def posted(door: FrontDoor, site: Site, context: BrowserContext, webdriver: str = "null") -> Event:
    """A page view that a page's script posts from this browser."""
    page = await context.new_page()
    await page.goto(f"{site.origin}/pricing")
    body = (
        f'JSON.stringify({{writeKey: "{WRITE_KEY}", type: "page", anonymousId: "somebody", '
        f'context: {{library: {{name: "leadlight.js"}}, webdriver: {webdriver}}}}})'
    )
    await page.evaluate(f'fetch("{address_of(door)}v1/page", {{method: "POST", body: {body}}})')
    return (await stored(door, lambda events: len(events) == 1))[0]


def told(event: Event, around: Surroundings) -> Identified:
    return identify(event, KNOWN, around)


@pytest.mark.chromium
async def test_one_that_says_another_version_is_a_machine_on_a_servers_network_only(
    door: FrontDoor, site: Site, browser: Browser
) -> None:
    agent = USER_AGENT.format(major=int(major_version(find_chromium())) - 9)
    context = await browser.new_context(user_agent=agent)
    event = await posted(door, site, context)
    assert event.oddities == ("other_browser",)
    assert told(event, HOSTING).bot_reasons == ("headers", "network")
    assert told(event, HOME).bot_reasons == ()


@pytest.mark.chromium
async def test_one_whose_page_is_told_that_a_program_drives_it_is_a_machine_on_a_servers_network(
    door: FrontDoor, site: Site, browser: Browser
) -> None:
    event = await posted(door, site, await browser.new_context(), webdriver="true")
    assert told(event, HOSTING).bot_reasons == ("behaviour", "network")
    assert told(event, HOME).bot_reasons == ()


@pytest.mark.chromium
async def test_one_with_nothing_odd_about_it_is_a_person_wherever_it_comes_from(
    door: FrontDoor, site: Site, browser: Browser
) -> None:
    event = await posted(door, site, await browser.new_context())
    assert event.oddities == ()
    assert told(event, HOSTING).bot_reasons == ()
    assert told(event, HOSTING).machine_evidence == ("network:hosting@198.51.100.0/24",)
