"""Contacts as readers see them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import CompanyRef, Contact, ContactRef, Reason, Signal, whole_seconds
from leadlight.core.scoring import score
from leadlight.core.scoring.grade import grade_of
from leadlight.core.scoring.profile import Profile
from leadlight.core.scoring.visits import elapsed, visits_of
from leadlight.store import rules as site_rules
from leadlight.store.profiles import browsers_of, fold_contact
from leadlight.store.tables import companies, contact_traits, contacts, visitor_contacts, visitors

TRAITS = ("name", "phone", "job_title")

POINT_DECIMALS = 2

_SECOND = timedelta(seconds=1)


async def refs(connection: AsyncConnection, site: str, emails: Mapping[str, str]) -> dict[str, ContactRef]:
    """Contacts as visitors name them, from their ids and e-mails."""
    if not emails:
        return {}
    rows = await connection.execute(
        select(contact_traits.c.contact_id, contact_traits.c.field, contact_traits.c.value).where(
            contact_traits.c.site_id == site,
            contact_traits.c.contact_id.in_(list(emails)),
            contact_traits.c.field.in_(TRAITS),
        )
    )
    traits: dict[str, dict[str, str]] = defaultdict(dict)
    for contact, field, value in rows:
        traits[contact][field] = value
    return {id: ContactRef(id=id, email=email, **traits[id]) for id, email in emails.items()}


async def get(connection: AsyncConnection, site: str, id: str, *, now: datetime) -> Contact | None:
    """One person with the numbers of all their browsers united, scored as it is now."""
    row = (
        await connection.execute(
            select(
                contacts.c.email,
                contacts.c.created_at,
                contacts.c.company_id,
                companies.c.domain,
                companies.c.name,
            )
            .outerjoin(
                companies, and_(companies.c.site_id == contacts.c.site_id, companies.c.id == contacts.c.company_id)
            )
            .where(contacts.c.site_id == site, contacts.c.id == id)
        )
    ).one_or_none()
    if row is None:
        return None
    email, created_at, company_id, domain, company_name = row
    known = (await refs(connection, site, {id: email}))[id]
    theirs = await browsers_of(connection, site, id)
    if not theirs and await _kept_apart(connection, site, id):
        return None
    browsers = await connection.execute(
        select(visitors.c.id)
        .where(visitors.c.site_id == site, visitors.c.id.in_(list(theirs)))
        .order_by(visitors.c.last_seen_at.desc(), visitors.c.id)
    )
    profile = await fold_contact(connection, site, id) or Profile()
    rules = await site_rules.for_site(connection, site)
    lines, given = profile.complete(rules, now)
    standing = score.standing(lines.values(), rules, now)
    company = None
    if domain is not None:
        link = profile.company if profile.company is not None and profile.company.id == company_id else None
        company = CompanyRef(
            company_id, domain, company_name, link.method if link else None, link.confidence if link else None
        )
    return Contact(
        id=id,
        site=site,
        email=email,
        name=known.name,
        phone=known.phone,
        job_title=known.job_title,
        created_at=created_at,
        company=company,
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
    )


async def _kept_apart(connection: AsyncConnection, site: str, id: str) -> bool:
    """Whether there are browsers of this person, and the site's owner excludes them all."""
    claimed = select(visitor_contacts.c.visitor_id).where(
        visitor_contacts.c.site_id == site,
        visitor_contacts.c.contact_id == id,
        visitor_contacts.c.withdrawn_at.is_(None),
    )
    found = await connection.execute(
        select(visitors.c.id).where(visitors.c.site_id == site, visitors.c.id.in_(claimed)).limit(1)
    )
    return found.first() is not None
