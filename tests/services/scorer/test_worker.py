"""The scorer as it runs: fed by the log, stopped by nothing that is in it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from msgspec.structs import replace as with_fields
from sqlalchemy import select

from leadlight.core.objects import Visitor
from leadlight.core.records import IDENTIFIED_TOPIC, Identified, Page, encode, key_of
from leadlight.store.tables import dead_letters
from leadlight.store.views import visitor_objects
from services.scorer.service import service
from tests.core.browsing import MINUTE, SITE, Browser
from tests.services.scorer.conftest import Scored


@asynccontextmanager
async def running(scored: Scored) -> AsyncIterator[None]:
    run = service(scored.runtime).run
    assert run is not None
    task = asyncio.ensure_future(run())
    try:
        yield
    finally:
        scored.runtime.stopping.set()
        await task


async def published(scored: Scored, *events: Identified) -> None:
    await scored.runtime.bus.publish(IDENTIFIED_TOPIC, [(key_of(item.event), encode(item)) for item in events])


async def visitor_when(scored: Scored, browser: Browser, done: Callable[[Visitor], bool]) -> Visitor:
    """The visitor, once it looks as expected."""
    async with asyncio.timeout(20):
        while True:
            async with scored.database.read() as connection:
                found = await visitor_objects.by_ids(connection, SITE, [browser.visitor], now=scored.clock.now)
            if found and done(found[0]):
                return found[0]
            await asyncio.sleep(0.02)


async def dead(scored: Scored) -> list[str]:
    async with scored.database.read() as connection:
        return list((await connection.execute(select(dead_letters.c.reason))).scalars())


async def test_events_from_the_log_make_a_hot_visitor(scored: Scored) -> None:
    scored.clock.now = datetime.now(UTC).replace(microsecond=0)
    browser = Browser()
    browser.look_to_buy(scored.clock.now - 5 * MINUTE)
    async with running(scored):
        await published(scored, *browser.events)
        visitor = await visitor_when(scored, browser, lambda visitor: visitor.engaged_seconds == 36)
    assert visitor.intent == "hot"


async def test_a_record_that_is_no_event_is_set_aside_and_the_rest_goes_on(scored: Scored) -> None:
    browser = Browser()
    browser.page(scored.clock.now, "/")
    browser.page(scored.clock.now, "/pricing")
    first, second = browser.events
    async with running(scored):
        await published(scored, first)
        await scored.runtime.bus.publish(IDENTIFIED_TOPIC, [(b"shop:x", b"\xff{"), (b"shop:x", b'{"event": 1}')])
        await published(scored, second)
        await visitor_when(scored, browser, lambda visitor: visitor.page_views == 2)
    assert len(await dead(scored)) == 2


async def test_text_that_a_database_refuses_stops_nothing(scored: Scored) -> None:
    """PostgreSQL takes no NUL; the collector's door should have cleaned it away, and may fail to."""
    browser = Browser()
    browser.page(scored.clock.now, "/")
    (good,) = browser.events
    page = Page(url="https://shop.example/", path="/", title="a\x00b")
    bad = with_fields(good, event=with_fields(good.event, id="bad", page=page))
    last = with_fields(good, event=with_fields(good.event, id="last"))
    async with running(scored):
        await published(scored, good, bad, last)
        refused = 1 if not scored.database.is_sqlite else 0
        await visitor_when(scored, browser, lambda visitor: visitor.page_views == 3 - refused)
    assert len(await dead(scored)) == refused
