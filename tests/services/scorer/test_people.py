"""What else follows when owners say who is whom: exclusions, traits, turns on the timeline, and events on their way."""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.ids import contact_id
from leadlight.core.objects import IdentifiedAs
from leadlight.core.records import Identified
from leadlight.store import identity
from leadlight.store.identity import merges, withdrawals
from leadlight.store.identity.people import emails_of, people_in
from leadlight.store.tables import contacts, recounts, visitor_contacts, visitors
from leadlight.store.views import contact_objects, visitor_objects, visitor_route
from tests.core.browsing import HOUR, MINUTE, NOON, SITE, Browser
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import BY, left, wants

ADA, BO = "ada@mill.example", "bo@dairy.example"


def id_of(email: str) -> str:
    return contact_id(SITE, email)


async def settle(scored: Scored) -> None:
    while await left(scored):
        assert await scored.tick()


async def merge(scored: Scored, email: str, into: str) -> None:
    async with scored.database.begin() as tx:
        await merges.merge(tx, SITE, id_of(email), id_of(into), id=f"{email} {into}", by=BY, now=scored.clock.now)


async def unmerge(scored: Scored, email: str) -> None:
    async with scored.database.begin() as tx:
        await merges.unmerge(tx, SITE, id_of(email), by=BY, now=scored.clock.now)


async def hidden(scored: Scored, *browsers: Browser) -> list[str | None]:
    async with scored.database.read() as connection:
        rows = await connection.execute(select(visitors.c.id, visitors.c.hidden_reason))
        reasons = {row.id: row.hidden_reason for row in rows}
    return [reasons[browser.visitor] for browser in browsers]


def knows(events: Sequence[Identified], **traits: str) -> list[Identified]:
    """The same events, in which people state something of themselves too."""
    return [
        replace(one, contact=replace(one.contact, traits=traits)) if one.contact is not None else one for one in events
    ]


async def test_a_person_is_excluded_by_any_of_their_addresses(scored: Scored) -> None:
    await wants(scored, excluded_emails=["*@dairy.example"])
    laptop, phone = Browser("laptop"), Browser("phone")
    laptop.identify(NOON - HOUR, ADA)
    phone.identify(NOON - HOUR, BO)
    await scored.take(laptop.events + phone.events)
    assert await hidden(scored, laptop, phone) == [None, "excluded_email"]
    await merge(scored, BO, ADA)
    await settle(scored)
    assert await hidden(scored, laptop, phone) == ["excluded_email"] * 2
    tablet = Browser("tablet")
    tablet.identify(NOON, ADA)
    await scored.take(tablet.events)
    assert await hidden(scored, tablet) == ["excluded_email"]
    await unmerge(scored, BO)
    await settle(scored)
    assert await hidden(scored, laptop, phone, tablet) == [None, "excluded_email", None]


async def test_all_addresses_are_told_of_a_person_asked_about_beside_one_merged_into_them(scored: Scored) -> None:
    laptop, phone = Browser("laptop"), Browser("phone")
    laptop.identify(NOON - HOUR, ADA)
    phone.identify(NOON - HOUR, BO)
    await scored.take(laptop.events + phone.events)
    await merge(scored, BO, ADA)
    async with scored.database.read() as connection:
        told = await emails_of(connection, [(SITE, id_of(ADA)), (SITE, id_of(BO))])
    assert {person: sorted(emails) for person, emails in told[SITE].items()} == {id_of(ADA): [ADA, BO], id_of(BO): [BO]}


async def test_whoever_is_left_when_somebody_is_taken_off_is_excluded_as_if_it_had_always_been_so(
    scored: Scored,
) -> None:
    await wants(scored, excluded_emails=["*@dairy.example"])
    browser = Browser()
    browser.identify(NOON - HOUR, BO)
    browser.identify(NOON - MINUTE, ADA)
    await scored.take(browser.events)
    assert await hidden(scored, browser) == [None]
    async with scored.database.begin() as tx:
        await withdrawals.withdraw(tx, SITE, browser.visitor, id_of(ADA), id="w", by=BY, now=NOON)
    await settle(scored)
    assert await hidden(scored, browser) == ["excluded_email"]


async def test_of_what_a_person_stated_under_several_addresses_the_latest_counts(scored: Scored) -> None:
    await wants(scored)
    laptop, phone = Browser("laptop"), Browser("phone")
    laptop.identify(NOON - 2 * HOUR, ADA)
    phone.identify(NOON - HOUR, BO)
    await scored.take(knows(laptop.events, name="Ada M.", phone="555-0100") + knows(phone.events, name="Ada Mill"))
    await merge(scored, BO, ADA)
    await settle(scored)
    async with scored.database.read() as connection:
        person = await contact_objects.get(connection, SITE, id_of(BO), now=NOON)
        [visitor] = await visitor_objects.by_ids(connection, SITE, [laptop.visitor], now=NOON)
    assert person is not None
    assert (person.name, person.phone, person.email) == ("Ada Mill", "555-0100", ADA)
    assert visitor.contact is not None
    assert (visitor.contact.name, visitor.contact.email) == ("Ada Mill", ADA)
    await unmerge(scored, BO)
    async with scored.database.read() as connection:
        ada = await contact_objects.get(connection, SITE, id_of(ADA), now=NOON)
    assert ada is not None
    assert ada.name == "Ada M."


async def test_a_second_address_of_the_same_person_begins_no_new_turn(scored: Scored) -> None:
    await wants(scored)
    browser = Browser()
    browser.identify(NOON - 2 * HOUR, ADA)
    browser.identify(NOON - HOUR, BO)
    await scored.take(browser.events)

    async def turns() -> list[str]:
        async with scored.database.read() as connection:
            moments, _ = await visitor_route.timeline(connection, SITE, browser.visitor, limit=50)
        return [moment.contact.id for moment in moments if isinstance(moment, IdentifiedAs)]

    assert await turns() == [id_of(ADA), id_of(BO)]
    await merge(scored, BO, ADA)
    await settle(scored)
    assert await turns() == [id_of(ADA)]
    await unmerge(scored, BO)
    await settle(scored)
    assert await turns() == [id_of(ADA), id_of(BO)]


async def test_an_introduction_that_is_on_its_way_while_owners_merge_is_not_missed(scored: Scored) -> None:
    await wants(scored)
    laptop, phone, new = Browser("laptop"), Browser("phone"), Browser("new")
    laptop.identify(NOON - HOUR, ADA)
    phone.identify(NOON - HOUR, BO)
    await scored.take(laptop.events + phone.events)
    new.identify(NOON, BO)
    async with scored.database.begin() as tx:  # as the scorer does: reads who is whom, writes, commits
        before = await people_in(tx, new.events)
        assert before.person_of(SITE, id_of(BO)) == id_of(BO)
        merging = asyncio.create_task(merge(scored, BO, ADA))
        await asyncio.sleep(0.3)
        await identity.save(tx, new.events, now=NOON)
    await merging
    async with scored.database.read() as connection:
        asked = set(await connection.scalars(select(recounts.c.visitor_id)))
        linked = set(await connection.scalars(select(visitor_contacts.c.visitor_id)))
        known = list(await connection.scalars(select(contacts.c.email).order_by(contacts.c.email)))
    assert asked == linked == {laptop.visitor, phone.visitor, new.visitor}
    assert known == [ADA, BO]
