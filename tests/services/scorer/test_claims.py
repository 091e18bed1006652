"""Claims that are taken back or replaced: deriving anew leaves what would be there had they never been made."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select, update

from leadlight.core import ids
from leadlight.core.records import Identified
from leadlight.store.database import insert
from leadlight.store.tables import events, visitor_companies, visitor_contacts, visitors
from tests.core.browsing import DAY, MINUTE, NOON, SECOND, SITE, Browser
from tests.core.histories import arrivals, histories
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import recount_everybody, wants
from tests.services.scorer.test_laws import THROUGH_STORES, rows_of, told_again


async def withdraw(scored: Scored, visitor: str, event_ids: list[str]) -> None:
    async with scored.database.begin() as tx:
        await tx.execute(
            update(visitor_contacts)
            .where(visitor_contacts.c.visitor_id == visitor, visitor_contacts.c.event_id.in_(event_ids))
            .values(withdrawn_at=scored.clock.now)
        )


async def row_of(scored: Scored, browser: Browser) -> Any:
    async with scored.database.read() as connection:
        return (await connection.execute(select(visitors).where(visitors.c.id == browser.visitor))).one()


def unsaid(item: Identified) -> Identified:
    return replace(item, contact=None, company=None)


@given(st.data())
@THROUGH_STORES
async def test_a_claim_taken_back_leaves_what_never_making_it_leaves(scored: Scored, data: Any) -> None:
    history = data.draw(histories())
    claims = [item.event.id for item in history if item.contact is not None]
    taken_back = set(data.draw(st.lists(st.sampled_from(claims), unique=True))) if claims else set()
    await wants(scored)
    batches, one = told_again(data.draw(arrivals(history)))
    await scored.take(*batches)
    as_told = await rows_of(scored, one)
    await withdraw(scored, one, sorted(taken_back))
    await recount_everybody(scored)
    silent, other = told_again([[unsaid(item) if item.event.id in taken_back else item for item in history]])
    await scored.take(*silent)
    assert await rows_of(scored, one) == await rows_of(scored, other)
    async with scored.database.begin() as tx:
        await tx.execute(update(visitor_contacts).where(visitor_contacts.c.visitor_id == one).values(withdrawn_at=None))
    await recount_everybody(scored)
    assert await rows_of(scored, one) == as_told


async def test_who_visitors_are_follows_from_claims_when_their_events_are_long_gone(scored: Scored) -> None:
    await wants(scored)
    browser = Browser()
    browser.look_to_buy(NOON - DAY)
    browser.track(NOON - DAY, "Form Submitted")
    first = browser.identify(NOON - DAY)
    last = browser.identify(NOON - MINUTE, "bo@dairy.example")
    await scored.take(browser.events)
    async with scored.database.begin() as tx:
        await tx.execute(events.delete())
    before = await row_of(scored, browser)
    await withdraw(scored, browser.visitor, [last])
    await recount_everybody(scored)
    after = await row_of(scored, browser)
    assert (after.contact_id, after.contact_event_id) == (ids.contact_id(SITE, "ada@mill.example"), first)
    assert after.company_id == ids.company_id(SITE, "mill.example")
    assert (after.visits, after.activities) == (before.visits, before.activities)
    [said] = [row for row in (await rows_of(scored, browser.visitor))["ledger"] if row["rule"] == "identified"]
    assert said["count"] == 1


async def test_a_company_that_the_network_told_of_follows_its_claim_and_yields_to_a_work_address(
    scored: Scored,
) -> None:
    await wants(scored)
    browser = Browser()
    browser.page(NOON - MINUTE, "/")
    await scored.take(browser.events)
    mill = ids.company_id(SITE, "mill.example")
    async with scored.database.begin() as tx:
        claim = {
            "site_id": SITE,
            "visitor_id": browser.visitor,
            "event_id": "network:some-host",
            "company_id": mill,
            "claimed_at": NOON,
            "method": "first_party",
            "confidence": 0.6,
            "evidence": {},
        }
        await tx.execute(insert(tx, visitor_companies), [claim])
    await recount_everybody(scored)
    found = await row_of(scored, browser)
    assert (found.company_id, found.company_method, found.company_confidence) == (mill, "first_party", 0.6)
    browser.identify(NOON - 30 * SECOND, "bo@dairy.example")
    await scored.take(browser.events[-1:])
    await recount_everybody(scored)
    assert (await row_of(scored, browser)).company_id == ids.company_id(SITE, "dairy.example")
    await withdraw(scored, browser.visitor, [browser.events[-1].event.id])
    await recount_everybody(scored)
    assert (await row_of(scored, browser)).company_id == mill
    async with scored.database.begin() as tx:
        await tx.execute(update(visitor_companies).values(withdrawn_at=NOON))
    await recount_everybody(scored)
    assert (await row_of(scored, browser)).company_id is None


async def test_a_person_known_by_a_link_has_not_said_who_they_are(scored: Scored) -> None:
    await wants(scored)
    browser = Browser()
    browser.identify(NOON)
    [said] = browser.events
    assert said.contact is not None
    followed = replace(said, contact=replace(said.contact, method="tracked_link"))
    await scored.take([followed])
    before = await rows_of(scored, browser.visitor)
    assert before["ledger"] == []
    await recount_everybody(scored)
    assert await rows_of(scored, browser.visitor) == before
