"""The real analytics.js in a real Chromium, told nothing but our host and write key."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page

from leadlight.core.records import Channel, Event, EventType
from tests.infra.parts import ROOT, PartMissing, free_port, missing
from tests.services.clients.gateway import Failure, Gateway, serving
from tests.services.collector.front_door import WRITE_KEY, FrontDoor

LIBRARY = ROOT / "node_modules" / "@segment" / "analytics-next"
ENTRY = 'import { AnalyticsBrowser } from "@segment/analytics-next"; globalThis.AnalyticsBrowser = AnalyticsBrowser;'
HTML = '<!doctype html><html lang="en"><head><title>Preise</title><link rel="icon" href="data:,">{head}</head><body>Hello</body></html>'

STUB = """<script>
  var analytics = window.analytics = [];
  ["page", "track", "identify", "group", "alias", "screen", "ready", "on"].forEach(function (method) {
    analytics[method] = function () { analytics.push([method].concat([].slice.call(arguments))); return analytics; };
  });
  analytics._writeKey = "KEY";
  analytics._cdn = "HOST";
  analytics.page();
  analytics.track("Queued", { before: "the library was there" });
</script><script async src="/umd/standalone.js"></script>"""


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The npm package as a site's bundler packs it."""
    if not LIBRARY.is_dir():
        missing(PartMissing("@segment/analytics-next is not installed: scripts/test-parts"))
    folder = tmp_path_factory.mktemp("bundle")
    command = [
        str(ROOT / "node_modules/.bin/esbuild"),
        "--bundle",
        "--format=iife",
        f"--outfile={folder / 'bundle.js'}",
    ]
    subprocess.run([*command, "--log-level=error"], input=ENTRY.encode(), cwd=ROOT, check=True, timeout=60)
    return (folder / "bundle.js").read_bytes()


@dataclass(frozen=True, slots=True)
class Shop:
    """A site of another origin that uses analytics.js."""

    origin: str
    page: Page
    gateway: Gateway
    door: FrontDoor

    async def run(self, script: str, *, key: str = WRITE_KEY, options: Any = None) -> Any:
        """Load the library and run the script with it as `analytics`."""
        await self.page.goto(f"{self.origin}/preise?utm_source=brief")
        return await self.page.evaluate(
            """async ([key, host, options, script]) => {
                const [analytics] = await AnalyticsBrowser.load({ writeKey: key, cdnURL: host }, options ?? {});
                return await new Function("analytics", `return (async () => {${script}})()`)(analytics);
            }""",
            [key, self.gateway.origin, options, script],
        )

    async def stored(self, enough: Callable[[Sequence[Event]], bool]) -> Sequence[Event]:
        """The events in the log as soon as there are enough of them."""
        events: Sequence[Event] = []
        for _ in range(100):
            events = await self.door.stored()
            if enough(events):
                return events
            await asyncio.sleep(0.2)
        raise AssertionError([(event.type, event.name) for event in events])


@pytest.fixture
async def shop(bundle: bytes, door: FrontDoor, gateway: Gateway, browser: Browser) -> AsyncIterator[Shop]:
    async def serve(request: web.Request) -> web.StreamResponse:
        if request.path == "/bundle.js":
            return web.Response(body=bundle, content_type="text/javascript")
        if request.path.startswith("/umd/"):
            return web.FileResponse(LIBRARY / "dist" / "umd" / Path(request.path).name)
        stub = STUB.replace("KEY", WRITE_KEY).replace("HOST", gateway.origin)
        head = stub if request.path == "/snippet" else '<script src="/bundle.js"></script>'
        return web.Response(text=HTML.format(head=head), content_type="text/html")

    app, port = web.Application(), free_port()
    app.router.add_get("/{path:.*}", serve)
    async with serving(app, port):
        context = await browser.new_context()
        yield Shop(f"http://127.0.0.1:{port}", await context.new_page(), gateway, door)
        await context.close()


def delivery(strategy: dict[str, Any]) -> dict[str, Any]:
    return {"integrations": {"Segment.io": {"deliveryStrategy": strategy}}}


EVERY_CALL = """
    await analytics.page("Docs", "Preise", { tier: "pro" });
    await analytics.track("Trial Started", { when: new Date("2026-03-01T12:30:15.678Z"), n: NaN, text: "Ü 👋 \\u2028" });
    await analytics.identify("u-1", { email: "jana@kunde.example", name: "Jana" });
    await analytics.group("g-1", { name: "Kunde AG" });
    await analytics.screen("Start");
    await analytics.alias("u-2", "u-1");
    return analytics.user().anonymousId();
"""


async def test_every_call_of_the_npm_package_arrives_as_it_was_made(shop: Shop) -> None:
    visitor = await shop.run(EVERY_CALL)
    stored = await shop.stored(lambda events: len(events) == 6)
    events = {event.type: event for event in stored}
    assert len(events) == 6
    assert {event.channel for event in stored} == {Channel.BROWSER}
    assert {event.anonymous_id for event in stored} == {visitor}
    page = events[EventType.PAGE].page
    assert page is not None
    assert (page.path, page.title) == ("/preise", "Preise")
    assert events[EventType.PAGE].campaign == {"source": "brief"}
    assert events[EventType.TRACK].properties["when"] == "2026-03-01T12:30:15.678Z"
    assert events[EventType.TRACK].properties["text"] == "Ü 👋 \u2028"
    assert events[EventType.TRACK].properties["n"] is None
    assert events[EventType.IDENTIFY].traits["email"] == "jana@kunde.example"
    assert events[EventType.IDENTIFY].user_id == "u-1"
    assert events[EventType.GROUP].properties["group_id"] == "g-1"
    assert events[EventType.ALIAS].properties["previous_id"] == "u-1"
    assert all(event.user_agent and "Chrome" in event.user_agent for event in stored)
    posted = {path for method, path in shop.gateway.seen if method == "POST"}
    assert posted <= {f"/v1/{letter}" for letter in "ptigasm"}
    assert set(shop.gateway.statuses) == {200}, "nothing that the library asks for is refused"


async def test_the_library_as_a_snippet_sends_what_was_called_before_it_was_there(shop: Shop) -> None:
    await shop.page.goto(f"{shop.origin}/snippet")
    stored = await shop.stored(lambda events: len(events) == 2)
    assert {(event.type, event.name) for event in stored} == {(EventType.PAGE, None), (EventType.TRACK, "Queued")}


async def test_batches_and_what_is_sent_as_the_page_is_left_arrive(shop: Shop) -> None:
    calls = "for (let n = 0; n < 12; n++) analytics.track('Step', { n });"
    options = delivery({"strategy": "batching", "config": {"size": 5, "timeout": 60_000}})
    await shop.run(calls, options=options)
    await shop.stored(lambda events: len(events) == 5)
    await shop.page.goto("about:blank")
    stored = await shop.stored(lambda events: len(events) >= 12)
    assert sorted(event.properties["n"] for event in stored) == list(range(12))
    batches = [body for body in shop.gateway.bodies if isinstance(body, dict) and "batch" in body]
    assert {path for method, path in shop.gateway.seen if method == "POST" and path != "/v1/m"} == {"/v1/b"}
    assert sum(len(body["batch"]) for body in batches) == 12


@pytest.mark.parametrize(
    "strategy", [{"strategy": "standard"}, {"strategy": "batching", "config": {"size": 3, "timeout": 300}}]
)
async def test_a_collector_that_comes_back_gets_everything_once(shop: Shop, strategy: dict[str, Any]) -> None:
    shop.gateway.plan.extend([Failure.REFUSED, Failure.BROKEN, Failure.UNHEARD])
    await shop.run("for (let n = 0; n < 6; n++) analytics.track('Step', { n });", options=delivery(strategy))
    stored = await shop.stored(lambda events: len({event.id for event in events}) == 6 < len(events))
    assert len({(event.id, event.properties["n"]) for event in stored}) == 6
    assert len(stored) <= 12, "what came twice is the post whose answer was lost"
    assert not shop.gateway.plan


async def test_what_could_not_be_sent_before_the_page_was_closed_is_sent_by_the_next(shop: Shop) -> None:
    shop.gateway.plan.extend([Failure.BROKEN] * 50)
    await shop.run("analytics.track('Kept'); await new Promise((then) => setTimeout(then, 500));")
    shop.gateway.plan.clear()
    await shop.run("return 1")
    stored = await shop.stored(lambda events: len(events) > 0)
    assert {event.name for event in stored} == {"Kept"}


async def test_a_wrong_key_sends_nothing_and_is_told_on_the_console(shop: Shop) -> None:
    told: list[str] = []
    shop.page.on("console", lambda message: told.append(message.text))
    await shop.page.goto(f"{shop.origin}/preise")
    await shop.page.evaluate(
        "async ([host]) => { AnalyticsBrowser.load({ writeKey: 'wk_wrong', cdnURL: host }).catch(console.error) }",
        [shop.gateway.origin],
    )
    for _ in range(50):
        if told:
            break
        await asyncio.sleep(0.1)
    assert any("404" in text for text in told), json.dumps(told)
    assert await shop.door.stored() == []
