from playwright.async_api import BrowserContext

from services.demosite.app import PAGES
from tests.services.demosite.conftest import Fernhall
from tests.services.snippet.test_in_chromium import complaints_of
from tests.services.snippet.world import Collector, paths_viewed


async def test_every_page_is_counted_and_none_complains(
    person: BrowserContext, fernhall: Fernhall, collector: Collector
) -> None:
    page = await person.new_page()
    complaints = complaints_of(page)
    for number, path in enumerate(PAGES, start=1):
        await page.goto(fernhall.origin + path)
        await collector.wait_for(lambda messages, number=number: len(paths_viewed(messages)) == number)  # type: ignore[misc]

    assert paths_viewed(collector.messages) == list(PAGES)
    assert complaints == []


async def test_booking_a_demo_introduces_the_visitor(
    person: BrowserContext, fernhall: Fernhall, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{fernhall.origin}/pricing")
    await page.get_by_role("banner").get_by_role("link", name="Book a demo").click()
    await page.get_by_label("Your name").fill("Mara Lindqvist")
    await page.get_by_label("Work e-mail").fill("mara@norrvik.example")
    await page.get_by_label("Company").fill("Norrvik Foods")
    await page.get_by_label("What you do there").fill("Head of Purchasing")
    await page.get_by_role("button", name="Book the week").click()
    await page.get_by_role("heading", name="Thank you").wait_for()
    messages = await collector.wait_for(lambda messages: "/demo/thanks" in paths_viewed(messages))

    [identify, *_] = [message for message in messages if message["type"] == "identify"]
    assert identify["traits"] == {
        "name": "Mara Lindqvist",
        "email": "mara@norrvik.example",
        "company": "Norrvik Foods",
        "job_title": "Head of Purchasing",
    }
    assert len({message["anonymousId"] for message in messages}) == 1


async def test_no_page_scrolls_sideways_on_a_phone(person: BrowserContext, fernhall: Fernhall) -> None:
    page = await person.new_page()
    await page.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        await page.goto(fernhall.origin + path)
        assert await page.evaluate("document.documentElement.scrollWidth") == 360, path
