"""What a visitor decides, in a real browser: consent, opt-out, no storage at all."""

from playwright.async_api import BrowserContext, Page

from tests.services.snippet.world import Collector, Site, paths_viewed

STORED = "[Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]"
NOTHING = [[], [], ""]


async def part_is_here(page: Page) -> None:
    await page.wait_for_function("performance.getEntriesByType('resource').some(it => /-more-/.test(it.name))")
    await page.wait_for_function("window.leadlight && leadlight.version")
    await page.wait_for_timeout(200)


async def test_consent_required_waits_and_then_makes_up_for_what_was_called(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.attributes = 'data-consent="required"'
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await part_is_here(page)
    await page.evaluate("leadlight.track('Opened'); leadlight.identify({ email: 'mara@norrvik.example' })")
    await page.wait_for_timeout(1500)
    assert collector.posts == []
    assert await page.evaluate(STORED) == NOTHING

    await page.evaluate("leadlight.consent({ analytics: true, marketing: true })")
    messages = await collector.wait_for(lambda all_: len(all_) >= 3)
    assert [message.get("event") or message["type"] for message in messages] == ["page", "Opened", "identify"]
    told = {"categoryPreferences": {"analytics": True, "marketing": True}}
    assert [message["context"]["consent"] for message in messages] == [told] * 3

    await page.goto(f"{site.origin}/product")
    await collector.wait_for(lambda all_: paths_viewed(all_) == ["/pricing", "/product"])


async def test_without_consent_to_marketing_nobody_is_identified(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.attributes = 'data-consent="required"'
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await part_is_here(page)
    await page.evaluate("leadlight.consent({ analytics: true })")
    await page.evaluate("leadlight.identify('u_17', { email: 'mara@norrvik.example' }); leadlight.track('Opened')")
    messages = await collector.wait_for(lambda all_: len(all_) >= 2)

    assert [message.get("event") or message["type"] for message in messages] == ["page", "Opened"]
    assert "mara" not in str(messages)
    assert "u_17" not in str(messages)


async def test_consent_taken_back_removes_everything_at_once_in_every_tab(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.attributes = 'data-consent="required"'
    page, other = await person.new_page(), await person.new_page()
    await page.goto(f"{site.origin}/")
    await part_is_here(page)
    await page.evaluate("leadlight.consent({ analytics: true, marketing: true })")
    await collector.wait_for_pages("/")
    await other.goto(f"{site.origin}/product")
    await collector.wait_for_pages("/", "/product")
    await page.evaluate(f"document.cookie = 'leadlight.id=served;path=/'; {STORED}")

    await page.evaluate("leadlight.consent({ analytics: false, marketing: false })")
    assert await page.evaluate(STORED) == NOTHING
    told = len(collector.messages)
    for tab in (page, other):
        await tab.evaluate("leadlight.track('Opened'); history.pushState({}, '', '/later')")
        await tab.wait_for_timeout(1500)
    assert [message["type"] for message in collector.messages[told:]] == []
    assert await page.evaluate(STORED) == NOTHING


async def test_an_opt_out_is_remembered_until_it_is_taken_back(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    await page.evaluate("leadlight.optOut()")
    await part_is_here(page)
    assert await page.evaluate(STORED) == [["leadlight.out"], [], ""]
    await page.goto(f"{site.origin}/product")
    await part_is_here(page)
    await page.evaluate("leadlight.track('Opened'); leadlight.consent({ analytics: true, marketing: true })")
    await page.wait_for_timeout(1000)
    assert paths_viewed(collector.messages) == ["/"]
    assert await page.evaluate(STORED) == [["leadlight.out"], [], ""]

    await page.evaluate("leadlight.optIn()")
    await collector.wait_for_pages("/", "/product")
    assert "Opened" not in str(collector.messages)


async def test_cookieless_leaves_nothing_behind(person: BrowserContext, site: Site, collector: Collector) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")  # before the site's owner thought better of it
    site.attributes = 'data-mode="cookieless"'
    await page.goto(f"{site.origin}/product")
    await collector.wait_for_pages("/", "/product")
    await page.evaluate("leadlight.track('Opened')")
    messages = await collector.wait_for(lambda all_: any(message.get("event") == "Opened" for message in all_))

    last = messages[-1]
    assert "anonymousId" not in last
    assert last["context"]["cookieless"] is True
    assert await page.evaluate(STORED) == NOTHING
