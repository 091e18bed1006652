"""Contacts as readers see them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.people.links import Claim
from leadlight.core.objects import CompanyRef, Contact, ContactRef, Reason, Signal, whole_seconds
from leadlight.core.scoring import score
from leadlight.core.scoring.grade import grade_of
from leadlight.core.scoring.profile import Profile
from leadlight.core.scoring.visits import elapsed, visits_of
from leadlight.store import rules as site_rules
from leadlight.store.identity.people import HOLDS, group_of, members_of
from leadlight.store.profiles import browsers_of, fold_contact
from leadlight.store.tables import companies, contact_traits, contacts, visitor_contacts, visitors
from leadlight.store.views import evidence, firmographics

TRAITS = ("name", "phone", "job_title")

POINT_DECIMALS = 2

_SECOND = timedelta(seconds=1)


async def refs(connection: AsyncConnection, site: str, emails: Mapping[str, str]) -> dict[str, ContactRef]:
    """People as visitors name them, from the contacts that stand for them and their e-mails.

    Of what somebody said of themselves, under whichever address, the latest word counts.
    """
    if not emails:
        return {}
    groups = await members_of(connection, [(site, person) for person in emails])
    owners = {contact: person for (_, person), group in groups.items() for contact in group}
    rows = await connection.execute(
        select(contact_traits.c.contact_id, contact_traits.c.field, contact_traits.c.value)
        .where(
            contact_traits.c.site_id == site,
            contact_traits.c.contact_id.in_(list(owners)),
            contact_traits.c.field.in_(TRAITS),
        )
        .order_by(contact_traits.c.claimed_at, contact_traits.c.event_id, contact_traits.c.contact_id)
    )
    offices = set(
        await connection.scalars(
            select(contacts.c.id).where(contacts.c.site_id == site, contacts.c.id.in_(list(emails)), contacts.c.role)
        )
    )
    traits: dict[str, dict[str, str]] = defaultdict(dict)
    for contact, field, value in rows:
        traits[owners[contact]][field] = value
    return {
        id: ContactRef(
            id,
            email,
            traits[id].get("name"),
            traits[id].get("phone"),
            traits[id].get("job_title"),
            role=id in offices,
        )
        for id, email in emails.items()
    }


async def get(connection: AsyncConnection, site: str, id: str, *, now: datetime) -> Contact | None:
    """One person with the numbers of all their browsers united, scored as it is now; by any of their contacts.

    None where nothing shown links anybody to them.
    """
    person, addresses = await group_of(connection, site, id)
    rows = (
        await connection.execute(
            select(contacts.c.id, contacts.c.email, contacts.c.created_at).where(
                contacts.c.site_id == site, contacts.c.id.in_(addresses)
            )
        )
    ).all()
    emails = {row.id: row.email for row in rows}
    theirs = await browsers_of(connection, site, person)
    if person not in emails or not theirs:
        return None
    known = (await refs(connection, site, {person: emails[person]}))[person]
    browsers = await connection.execute(
        select(visitors.c.id)
        .where(visitors.c.site_id == site, visitors.c.id.in_(list(theirs)))
        .order_by(visitors.c.last_seen_at.desc(), visitors.c.id)
    )
    profile = await fold_contact(connection, site, person) or Profile()
    rules = await site_rules.for_site(connection, site)
    lines, given = profile.complete(rules, now)
    standing = score.standing(lines.values(), rules, now)
    how = await _how(connection, site, theirs, person)
    return Contact(
        id=person,
        site=site,
        email=emails[person],
        name=known.name,
        phone=known.phone,
        job_title=known.job_title,
        created_at=min(row.created_at for row in rows),
        company=await _company(connection, site, person, addresses, theirs, profile),
        first_seen_at=profile.runs[0].start if profile.runs else None,
        last_seen_at=profile.runs[-1].end if profile.runs else None,
        visits=visits_of(profile.runs),
        page_views=profile.page_views,
        activities=profile.activities,
        engaged_seconds=whole_seconds(profile.engaged_ms),
        elapsed_seconds=elapsed(profile.runs) // _SECOND,
        score=score.score_at(
            standing.points, as_of=standing.as_of, now=now, half_life_seconds=rules.half_life.total_seconds()
        ),
        intent=standing.intent,
        fit=None,
        grade=grade_of(None, standing.intent),
        signals=[
            Signal(signal.kind, signal.count, signal.first_at, signal.last_at)
            for signal in sorted(given.values(), key=lambda signal: (signal.last_at, signal.kind), reverse=True)
        ],
        reasons=[
            Reason(reason.rule, round(reason.points, POINT_DECIMALS), reason.at, reason.text)
            for reason in score.reasons(lines.values(), rules, now)
        ],
        visitors=[browser for (browser,) in browsers],
        emails=[emails[person], *sorted(email for contact, email in emails.items() if contact != person)],
        method=how[0],
        confidence=how[1],
        evidence=how[2],
    )


async def _how(
    connection: AsyncConnection, site: str, theirs: Mapping[str, Sequence[Claim]], person: str
) -> tuple[str | None, float | None, dict[str, Any]]:
    """Method, confidence and evidence of the last introduction."""
    said = [
        (claim.at, claim.event_id, visitor)
        for visitor, own in theirs.items()
        for claim in own
        if claim.target == person
    ]
    _, event_id, visitor = max(said)
    found = await evidence.of_contacts(connection, [(site, visitor, event_id)])
    return found.get((site, visitor, event_id), (None, None, {}))


async def _company(
    connection: AsyncConnection,
    site: str,
    person: str,
    addresses: Collection[str],
    theirs: Collection[str],
    profile: Profile,
) -> CompanyRef | None:
    """The company that the person's own address speaks of; else that of the address given last."""
    claims = visitor_contacts.c
    last = func.max(claims.claimed_at)
    rows = (
        await connection.execute(
            select(contacts.c.id, contacts.c.company_id, companies.c.domain, companies.c.name)
            .join(companies, and_(companies.c.site_id == contacts.c.site_id, companies.c.id == contacts.c.company_id))
            .outerjoin(
                visitor_contacts, and_(claims.site_id == contacts.c.site_id, claims.contact_id == contacts.c.id, HOLDS)
            )
            .where(contacts.c.site_id == site, contacts.c.id.in_(addresses))
            .group_by(contacts.c.id, contacts.c.company_id, companies.c.domain, companies.c.name)
            .order_by(last.is_(None), last.desc(), contacts.c.id)
        )
    ).all()
    if not rows:
        return None
    row = next((row for row in rows if row.id == person), rows[0])
    said = (await firmographics.of_companies(connection, site, [row.domain])).get(row.domain, ())
    link = profile.company if profile.company is not None and profile.company.id == row.company_id else None
    if link is None:
        return firmographics.described(CompanyRef(row.company_id, row.domain, row.name, None, None), said)
    how = await evidence.of_companies(connection, [(site, visitor, link.event_id) for visitor in theirs])
    found = next((found for _, _, found in how.values() if found), {})
    matched = CompanyRef(row.company_id, row.domain, row.name, link.method, link.confidence, found)
    return firmographics.described(matched, said)
