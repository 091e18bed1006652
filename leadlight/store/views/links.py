"""How it is known who a visitor is and whose: intervals and matches, with method, confidence, evidence and what fell."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.methods import precedence_of
from leadlight.core.identity.people.links import UNSAID, Claim, intervals
from leadlight.core.objects import CompanyRef, ContactRef, LinkedCompany, LinkedContact, VisitorLinks
from leadlight.store.identity.people import COMPANY_HOLDS, HOLDS, people_of
from leadlight.store.identity.sources import rejected_of
from leadlight.store.tables import (
    companies,
    contact_withdrawals,
    contacts,
    visitor_companies,
    visitor_contacts,
    visitors,
)
from leadlight.store.views import contact_objects
from leadlight.store.views.evidence import read


async def of_visitor(connection: AsyncConnection, site: str, visitor: str) -> VisitorLinks:
    """Everything that links this visitor to people and companies, latest first; what does not hold comes last."""
    people = await _contacts(connection, site, visitor)
    return VisitorLinks(visitor, people, await _companies(connection, site, visitor))


async def _contacts(connection: AsyncConnection, site: str, visitor: str) -> list[LinkedContact]:
    c = visitor_contacts.c
    rows = (
        await connection.execute(
            select(visitor_contacts, contacts.c.email, HOLDS.label("holds"))
            .join(contacts, and_(contacts.c.site_id == c.site_id, contacts.c.id == c.contact_id))
            .where(c.site_id == site, c.visitor_id == visitor)
            .order_by(c.claimed_at.desc(), c.event_id.desc())
        )
    ).all()
    people = await people_of(connection, {(site, row.contact_id) for row in rows})
    meant = {row.contact_id: people.person_of(site, row.contact_id) for row in rows}
    persons = set(meant.values())
    named = select(contacts.c.id, contacts.c.email).where(contacts.c.site_id == site, contacts.c.id.in_(persons))
    emails = {row.id: row.email for row in await connection.execute(named)}
    known = await contact_objects.refs(connection, site, emails)
    taken_back = await _taken_back(connection, site, visitor)
    found = []
    standing = [row for row in rows if row.holds]

    def claim_of(row: Row[Any]) -> Claim:
        return Claim(row.claimed_at, row.event_id, meant[row.contact_id], said=row.method not in UNSAID)

    for turn in reversed(intervals(map(claim_of, standing))):
        own = [row for row in standing if meant[row.contact_id] == turn.target and turn.covers(row.claimed_at)]
        ref = _told(known[turn.target], own[-1])
        found.append(LinkedContact(ref, turn.since, turn.until, len(own), _said(own), None, None))
    for person in dict.fromkeys(meant[row.contact_id] for row in rows if not row.holds):
        own = [row for row in rows if not row.holds and meant[row.contact_id] == person]
        at, by = max(
            (
                (told.made_at, told.made_by)
                for told in taken_back
                if any(told.contact_id == row.contact_id and row.claimed_at <= told.claims_until for row in own)
            ),
            default=(max((row.withdrawn_at for row in own if row.withdrawn_at), default=None), None),
        )
        ref = _told(known[person], own[-1])
        found.append(LinkedContact(ref, own[-1].claimed_at, own[0].claimed_at, len(own), _said(own), at, by))
    return found


def _told(known: ContactRef, first: Row[Any]) -> ContactRef:
    """The person with how they became known: by the first claim of their turn."""
    return replace(known, method=first.method, confidence=first.confidence, evidence=read(first.evidence))


def _said(rows: Iterable[Row[Any]]) -> list[str]:
    return list(dict.fromkeys(row.email for row in rows))


async def _taken_back(connection: AsyncConnection, site: str, visitor: str) -> Sequence[Row[Any]]:
    c = contact_withdrawals.c
    found = await connection.execute(
        select(contact_withdrawals).where(c.site_id == site, c.visitor_id == visitor, c.undone_at.is_(None))
    )
    return found.all()


async def _companies(connection: AsyncConnection, site: str, visitor: str) -> list[LinkedCompany]:
    c = visitor_companies.c
    rows = (
        await connection.execute(
            select(visitor_companies, companies.c.domain, companies.c.name, COMPANY_HOLDS.label("holds"))
            .join(companies, and_(companies.c.site_id == c.site_id, companies.c.id == c.company_id))
            .where(c.site_id == site, c.visitor_id == visitor)
            .order_by(c.claimed_at.desc(), c.event_id.desc())
        )
    ).all()
    shown = (
        await connection.execute(
            select(visitors.c.company_id, visitors.c.company_method).where(
                visitors.c.site_id == site, visitors.c.id == visitor
            )
        )
    ).one_or_none()
    rejected = (await rejected_of(connection, [(site, visitor)])).get((site, visitor), ())
    groups: dict[tuple[bool, str, str], list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault((bool(row.holds) and row.domain not in rejected, row.company_id, row.method), []).append(row)
    found = []
    for (holds, company, method), own in groups.items():
        latest = own[0]
        until: datetime | None = None
        if not holds:
            until = max((row.withdrawn_at for row in own if row.withdrawn_at), default=latest.claimed_at)
        ref = CompanyRef(company, latest.domain, latest.name, method, latest.confidence, read(latest.evidence))
        believed = holds and shown is not None and (shown.company_id, shown.company_method) == (company, method)
        found.append(LinkedCompany(ref, own[-1].claimed_at, until, latest.claimed_at, len(own), believed))
    return sorted(
        found,
        key=lambda link: (link.until is None, link.believed, precedence_of(link.company.method or ""), link.last_at),
        reverse=True,
    )
