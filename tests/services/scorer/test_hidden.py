"""What a site's owner excludes: from now on, in the past, and back again."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.ids import contact_id
from leadlight.core.records import Page
from leadlight.store import recounts
from leadlight.store.profiles import fold_contact
from leadlight.store.tables import alerts, events, page_views, visitors
from tests.core.browsing import DAY, HOUR, MINUTE, NOON, SECOND, SITE, Browser
from tests.core.histories import PATHS, arrivals, histories
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import add_site, left, recount_everybody, wants
from tests.services.scorer.test_laws import THROUGH_STORES, rows_of, told_again

EXCLUDED = st.lists(st.sampled_from((*PATHS, "/case-*", "/*e*")), min_size=1, max_size=3, unique=True)
"""Of paths; `/` alone is the front page and nothing else."""


async def visitor_row(scored: Scored, browser: Browser) -> Any:
    async with scored.database.read() as connection:
        return (await connection.execute(select(visitors).where(visitors.c.id == browser.visitor))).one()


async def told(scored: Scored) -> list[str]:
    async with scored.database.read() as connection:
        return list(await connection.scalars(select(alerts.c.visitor_id)))


@given(st.data())
@THROUGH_STORES
async def test_deriving_anew_with_nothing_excluded_changes_nothing(scored: Scored, data: Any) -> None:
    await wants(scored)
    batches, visitor = told_again(data.draw(arrivals(data.draw(histories()))))
    await scored.take(*batches)
    before = await rows_of(scored, visitor)
    await recount_everybody(scored)
    assert await rows_of(scored, visitor) == before


@given(st.data())
@THROUGH_STORES
async def test_what_is_excluded_afterwards_leaves_what_excluding_it_at_first_leaves_and_comes_back(
    scored: Scored, data: Any
) -> None:
    history, excluded = data.draw(histories()), data.draw(EXCLUDED)
    people = data.draw(st.sampled_from([[], ["ada@*"], ["*@mill.example", "*@dairy.example"]]))
    await wants(scored)
    early, one = told_again([history])
    await scored.take(*early)
    untouched = await rows_of(scored, one)
    await wants(scored, excluded_paths=excluded, excluded_emails=people)
    late, other = told_again(data.draw(arrivals(history)))
    await scored.take(*late)
    await recount_everybody(scored)
    assert await rows_of(scored, one) == await rows_of(scored, other)
    await wants(scored)
    await recount_everybody(scored)
    assert await rows_of(scored, one) == await rows_of(scored, other) == untouched


async def test_an_excluded_address_hides_its_visitor_from_then_on_and_alerts_nobody(scored: Scored) -> None:
    await wants(scored, excluded_emails=["*@mill.example"])
    browser = Browser()
    browser.identify(NOON - 6 * MINUTE)
    browser.look_to_buy(NOON - 5 * MINUTE)
    await scored.take(*([event] for event in browser.events))
    assert (await visitor_row(scored, browser)).hidden_reason == "excluded_email"
    assert await told(scored) == []
    other = Browser("other")
    other.identify(NOON - 6 * MINUTE, "bo@dairy.example")
    other.look_to_buy(NOON - 5 * MINUTE)
    await scored.take(other.events)
    assert (await visitor_row(scored, other)).hidden_reason is None
    assert await told(scored) == [other.visitor]


async def test_an_excluded_company_hides_its_visitors_also_those_known_before(scored: Scored) -> None:
    browser = Browser()
    browser.identify(NOON - DAY)
    await scored.take(browser.events)
    assert (await visitor_row(scored, browser)).hidden_reason is None
    await wants(scored, excluded_companies=["mill.example"])
    await recount_everybody(scored)
    assert (await visitor_row(scored, browser)).hidden_reason == "excluded_company"


async def test_whoever_was_hidden_is_shown_again_without_an_alert_when_the_exclusion_is_taken_back(
    scored: Scored,
) -> None:
    await wants(scored, excluded_emails=["ada@*"])
    browser = Browser()
    browser.identify(NOON - 6 * MINUTE)
    browser.look_to_buy(NOON - 5 * MINUTE)
    await scored.take(browser.events)
    await wants(scored)
    await recount_everybody(scored)
    assert (await visitor_row(scored, browser)).hidden_reason is None
    browser.page(NOON, "/pricing")
    await scored.take(browser.events)
    assert await told(scored) == []


async def test_engaged_time_on_a_hidden_page_counts_for_nothing_and_comes_back_with_it(scored: Scored) -> None:
    await wants(scored, excluded_paths=["/pricing"])
    browser = Browser()
    view = browser.page(NOON - HOUR, "/pricing/")
    browser.engaged(NOON - HOUR + 48 * SECOND, view, 48 * SECOND)
    await scored.take(*([event] for event in browser.events))
    row = await visitor_row(scored, browser)
    assert (row.page_views, row.activities, row.engaged_ms, row.visits, row.first_seen_at) == (0, 0, 0, 0, None)
    await wants(scored)
    await recount_everybody(scored)
    row = await visitor_row(scored, browser)
    assert (row.page_views, row.activities, row.engaged_ms, row.visits) == (1, 1, 48_000, 1)


async def test_a_person_on_a_shared_browser_loses_the_hidden_pages_too(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON - 3 * HOUR, "/pricing")
    browser.identify(NOON - 2 * HOUR)
    browser.identify(NOON - HOUR, "bo@dairy.example")
    browser.read(NOON - MINUTE, "/demo")
    await scored.take(browser.events)
    await wants(scored, excluded_paths=["/pricing"])
    await recount_everybody(scored)
    async with scored.database.read() as connection:
        ada = await fold_contact(connection, SITE, contact_id(SITE, "ada@mill.example"))
        bo = await fold_contact(connection, SITE, contact_id(SITE, "bo@dairy.example"))
    assert ada is not None
    assert bo is not None
    assert (ada.page_views, bo.page_views) == (0, 1)


async def test_parameters_that_are_stripped_disappear_from_what_is_kept(scored: Scored) -> None:
    browser = Browser()
    browser.page(NOON - HOUR, "/pricing?member=17&color=red", referrer="https://shop.example/?member=17")
    browser.track(NOON, "Price List Downloaded")
    await scored.take(browser.events)
    async with scored.database.begin() as tx:
        given_at = {"file_url": "https://shop.example/list.pdf?member=17&page=2", "kept": "member=17"}
        await tx.execute(events.update().values(properties=given_at))
    await wants(scored, stripped_parameters=["memb*"])
    before = await visitor_row(scored, browser)
    await recount_everybody(scored)
    async with scored.database.read() as connection:
        view = (await connection.execute(select(page_views.c.url, page_views.c.referrer))).one()
        (properties,) = await connection.scalars(select(events.c.properties))
    assert tuple(view) == ("https://shop.example/pricing?color=red", "https://shop.example/")
    assert properties == {"file_url": "https://shop.example/list.pdf?page=2", "kept": "member=17"}
    after = await visitor_row(scored, browser)
    assert (after.page_views, after.visits, after.activities) == (before.page_views, before.visits, before.activities)


async def test_a_request_made_again_while_it_is_worked_on_is_worked_on_again(scored: Scored) -> None:
    browser = Browser()
    browser.page(NOON, "/")
    await scored.take(browser.events)
    await add_site(scored)
    async with scored.database.begin() as tx:
        await recounts.ask(tx, SITE, [browser.visitor], now=NOON)
        taken = await recounts.waiting(tx, [0], limit=9)
        await recounts.ask(tx, SITE, [browser.visitor], now=NOON + SECOND)
        await recounts.done(tx, taken)
    assert await left(scored) == 1
    assert await scored.tick()
    assert await left(scored) == 0
    assert not await scored.tick()


async def test_a_visitor_who_cannot_be_derived_holds_up_nobody(scored: Scored) -> None:
    broken, other = Browser("broken"), Browser("other")
    for browser in (broken, other):
        browser.page(NOON - HOUR, "/pricing")
        browser.track(NOON - MINUTE, "Demo Requested")
    await scored.take(broken.events + other.events)
    async with scored.database.begin() as tx:
        await tx.execute(events.update().where(events.c.visitor_id == broken.visitor).values(type="nonsense"))
    await wants(scored, excluded_paths=["/pricing"])
    await recount_everybody(scored)
    assert ((await visitor_row(scored, broken)).page_views, (await visitor_row(scored, other)).page_views) == (1, 0)
    assert not await scored.tick()
    broken.page(NOON, "/")
    await scored.take(broken.events)
    assert (await visitor_row(scored, broken)).page_views == 2


async def test_what_was_done_on_an_excluded_path_counts_no_more_either(scored: Scored) -> None:
    browser = Browser()
    browser.page(NOON - HOUR, "/blog/x")
    browser.track(NOON - MINUTE, "Demo Requested")
    browser.track(NOON, "Demo Requested")
    inside = [
        replace(item, event=replace(item.event, page=Page(url="https://shop.example/intern", path="/intern")))
        if item.event.name
        else item
        for item in browser.events
    ]
    await scored.take(inside[:2])
    before = await visitor_row(scored, browser)
    await wants(scored, excluded_paths=["/intern/"])
    await scored.take(inside[2:])
    assert (await visitor_row(scored, browser)).activities == before.activities == 2
    await recount_everybody(scored)
    after = await visitor_row(scored, browser)
    assert (after.activities, after.visits, after.last_seen_at) == (1, 1, NOON - HOUR)
    await wants(scored)
    await recount_everybody(scored)
    assert (await visitor_row(scored, browser)).activities == 3


async def test_numbers_whose_facts_are_gone_stay_as_they_are(scored: Scored) -> None:
    browser = Browser()
    browser.read(NOON - 2 * DAY, "/pricing")
    browser.read(NOON - HOUR, "/demo")
    await scored.take(browser.events)
    async with scored.database.begin() as tx:
        await tx.execute(page_views.delete().where(page_views.c.path == "/pricing"))
    before = await rows_of(scored, browser.visitor)
    await wants(scored, excluded_paths=["/demo"])
    await recount_everybody(scored)
    assert await rows_of(scored, browser.visitor) == before
