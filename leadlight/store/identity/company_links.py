"""Which companies visitors are linked to: the claims that hold, less what somebody rejected for the visitor."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.ids import company_id
from leadlight.core.scoring.profile import CompanyLink
from leadlight.store.identity.people import COMPANY_HOLDS
from leadlight.store.identity.sources import rejected_of
from leadlight.store.tables import visitor_companies

Visitor = tuple[str, str]
"""Site and id."""


async def company_links(connection: AsyncConnection, visitors: Iterable[Visitor]) -> dict[Visitor, list[CompanyLink]]:
    """The company links of each of these visitors; the first in `CompanyLink.order` is believed."""
    found: dict[Visitor, list[CompanyLink]] = {visitor: [] for visitor in visitors}
    rejected = await rejected_of(connection, found)
    by_site: defaultdict[str, list[str]] = defaultdict(list)
    for site, visitor in sorted(found):
        by_site[site].append(visitor)
    c = visitor_companies.c
    for site, ids in by_site.items():
        rows = await connection.execute(
            select(c.visitor_id, c.claimed_at, c.event_id, c.company_id, c.method, c.confidence).where(
                c.site_id == site, c.visitor_id.in_(ids), COMPANY_HOLDS
            )
        )
        for visitor, *link in rows:
            one = CompanyLink(*link)
            if not any(company_id(site, domain) == one.id for domain in rejected.get((site, visitor), ())):
                found[site, visitor].append(one)
    return found
