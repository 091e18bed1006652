"""The snippet in a real browser, against a collector that only records."""

from playwright.async_api import Browser, BrowserContext, Page

from tests.services.snippet.world import WRITE_KEY, Collector, Message, Site, engaged_ms, paths_viewed


async def test_a_page_view_arrives_as_plain_text_without_cookies(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing?plan=team#monthly", referer="https://search.example/")
    [view, *others] = await collector.wait_for_pages("/pricing")

    assert others == []
    assert view["context"]["page"] == {
        "url": f"{site.origin}/pricing?plan=team",
        "path": "/pricing",
        "title": "/pricing",
        "search": "?plan=team",
        "referrer": "https://search.example/",
    }
    assert view["context"]["library"]["name"] == "leadlight.js"
    assert view["context"]["userAgent"] == await page.evaluate("navigator.userAgent")
    [post] = collector.posts
    assert (post["writeKey"], post["content_type"], post["cookie"]) == (WRITE_KEY, "text/plain", None)


async def test_the_agent_is_the_same_until_the_page_has_gone(
    browser: Browser, site: Site, collector: Collector
) -> None:
    """A browser that emulates another agent has stopped doing so when the page is left."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
    person = await browser.new_context(user_agent=agent)
    try:
        page = await person.new_page()
        await page.goto(f"{site.origin}/")
        await page.wait_for_timeout(1500)
        await page.goto(f"{site.origin}/product")
        messages = await collector.wait_for(lambda all_: bool(engaged_ms(all_, "/")))
    finally:
        await person.close()
    assert {message["context"]["userAgent"] for message in messages} == {agent}


async def test_every_address_of_a_single_page_site_is_a_view(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    await page.evaluate("history.pushState({}, '', '/product'); document.title = 'The product'")
    await collector.wait_for_pages("/", "/product")
    await page.evaluate("history.replaceState({ scroll: 10 }, '', '/product'); location.hash = 'details'")
    await page.evaluate("history.pushState({}, '', '/pricing')")
    await collector.wait_for_pages("/", "/product", "/pricing")
    await page.evaluate("history.go(-2)")  # past the fragment
    messages = await collector.wait_for_pages("/", "/product", "/pricing", "/product")

    views = [message for message in messages if message["type"] == "page"]
    assert [view["properties"]["referrer"] for view in views] == [
        "",
        f"{site.origin}/",
        f"{site.origin}/product",
        f"{site.origin}/pricing",
    ]
    assert views[1]["properties"]["title"] == "The product"
    assert len({view["anonymousId"] for view in views}) == 1


async def test_a_browser_without_the_navigation_api_tells_the_same(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    await person.add_init_script("delete window.navigation")
    page = await person.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    await page.evaluate("history.pushState({}, '', '/product')")
    await collector.wait_for_pages("/", "/product")
    await page.evaluate("history.replaceState({}, '', '/pricing')")
    await collector.wait_for_pages("/", "/product", "/pricing")
    await page.evaluate("history.back()")
    await collector.wait_for_pages("/", "/product", "/pricing", "/")
    assert complaints == []


async def test_engaged_time_is_told_while_the_page_is_read(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await page.mouse.wheel(0, 10_000)
    [view, report] = await collector.wait_for(lambda messages: len(messages) == 2)

    assert report["event"] == "Page Engaged"
    assert report["properties"]["page_view_id"] == view["messageId"]
    assert 5000 <= report["properties"]["engaged_ms"] < 8000
    assert report["properties"]["scroll_percent"] == 100
    assert view["timestamp"] < report["properties"]["active_until"] <= report["timestamp"]


async def test_closing_the_tab_tells_the_time_spent(person: BrowserContext, site: Site, collector: Collector) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await collector.wait_for_pages("/pricing")
    await page.wait_for_timeout(1000)
    await page.close(run_before_unload=True)
    messages = await collector.wait_for(lambda messages: engaged_ms(messages, "/pricing") != [])

    assert 900 <= engaged_ms(messages, "/pricing")[-1] < 5000


async def test_walking_through_the_site_sends_every_message_once(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    await the_part_that_knows_links_is_here(page)
    await page.get_by_role("link", name="Pricing").click()
    await collector.wait_for_pages("/", "/pricing")
    await the_part_that_knows_links_is_here(page)
    await page.get_by_role("link", name="Contact").click()
    messages = await collector.wait_for_pages("/", "/pricing", "/contact")

    assert collector.repeats == []
    assert len(engaged_ms(messages, "/")) == 1
    assert len(engaged_ms(messages, "/pricing")) == 1
    assert len(collector.posts) == 3


async def test_a_sent_form_introduces_its_sender(person: BrowserContext, site: Site, collector: Collector) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/contact")
    await page.fill("[name=name]", "Mara Lindqvist")
    await page.fill("[name=email]", "mara@norrvik.example")
    await page.fill("[name=company]", "Norrvik Foods")
    await page.fill("[name=card]", "4000 0000 0000 0002")
    await page.fill("[name=message]", "Our budget is large")
    assert not [message for message in collector.messages if message["type"] == "identify"]
    await page.get_by_role("button", name="Send").click()
    messages = await collector.wait_for(lambda messages: "/contact/thanks" in paths_viewed(messages))

    [identify, *_] = [message for message in messages if message["type"] == "identify"]
    assert identify["traits"] == {
        "name": "Mara Lindqvist",
        "email": "mara@norrvik.example",
        "company": "Norrvik Foods",
    }
    [sent, *_] = [message for message in messages if message.get("event") == "Form Submitted"]
    assert sent["properties"] == {
        "form_id": "talk",
        "form_name": "contact",
        "path": "/contact",
        "fields": ["name", "email", "company", "message"],
    }
    told = str(messages)
    assert "budget" not in told
    assert "4000" not in told
    assert "hidden-value" not in told


async def test_nothing_is_lost_while_the_collector_is_dead(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    collector.dead = True
    await page.evaluate("leadlight.track('Opened the calculator')")
    await collector.wait_for_refused(1)
    await page.goto(f"{site.origin}/product")
    await collector.wait_for_refused(2)
    await page.goto(f"{site.origin}/pricing")
    await collector.wait_for_refused(3)
    collector.dead = False
    messages = await collector.wait_for_pages("/", "/product", "/pricing")

    assert "Opened the calculator" in events(messages)
    assert await stored_events(page) == []


async def test_nothing_is_lost_while_the_browser_is_offline(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    await person.set_offline(True)
    await page.evaluate("history.pushState({}, '', '/product')")
    await page.wait_for_function("Object.keys(localStorage).some(key => key.startsWith('leadlight.q.'))")
    await page.wait_for_timeout(500)
    assert paths_viewed(collector.messages) == ["/"]
    await person.set_offline(False)
    await collector.wait_for_pages("/", "/product")


async def test_tabs_share_their_visitor_and_lose_nothing(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.dead = True
    tabs = [await person.new_page() for _ in range(4)]
    for number, tab in enumerate(tabs):
        await tab.goto(f"{site.origin}/tab/{number}")
        await tab.evaluate("leadlight.track('Opened')")
    collector.dead = False
    messages = await collector.wait_for(lambda messages: events(messages).count("Opened") == 4)

    assert sorted(paths_viewed(messages)) == [f"/tab/{number}" for number in range(4)]
    assert len({message["anonymousId"] for message in messages}) == 1


async def test_blocked_storage_throws_nothing_into_the_page(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.headers = {"Content-Security-Policy": "sandbox allow-scripts"}  # an origin of its own, without any storage
    page = await person.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{site.origin}/pricing")
    await collector.wait_for_pages("/pricing")
    await page.evaluate("leadlight.track('Opened')")
    messages = await collector.wait_for(lambda messages: len(messages) == 2)

    assert len({message["anonymousId"] for message in messages}) == 1
    assert complaints == []


async def test_global_privacy_control_sends_and_stores_nothing(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    await person.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { get: () => true })")
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await page.wait_for_function("window.leadlight && leadlight.version")
    await page.evaluate("leadlight.track('Opened'); leadlight.identify({ email: 'mara@norrvik.example' })")
    await page.goto(f"{site.origin}/contact")
    await page.wait_for_function("window.leadlight && leadlight.version")

    assert collector.posts == []
    assert await page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]") == [
        [],
        [],
        "",
    ]


async def test_a_strict_content_security_policy_needs_only_the_host(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    host = collector.origin
    site.headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src {host}; connect-src {host}; img-src data:;"
        " style-src 'unsafe-inline'; require-trusted-types-for 'script'"
    }
    page = await person.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{site.origin}/pricing")
    await collector.wait_for_pages("/pricing")

    assert complaints == []


async def the_part_that_knows_links_is_here(page: Page) -> None:
    """Until then the time spent is sent twice, under one id: when the page is left and, unconfirmed, by the next."""
    await page.wait_for_function("performance.getEntriesByType('resource').some(it => /-forms-/.test(it.name))")
    await page.wait_for_timeout(200)


async def stored_events(page: Page) -> list[str]:
    keys: list[str] = await page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('leadlight.q.'))")
    return keys


def complaints_of(page: Page) -> list[str]:
    """Everything that goes wrong in the page from now on."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    return complaints


def events(messages: list[Message]) -> list[str | None]:
    return [message.get("event") for message in messages]
