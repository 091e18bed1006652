"""Sites that are not the plain one, in a real browser: hash routers, strict policies, links, wrong clocks, killed tabs."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, Page

from tests.services.snippet.test_in_chromium import complaints_of, events
from tests.services.snippet.world import WRITE_KEY, Collector, Message, Site, engaged_ms

NONCE = "bm9uY2U"


async def test_a_hash_router_is_followed_when_asked_for(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.attributes = "data-hash"
    page = await person.new_page()
    await page.goto(f"{site.origin}/#/start")
    await collector.wait_for_pages("/#/start")
    await page.evaluate("location.hash = '/pricing'")
    messages = await collector.wait_for_pages("/#/start", "/#/pricing")
    assert messages[-1]["context"]["page"]["url"] == f"{site.origin}/#/pricing"


async def test_a_campaign_survives_a_site_that_cleans_its_address_at_once(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    await person.add_init_script("if (location.search) history.replaceState({}, '', '/welcome')")
    page = await person.new_page()
    await page.goto(f"{site.origin}/?utm_source=letter&gclid=abc#top")
    [view] = await collector.wait_for_pages("/welcome")
    assert view["context"]["page"]["url"] == f"{site.origin}/welcome?utm_source=letter&gclid=abc"


@pytest.mark.parametrize(
    ("link", "event", "path"),
    [
        ('<a href="https://partner.example/deal?ref=1" target="_blank">x</a>', "Link Clicked", "/deal"),
        ('<a href="/files/Study.PDF?for=mara" target="_blank">x</a>', "File Downloaded", "/files/Study.PDF"),
        ('<a href="/export" download>x</a>', "File Downloaded", "/export"),
    ],
)
async def test_links_to_other_sites_and_files_are_told_at_the_first_click(
    person: BrowserContext, site: Site, collector: Collector, link: str, event: str, path: str
) -> None:
    await person.route("https://partner.example/**", lambda route: route.fulfill(body="hello"))
    site.body = link
    page = await person.new_page()
    await page.goto(f"{site.origin}/")
    await collector.wait_for_pages("/")
    await page.click("a:has-text('x')")
    messages = await collector.wait_for(lambda all_: event in events(all_))
    [told] = [message for message in messages if message.get("event") == event]
    assert told["properties"]["href"].endswith(path)


async def test_a_nonce_is_handed_on_to_the_parts(person: BrowserContext, site: Site, collector: Collector) -> None:
    site.attributes = f'nonce="{NONCE}"'
    site.headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src 'nonce-{NONCE}'; connect-src {collector.origin};"
        " img-src data:; style-src 'unsafe-inline'; form-action 'self';"
        " require-trusted-types-for 'script'; trusted-types leadlight"
    }
    await a_form_is_read(person, site, collector)


async def test_strict_dynamic_lets_the_parts_in(person: BrowserContext, site: Site, collector: Collector) -> None:
    site.attributes = f'nonce="{NONCE}"'
    site.headers = {
        "Content-Security-Policy": f"script-src 'nonce-{NONCE}' 'strict-dynamic'; require-trusted-types-for 'script'"
    }
    await a_form_is_read(person, site, collector)


async def a_form_is_read(person: BrowserContext, site: Site, collector: Collector) -> None:
    page = await person.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{site.origin}/contact")
    await page.fill("[name=email]", "mara@norrvik.example")
    await page.get_by_role("button", name="Send").click()
    messages = await collector.wait_for(lambda all_: "Form Submitted" in events(all_))
    assert [message["traits"]["email"] for message in messages if message["type"] == "identify"] == [
        "mara@norrvik.example"
    ]
    assert complaints == []


async def test_a_page_that_forbids_the_policy_is_counted_and_told_why_once(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.headers = {"Content-Security-Policy": "require-trusted-types-for 'script'; trusted-types 'none'"}
    page = await person.new_page()
    warnings: list[str] = []
    page.on("console", lambda line: warnings.append(line.text) if line.type == "warning" else None)
    await page.goto(f"{site.origin}/pricing")
    await collector.wait_for_pages("/pricing")
    for _ in range(3):
        await page.mouse.click(5, 5)
    await page.evaluate("leadlight.track('Opened'); leadlight.identify('u_17')")
    await collector.wait_for(lambda all_: "Opened" in events(all_))
    assert len([line for line in warnings if line.startswith("leadlight:")]) == 1


async def test_a_pinned_version_brings_its_own_parts(person: BrowserContext, site: Site, collector: Collector) -> None:
    site.version = collector.version
    site.attributes = f'integrity="{collector.integrity_of(f"leadlight-{collector.version}.js")}" crossorigin'
    await a_form_is_read(person, site, collector)
    assert f"/leadlight-more-{collector.version}.js" in collector.scripts


async def test_a_part_that_is_not_what_was_pinned_does_not_run(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.version = collector.version
    site.attributes = f'integrity="{collector.integrity_of(f"leadlight-{collector.version}.js")}" crossorigin'
    collector.tampered = f"/leadlight-more-{collector.version}.js"
    page = await person.new_page()
    await page.goto(f"{site.origin}/contact")
    await collector.wait_for_pages("/contact")
    await page.wait_for_function("performance.getEntriesByType('resource').some(it => /-more-/.test(it.name))")
    await page.wait_for_timeout(300)
    assert await page.evaluate("window.tampered") is None


async def test_a_clock_that_is_wrong_changes_no_time_spent(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    await person.add_init_script("const now = Date.now; Date.now = () => now() + 864e5 * 400")
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await page.mouse.move(10, 10)
    messages = await collector.wait_for(lambda all_: bool(engaged_ms(all_, "/pricing")))
    assert 5000 <= engaged_ms(messages, "/pricing")[0] < 8000


async def test_a_killed_tab_loses_nothing_that_was_told(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    collector.dead = True
    page = await person.new_page()
    await page.goto(f"{site.origin}/pricing")
    await page.evaluate("leadlight.track('Opened')")
    await collector.wait_for_refused(1)
    await kill(person, page)
    collector.dead = False
    page = await person.new_page()
    await page.goto(f"{site.origin}/product")
    await collector.wait_for_pages("/pricing", "/product")
    assert "Opened" in events(collector.messages)


async def kill(person: BrowserContext, page: Page) -> None:
    session = await person.new_cdp_session(page)
    async with asyncio.timeout(30):
        crashed = page.wait_for_event("crash")
        asking = asyncio.ensure_future(session.send("Page.crash"))  # nobody is left to answer
        await crashed
        asking.cancel()


async def test_calls_before_the_script_is_there_need_one_line(
    person: BrowserContext, site: Site, collector: Collector
) -> None:
    site.body = """<script>window.leadlight=window.leadlight||[];["page","track","identify","group","reset","consent",
"optOut","optIn"].forEach(function(n){leadlight[n]=leadlight[n]||function(){leadlight.push([n].concat([].slice.call(arguments)))}})
leadlight.track("Played early", { seconds: 1 }); leadlight.identify("u_17"); leadlight.group("g_1")</script>"""
    page = await person.new_page()
    complaints = complaints_of(page)
    await page.goto(f"{site.origin}/")
    wanted = ["page", "Played early", "identify", "group"]

    def told(messages: list[Message]) -> list[str]:
        return [message.get("event") or message["type"] for message in messages]

    messages = await collector.wait_for(lambda all_: len(all_) >= len(wanted))
    assert sorted(told(messages)) == sorted(wanted)
    assert messages[-1].get("userId") == "u_17"
    assert await page.evaluate("Object.keys(window).filter(name => /leadlight/i.test(name))") == ["leadlight"]
    assert complaints == []
    assert collector.posts[0]["writeKey"] == WRITE_KEY
