"""An imported past makes visitors what they are, and tells nobody."""

from datetime import timedelta

from msgspec.structs import replace
from sqlalchemy import func, select

from leadlight.core.records import Identified
from leadlight.store import seen
from leadlight.store.tables import alerts
from leadlight.store.views import visitor_objects
from tests.core.browsing import MINUTE, NOON, SITE, Browser
from tests.services.scorer.conftest import Scored


def imported(events: list[Identified]) -> list[Identified]:
    return [replace(one, event=replace(one.event, imported=True)) for one in events]


async def alerts_told(scored: Scored) -> int:
    async with scored.database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(alerts))).scalar_one()


async def test_a_past_that_makes_hot_alerts_nobody(scored: Scored) -> None:
    """The same events live do alert."""
    scored.clock.now = NOON + 5 * MINUTE
    past, live = Browser("past"), Browser("live")
    for browser in (past, live):
        browser.look_to_buy(NOON)
    await scored.take(imported(past.events), live.events)
    async with scored.database.read() as connection:
        visitors = await visitor_objects.by_ids(connection, SITE, [past.visitor, live.visitor], now=scored.clock.now)
        told = (await connection.execute(select(alerts.c.visitor_id))).scalars().all()
    assert [visitor.intent for visitor in visitors] == ["hot", "hot"]
    assert told == [live.visitor]


async def test_one_event_at_a_time_alerts_nobody_either(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON)
    scored.clock.now = NOON + 5 * MINUTE
    await scored.take(*([one] for one in imported(browser.events)))
    assert await alerts_told(scored) == 0


async def test_who_becomes_hot_live_is_told_also_with_an_imported_past(scored: Scored) -> None:
    """Even when both arrive in one batch."""
    browser = Browser()
    browser.read(NOON - 60 * MINUTE, "/blog/one")
    past = imported(list(browser.events))
    browser.look_to_buy(NOON)
    scored.clock.now = NOON + 5 * MINUTE
    await scored.take([*browser.events[len(past) :], *past])
    assert await alerts_told(scored) == 1


async def test_an_imported_event_is_known_again_for_ever(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON, "/pricing")
    (view, *_) = imported(browser.events)
    scored.clock.now = NOON
    await scored.take([view])
    years_later = NOON + timedelta(days=3_000)
    async with scored.database.begin() as connection:
        assert await seen.forget(connection, now=years_later)
        assert await seen.keep_new(connection, [view]) == []
