"""Contacts, companies and the claims that link visitors to them. Every write may be repeated."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.methods import OF_PEOPLE
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.people.links import Claim
from leadlight.core.ids import company_id
from leadlight.core.records import CompanyClaim, Identified
from leadlight.store.database import Insert, insert
from leadlight.store.identity.people import HOLDS
from leadlight.store.tables import EPOCH, companies, contact_traits, contacts, visitor_companies, visitor_contacts

Row = dict[str, Any]
Key = tuple[str, str]


async def save(connection: AsyncConnection, found: Sequence[Identified], *, now: datetime) -> None:
    """Keep the contacts, companies and links that events claim. The same set of events, in whatever order, batches
    and number of repeats, leaves the same rows (but for `created_at`).

    Whom a followed link was made for has a contact too, but no link: the address is known, and nobody is it yet.
    """
    claims = [record for record in found if record.contact is not None]
    clicked = [record for record in found if record.click is not None]
    if not claims and not clicked:
        return
    firms, addressees = _company_rows(claims, now), _contact_rows(claims, now)
    for record in clicked:
        _addressee(record, now, firms, addressees)
    await _insert_new(connection, companies, firms.values(), update=_latest_name)
    await _insert_new(connection, contacts, addressees.values())
    await _insert_new(connection, contact_traits, _trait_rows(claims), update=_latest_trait)
    await _insert_new(connection, visitor_contacts, map(_contact_link, claims))
    await _insert_new(connection, visitor_companies, map(_company_link, filter(_told_company, claims)))


async def keep_companies(
    connection: AsyncConnection, claims: Iterable[tuple[str, CompanyClaim]], *, now: datetime
) -> None:
    """Keep companies, by site, that are named by something else than what visitors say. A name that people gave there
    counts as stated at that moment."""
    rows: dict[tuple[str, str], Row] = {}
    for site, claim in claims:
        derived = claim.name == derived_name(claim.domain)
        stated_at = claim.evidence.get("as_of")
        row = {
            "site_id": site,
            "id": claim.id,
            "domain": claim.domain,
            "name": claim.name,
            "name_claimed_at": None if derived else datetime.fromisoformat(stated_at) if stated_at else EPOCH,
            "name_event_id": None if derived else claim.method,
            "created_at": now,
        }
        known = rows.get((site, claim.id))
        if known is None or _stated(row) > _stated(known):
            rows[site, claim.id] = row
    await _insert_new(connection, companies, rows.values(), update=_latest_name)


async def contact_claims(connection: AsyncConnection, site_id: str, visitor_id: str) -> Sequence[Claim]:
    """What events said of who the visitor is, less what does not hold."""
    c = visitor_contacts.c
    rows = await connection.execute(
        select(c.claimed_at, c.event_id, c.contact_id).where(c.site_id == site_id, c.visitor_id == visitor_id, HOLDS)
    )
    return [Claim(*row) for row in rows]


async def _insert_new(connection: AsyncConnection, table: Table, rows: Iterable[Row], update: Any = None) -> None:
    """Insert rows whose key is new, in the order of their keys: two writers of shared rows must not wait crosswise."""
    keys = [column.name for column in table.primary_key]
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    if not ordered:
        return
    statement = insert(connection, table)
    statement = update(statement) if update else statement.on_conflict_do_nothing()
    await connection.execute(statement, ordered)


def _latest_name(statement: Insert) -> Insert:
    later = _later(statement, companies, "name_claimed_at", "name_event_id")
    changed = {name: statement.excluded[name] for name in ("name", "name_claimed_at", "name_event_id")}
    stated = statement.excluded.name_claimed_at.is_not(None)
    return statement.on_conflict_do_update(
        index_elements=["site_id", "id"],
        set_=changed,
        where=and_(stated, or_(companies.c.name_claimed_at.is_(None), later)),
    )


def _latest_trait(statement: Insert) -> Insert:
    changed = {name: statement.excluded[name] for name in ("value", "claimed_at", "event_id")}
    return statement.on_conflict_do_update(
        index_elements=["site_id", "contact_id", "field"],
        set_=changed,
        where=_later(statement, contact_traits, "claimed_at", "event_id"),
    )


def _later(statement: Insert, table: Table, at: str, event_id: str) -> ColumnElement[bool]:
    new, old = statement.excluded, table.c
    return or_(new[at] > old[at], and_(new[at] == old[at], new[event_id] > old[event_id]))


def _company_rows(claims: Sequence[Identified], now: datetime) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    for record in claims:
        company, event = record.company, record.event
        if company is None or not _told_company(record):
            continue
        derived = company.name == derived_name(company.domain)
        row = {
            "site_id": event.site,
            "id": company.id,
            "domain": company.domain,
            "name": company.name,
            "name_claimed_at": None if derived else event.occurred_at,
            "name_event_id": None if derived else event.id,
            "created_at": now,
        }
        known = rows.get((event.site, company.id))
        if known is None or _stated(row) > _stated(known):
            rows[event.site, company.id] = row
    return rows


def _stated(row: Row) -> tuple[bool, datetime | None, str]:
    return (True, row["name_claimed_at"], row["name_event_id"]) if row["name_claimed_at"] else (False, None, "")


def _contact_rows(claims: Sequence[Identified], now: datetime) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    for record in claims:
        contact = record.contact
        assert contact is not None
        rows[record.event.site, contact.id] = {
            "site_id": record.event.site,
            "id": contact.id,
            "email": contact.email,
            "company_id": record.company.id if record.company and _told_company(record) else None,
            "role": contact.role,
            "created_at": now,
        }
    return rows


def _addressee(record: Identified, now: datetime, firms: dict[Key, Row], addressees: dict[Key, Row]) -> None:
    """Whom a followed link was made for, and the company that the address speaks of, where no event claims them."""
    click, site = record.click, record.event.site
    assert click is not None
    company = company_id(site, click.company_domain) if click.company_domain else None
    if company is not None:
        firm = {"site_id": site, "id": company, "domain": click.company_domain, "name": click.company_name}
        firms.setdefault((site, company), firm | {"name_claimed_at": None, "name_event_id": None, "created_at": now})
    who = {"site_id": site, "id": click.contact, "email": click.email, "company_id": company}
    addressees.setdefault((site, click.contact), who | {"role": click.role, "created_at": now})


def _trait_rows(claims: Sequence[Identified]) -> Iterable[Row]:
    rows: dict[tuple[str, str, str], Row] = {}
    for record in claims:
        contact, event = record.contact, record.event
        assert contact is not None
        for field, value in contact.traits.items():
            known = rows.get((event.site, contact.id, field))
            if known is None or (known["claimed_at"], known["event_id"]) < (event.occurred_at, event.id):
                rows[event.site, contact.id, field] = {
                    "site_id": event.site,
                    "contact_id": contact.id,
                    "field": field,
                    "value": value,
                    "claimed_at": event.occurred_at,
                    "event_id": event.id,
                }
    return rows.values()


def _contact_link(record: Identified) -> Row:
    contact, event = record.contact, record.event
    assert contact is not None
    return {
        "site_id": event.site,
        "visitor_id": event.visitor,
        "event_id": event.id,
        "contact_id": contact.id,
        "claimed_at": event.occurred_at,
        "method": contact.method,
        "confidence": contact.confidence,
        "evidence": contact.evidence,
    }


def _told_company(record: Identified) -> bool:
    """Whether the visitor's own words name a company; what the connection tells is kept with the connection."""
    return record.company is not None and record.company.method in OF_PEOPLE


def _company_link(record: Identified) -> Row:
    company, event = record.company, record.event
    assert company is not None
    return {
        "site_id": event.site,
        "visitor_id": event.visitor,
        "event_id": event.id,
        "company_id": company.id,
        "claimed_at": event.occurred_at,
        "method": company.method,
        "confidence": company.confidence,
        "evidence": company.evidence,
    }
