"""Owners' word on who is whom, read for what is at hand; and which claims it leaves standing."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.people.merges import People
from leadlight.core.records import Identified
from leadlight.store import bulk
from leadlight.store.tables import contact_merges, contact_withdrawals, contacts, visitor_companies, visitor_contacts

Contact = tuple[str, str]  # site and id
Visitor = tuple[str, str]

HOLDS: ColumnElement[bool] = and_(
    visitor_contacts.c.withdrawn_at.is_(None),
    ~exists(
        select(1).where(
            contact_withdrawals.c.site_id == visitor_contacts.c.site_id,
            contact_withdrawals.c.visitor_id == visitor_contacts.c.visitor_id,
            contact_withdrawals.c.contact_id == visitor_contacts.c.contact_id,
            contact_withdrawals.c.undone_at.is_(None),
            contact_withdrawals.c.claims_until >= visitor_contacts.c.claimed_at,
        )
    ),
)
"""Condition on `visitor_contacts`: a claim that neither was withdrawn nor taken back by an owner."""

COMPANY_HOLDS: ColumnElement[bool] = and_(
    visitor_companies.c.withdrawn_at.is_(None),
    ~exists(
        select(1).where(
            visitor_contacts.c.site_id == visitor_companies.c.site_id,
            visitor_contacts.c.visitor_id == visitor_companies.c.visitor_id,
            visitor_contacts.c.event_id == visitor_companies.c.event_id,
            ~HOLDS,
        )
    ),
)
"""Condition on `visitor_companies`: a company falls with the introduction that told of it."""


async def settle(connection: AsyncConnection, sites: Iterable[str], *, alone: bool = False) -> None:
    """Let nobody state who is whom on these sites until this transaction ends; `alone` is for the one who states it.

    Whoever derives a link and whoever merges would otherwise not see each other. SQLite has one writer anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    lock = _LOCK_ALONE if alone else _LOCK
    for site in sorted(set(sites)):
        await connection.execute(lock, {"site": f"leadlight people {site}"})


_LOCK = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:site, 0))")
_LOCK_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:site, 0))")


async def people_of(connection: AsyncConnection, asked: Iterable[Contact], visitors: Iterable[Visitor] = ()) -> People:
    """Who these contacts are, and what was taken back of these visitors: two queries, however many."""
    persons = {
        (site, contact): person
        for site, contact, person, undone_at in await bulk.select(
            connection,
            contact_merges,
            ("site_id", "contact_id", "person_id", "undone_at"),
            ("site_id", "contact_id"),
            set(asked),
        )
        if undone_at is None
    }
    taken_back: dict[tuple[str, str, str], datetime] = {}
    for *key, until, undone_at in await bulk.select(
        connection,
        contact_withdrawals,
        ("site_id", "visitor_id", "contact_id", "claims_until", "undone_at"),
        ("site_id", "visitor_id"),
        set(visitors),
    ):
        site, visitor, contact = key
        if undone_at is None:
            known = taken_back.get((site, visitor, contact))
            taken_back[site, visitor, contact] = max(known, until) if known else until
    return People(persons, taken_back)


async def people_in(connection: AsyncConnection, found: Iterable[Identified]) -> People:
    """Who the contacts are whom these events name, held still until the transaction ends."""
    claims = [one for one in found if one.contact is not None or one.click is not None]
    if not claims:
        return People()
    await settle(connection, {one.event.site for one in claims})
    named = {(one.event.site, one.contact.id) for one in claims if one.contact is not None}
    named |= {(one.event.site, one.click.contact) for one in claims if one.click is not None}
    return await people_of(connection, named, {(one.event.site, one.event.visitor) for one in claims})


async def members_of(connection: AsyncConnection, persons: Iterable[Contact]) -> dict[Contact, set[str]]:
    """Every contact of each of these persons, who are given by the contact that stands for them."""
    wanted = set(persons)
    found = {(site, person): {person} for site, person in wanted}
    for site, contact, person, undone_at in await bulk.select(
        connection,
        contact_merges,
        ("site_id", "contact_id", "person_id", "undone_at"),
        ("site_id", "person_id"),
        wanted,
    ):
        if undone_at is None:
            found[site, person].add(contact)
    return found


async def person_of(connection: AsyncConnection, site: str, contact: str) -> str:
    """The contact that stands for the person whom this contact is."""
    return (await people_of(connection, [(site, contact)])).person_of(site, contact)


async def group_of(connection: AsyncConnection, site: str, contact: str) -> tuple[str, set[str]]:
    """The contact that stands for a contact's person, and all contacts of that person."""
    person = await person_of(connection, site, contact)
    return person, (await members_of(connection, [(site, person)]))[site, person]


async def emails_of(connection: AsyncConnection, persons: Iterable[Contact]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Every e-mail address of these people, by site and the contact that stands for them."""
    groups = await members_of(connection, persons)
    owners: defaultdict[Contact, list[str]] = defaultdict(list)  # two, where one is asked about who is part of another
    for (site, person), group in groups.items():
        for contact in group:
            owners[site, contact].append(person)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    rows = await bulk.select(connection, contacts, ("site_id", "id", "email"), ("site_id", "id"), owners)
    for site, contact, email in sorted(rows):
        theirs = found.setdefault(site, {})
        for person in owners[site, contact]:
            theirs[person] = (*theirs.get(person, ()), email)
    return found
