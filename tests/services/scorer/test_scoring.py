"""What a rep and an owner see of the scorer's work."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from leadlight.bus.port import Partition, Span
from leadlight.core import ids
from leadlight.core.objects import Visitor
from leadlight.core.records import IDENTIFIED_TOPIC
from leadlight.core.scoring.visits import visits_of
from leadlight.store import positions
from leadlight.store.positions import Position
from leadlight.store.profiles import fold_contact
from leadlight.store.tables import alerts, page_views, seen_events
from leadlight.store.views import visitor_objects
from services.scorer.scoring import CONSUMER
from tests.core.browsing import DAY, HOUR, MINUTE, NOON, SECOND, SITE, Browser, third_visit
from tests.services.scorer.conftest import Scored

THREE_WEEKS = (21 * DAY, 10 * DAY, 5 * MINUTE)
ONE_HOUR = (70 * MINUTE, 37 * MINUTE, 4 * MINUTE)


async def seen(scored: Scored, browser: Browser) -> Visitor:
    async with scored.database.read() as connection:
        (visitor,) = await visitor_objects.by_ids(connection, SITE, [browser.visitor], now=scored.clock.now)
    return visitor


async def told(scored: Scored) -> list[tuple[str, str]]:
    """Visitor and state of every alert, oldest first."""
    async with scored.database.read() as connection:
        rows = await connection.execute(select(alerts.c.visitor_id, alerts.c.state).order_by(alerts.c.created_at))
        return [(visitor, state) for visitor, state in rows]


async def test_a_third_visit_with_every_sign_is_hot_over_three_weeks_and_within_the_hour(scored: Scored) -> None:
    weeks = third_visit(NOON, starts=THREE_WEEKS, anonymous_id="weeks")
    hour = third_visit(NOON, starts=ONE_HOUR, anonymous_id="hour")
    await scored.take(weeks.events + hour.events)
    for browser in (weeks, hour):
        visitor = await seen(scored, browser)
        assert visitor.visits == 3
        assert visitor.score >= 80
        assert (visitor.intent, visitor.grade) == ("hot", "B")
        assert visitor.contact is not None
        assert visitor.contact.email == "ada@mill.example"
        assert {"pricing_read", "identified", "returned"} <= {signal.kind for signal in visitor.signals}


async def test_three_blog_posts_are_cold(scored: Scored) -> None:
    browser = Browser()
    for days in (21, 10, 0):
        browser.read(NOON - days * DAY - HOUR, f"/blog/{days}", 5 * MINUTE)
    await scored.take(browser.events)
    visitor = await seen(scored, browser)
    assert (visitor.intent, visitor.grade) == ("cold", "D")
    assert 0 < visitor.score < 35


async def test_a_pricing_page_read_for_48_seconds_says_so_for_25_points(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON - 48 * SECOND, "/pricing", 48 * SECOND)
    scored.clock.now = NOON - 48 * SECOND
    await scored.take(browser.events)
    (reason,) = (await seen(scored, browser)).reasons
    assert (reason.rule, reason.points, reason.text) == ("pricing_read", 25, "Read the pricing page for 48 s")


async def test_a_second_reading_within_the_hour_counts_a_bit(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON, "/pricing")
    browser.read(NOON + MINUTE, "/pricing", 48 * SECOND)
    await scored.take(*([event] for event in browser.events))
    visitor = await seen(scored, browser)
    (reason,) = visitor.reasons
    assert (visitor.score, reason.points) == (30, 30)
    assert reason.text == "Read the pricing page for 48 s, twice within the hour"
    (signal,) = visitor.signals
    assert (signal.count, signal.first_at, signal.last_at) == (2, NOON, NOON + MINUTE)


async def test_a_page_that_stays_open_is_one_sign_however_often_it_reports(scored: Scored) -> None:
    browser = Browser()
    view = browser.page(NOON, "/pricing")
    for seconds in (4, 9, 20, 48, 20):
        browser.engaged(NOON + seconds * SECOND, view, seconds * SECOND)
    await scored.take(*([event] for event in browser.events))
    visitor = await seen(scored, browser)
    assert [signal.count for signal in visitor.signals] == [1]
    assert [reason.text for reason in visitor.reasons] == ["Read the pricing page for 48 s"]
    assert (visitor.score, visitor.engaged_seconds) == (25, 48)


async def test_a_pricing_page_bounced_off_is_no_sign(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON - MINUTE, "/pricing", timedelta(milliseconds=4999))
    await scored.take(browser.events)
    visitor = await seen(scored, browser)
    assert (visitor.score, visitor.signals, visitor.reasons, visitor.page_views) == (0, [], [], 1)


async def test_one_alert_a_visit_and_one_more_for_the_next(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON - 5 * MINUTE)
    browser.look_to_buy(NOON)
    scored.clock.now = NOON + 5 * MINUTE
    await scored.take(*([event] for event in browser.events))
    assert await told(scored) == [(browser.visitor, "new")]
    first = len(browser.events)
    browser.look_to_buy(NOON + 30 * DAY)
    scored.clock.now = NOON + 30 * DAY + 5 * MINUTE
    await scored.take(*([event] for event in browser.events[first:]))
    assert await told(scored) == [(browser.visitor, "new"), (browser.visitor, "new")]


async def test_an_alert_says_why_at_the_moment_it_was_raised(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON - 5 * MINUTE)
    await scored.take(browser.events)
    async with scored.database.read() as connection:
        row = (await connection.execute(select(alerts))).one()
    assert (row.rule, row.type, row.score, row.grade) == ("hot", "visitor.hot", 75, "B")
    assert (row.crossed_at, row.created_at, row.visit_started_at) == (NOON - 2 * MINUTE, NOON, NOON - 5 * MINUTE)
    reasons = [(reason["rule"], round(reason["points"])) for reason in row.reasons]
    assert reasons == [("pricing_read", 25), ("demo_read", 20), ("contact_read", 15), ("comparison_read", 15)]
    assert row.reasons[0]["text"] == "Read the pricing page for 9 s"
    assert datetime.fromisoformat(row.reasons[0]["at"]) == NOON - 5 * MINUTE


async def test_hot_twice_in_one_long_visit_is_told_once(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON)
    scored.clock.now = NOON + 5 * MINUTE
    await scored.take(browser.events)
    first = len(browser.events)
    for number in range(1, 4):  # the careers pages cool the visitor down, a form makes them hot again, 40 minutes on
        browser.read(NOON + number * 10 * MINUTE, "/careers")
    browser.read(NOON + 59 * MINUTE, "/careers")
    browser.read(NOON + 61 * MINUTE, "/careers")
    scored.clock.now = NOON + 62 * MINUTE
    await scored.take(browser.events[first:])
    assert (await seen(scored, browser)).intent == "warm"
    second = len(browser.events)
    browser.track(NOON + 63 * MINUTE, "Demo Requested")
    scored.clock.now = NOON + 64 * MINUTE
    await scored.take(browser.events[second:])
    assert (await seen(scored, browser)).intent == "hot"
    assert await told(scored) == [(browser.visitor, "new")]


async def test_hot_again_within_half_an_hour_of_the_alert_is_not_told_again(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON)
    scored.clock.now = NOON + 33 * MINUTE
    await scored.take(browser.events)
    assert await told(scored) == [(browser.visitor, "new")]
    first = len(browser.events)
    browser.read(NOON + 34 * MINUTE, "/careers")
    browser.read(NOON + 60 * MINUTE, "/careers")
    scored.clock.now = NOON + 61 * MINUTE
    await scored.take(browser.events[first:])
    assert (await seen(scored, browser)).intent == "warm"
    second = len(browser.events)
    browser.track(NOON + 61 * MINUTE, "Demo Requested")
    scored.clock.now = NOON + 62 * MINUTE
    await scored.take(browser.events[second:])
    visitor = await seen(scored, browser)
    assert (visitor.intent, visitor.visits) == ("hot", 2)
    assert await told(scored) == [(browser.visitor, "new")]


async def test_a_crossing_found_late_goes_to_the_digest(scored: Scored) -> None:
    browser = third_visit(NOON - 31 * MINUTE, starts=ONE_HOUR)
    await scored.take(browser.events)
    assert await told(scored) == [(browser.visitor, "digest")]


async def test_bots_never_alert(scored: Scored) -> None:
    browser = third_visit(NOON, starts=ONE_HOUR)
    browser.bot = True
    browser.read(NOON - MINUTE, "/pricing")
    await scored.take(browser.events[-2:], browser.events)
    assert (await seen(scored, browser)).bot
    assert await told(scored) == []


async def test_silence_ends_hot_and_then_warm_without_an_event(scored: Scored) -> None:
    browser = third_visit(NOON, starts=ONE_HOUR)
    await scored.take(browser.events)
    assert not await scored.tick()
    intents = []
    for _ in range(60):
        scored.clock.now += DAY
        if await scored.tick():
            intents.append((await seen(scored, browser)).intent)
            assert (await seen(scored, browser)).updated_at == scored.clock.now
    assert intents == ["warm", "cold"]


async def test_engaged_time_before_its_page_view_stretches_it_when_it_comes(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON - 10 * MINUTE, "/pricing", 2 * MINUTE)
    view, engaged = browser.events
    await scored.take([engaged])
    early = await seen(scored, browser)
    assert (early.visits, early.page_views, early.engaged_seconds, early.first_seen_at) == (0, 0, 0, None)
    await scored.take([view])
    visitor = await seen(scored, browser)
    assert (visitor.visits, visitor.page_views, visitor.activities) == (1, 1, 1)
    assert (visitor.engaged_seconds, visitor.elapsed_seconds) == (120, 120)
    assert [signal.kind for signal in visitor.signals] == ["pricing_read"]


async def test_a_visitor_appears_with_an_introduction_alone(scored: Scored) -> None:
    browser = Browser()
    browser.identify(NOON)
    await scored.take(browser.events)
    visitor = await seen(scored, browser)
    assert (visitor.visits, visitor.activities, visitor.score) == (0, 0, 20)


async def test_a_copy_changes_nothing_not_even_the_time_of_update(scored: Scored) -> None:
    browser = third_visit(NOON, starts=ONE_HOUR)
    await scored.take(browser.events)
    before = await seen(scored, browser)
    scored.clock.now += MINUTE
    await scored.take(browser.events, browser.events[:3])
    assert (await seen(scored, browser)).updated_at == before.updated_at


async def test_event_ids_are_forgotten_after_14_days_but_a_page_view_never_counts_twice(scored: Scored) -> None:
    browser = Browser()
    browser.page(NOON, "/")
    await scored.take(browser.events)
    scored.clock.now = NOON + 14 * DAY
    await scored.tick()
    assert await remembered(scored) == 1
    scored.clock.now = NOON + 15 * DAY
    await scored.tick()
    assert await remembered(scored) == 0
    await scored.take(browser.events)
    visitor = await seen(scored, browser)
    assert (visitor.page_views, visitor.activities) == (1, 1)


async def remembered(scored: Scored) -> int:
    async with scored.database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(seen_events))).scalar_one())


async def test_two_browsers_of_one_person_fold_into_one_profile(scored: Scored) -> None:
    phone, desktop = Browser("phone"), Browser("desktop")
    phone.read(NOON - 20 * MINUTE, "/pricing")
    phone.identify(NOON - 19 * MINUTE)
    desktop.read(NOON - 5 * MINUTE, "/demo")
    desktop.identify(NOON, "ada@mill.example")
    await scored.take(phone.events, desktop.events)
    async with scored.database.read() as connection:
        person = await fold_contact(connection, SITE, ids.contact_id(SITE, "ada@mill.example"))
        nobody = await fold_contact(connection, SITE, "somebody else")
    assert nobody is None
    assert person is not None
    assert (visits_of(person.runs), person.page_views, person.engaged_ms) == (1, 2, 18_000)
    assert {kind: signal.count for kind, signal in person.signals.items()} == {
        "pricing_read": 1,
        "demo_read": 1,
        "identified": 2,
    }


async def test_of_a_browser_that_two_people_used_each_has_their_own_time(scored: Scored) -> None:
    browser = Browser("kitchen")
    browser.read(NOON - 3 * HOUR, "/pricing")
    browser.identify(NOON - 3 * HOUR + MINUTE, "ada@mill.example")
    browser.read(NOON - 2 * HOUR, "/demo")
    browser.identify(NOON - MINUTE, "ben@forge.example")
    browser.read(NOON, "/contact")
    await scored.take(browser.events)
    async with scored.database.read() as connection:
        ada = await fold_contact(connection, SITE, ids.contact_id(SITE, "ada@mill.example"))
        ben = await fold_contact(connection, SITE, ids.contact_id(SITE, "ben@forge.example"))
    assert ada is not None
    assert ben is not None
    assert (visits_of(ada.runs), ada.page_views, sorted(ada.signals)) == (
        2,
        2,
        ["demo_read", "identified", "pricing_read"],
    )
    assert (visits_of(ben.runs), ben.page_views, sorted(ben.signals)) == (1, 1, ["contact_read", "identified"])
    whole = await seen(scored, browser)
    assert whole.page_views == ada.page_views + ben.page_views


async def test_a_late_found_crossing_is_told_as_it_stood_then(scored: Scored) -> None:
    browser = third_visit(NOON - 16 * DAY, starts=ONE_HOUR)
    await scored.take(browser.events)
    async with scored.database.read() as connection:
        [(told, state)] = (await connection.execute(select(alerts.c.score, alerts.c.state))).all()
    assert state == "digest"
    now = (await seen(scored, browser)).score
    assert now < 70 <= told


async def test_where_a_visitor_came_from_is_kept_with_the_page_view(scored: Scored) -> None:
    browser = Browser()
    browser.page(NOON - 4 * MINUTE, "/", referrer="https://www.search.example/?q=plants")
    browser.page(NOON - 3 * MINUTE, "/pricing", referrer="https://shop.example/")
    browser.page(NOON - 2 * MINUTE, "/", campaign={"source": "news", "medium": "email", "name": "autumn"})
    browser.page(NOON - MINUTE, "/", referrer="https://[broken")
    await scored.take(browser.events)
    async with scored.database.read() as connection:
        rows = await connection.execute(
            select(page_views.c.source, page_views.c.medium, page_views.c.campaign).order_by(page_views.c.occurred_at)
        )
        assert [tuple(row) for row in rows] == [
            ("search.example", "referral", None),
            (None, None, None),
            ("news", "email", "autumn"),
            (None, None, None),
        ]


async def test_a_visitor_known_from_another_log_goes_on_in_the_partition_its_events_come_from_now(
    scored: Scored,
) -> None:
    browser = Browser()
    browser.look_to_buy(NOON - 5 * MINUTE)
    await scored.take(browser.events)
    browser.page(NOON, "/pricing")
    elsewhere = Partition(IDENTIFIED_TOPIC, 7)
    part = await scored.slice_of(browser.events[-1:])
    records = [replace(record, partition=elsewhere) for record in part.records]
    await scored.scoring.score(
        replace(part, records=records, held={elsewhere: Position(0, 0)}, spans={elsewhere: Span(0, 1)})
    )
    assert (await seen(scored, browser)).page_views == 5
    scored.clock.now = NOON + 60 * DAY
    async with scored.database.read() as connection:
        held = await positions.load(connection, CONSUMER, [elsewhere])
    assert await scored.scoring.tick(held), "its new owner lets it cool down"
    assert (await seen(scored, browser)).intent == "cold"
