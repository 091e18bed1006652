"""What sources say of companies: kept for each, read as one, the owner's own word first."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.firmographics import FIELDS, OWN_LIST, Firmographics
from leadlight.store import bulk
from leadlight.store.tables import company_facts

COLUMNS = ("site_id", "domain", "source", "as_of", *FIELDS)


async def save(connection: AsyncConnection, facts: Iterable[tuple[str, str, Firmographics]]) -> None:
    """Keep what a source says of a site's company, instead of what it said before: (site, domain, facts)."""
    rows = {
        (site, domain, one.source): (site, domain, one.source, one.as_of, *(getattr(one, name) for name in FIELDS))
        for site, domain, one in facts
    }
    await bulk.upsert(connection, company_facts, COLUMNS, [rows[key] for key in sorted(rows)])


async def by_domains(connection: AsyncConnection, site: str, domains: Iterable[str]) -> dict[str, list[Firmographics]]:
    """What is known of these companies: the owner's list first, then providers, the latest first."""
    wanted = sorted(set(domains))
    if not wanted:
        return {}
    rows = await connection.execute(
        select(company_facts).where(company_facts.c.site_id == site, company_facts.c.domain.in_(wanted))
    )
    found: dict[str, list[Firmographics]] = {}
    for row in rows:
        found.setdefault(row.domain, []).append(_read(row))
    return {domain: _ordered(facts) for domain, facts in found.items()}


def _read(row: Any) -> Firmographics:
    return Firmographics(source=row.source, as_of=row.as_of, **{name: getattr(row, name) for name in FIELDS})


def _ordered(facts: Sequence[Firmographics]) -> list[Firmographics]:
    return sorted(facts, key=lambda one: (one.source != OWN_LIST, -one.as_of.timestamp(), one.source))
