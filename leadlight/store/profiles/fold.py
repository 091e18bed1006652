"""A person as the fold of the browsers they introduced themselves in."""

from functools import reduce

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.scoring.profile import Profile, merge
from leadlight.store import rules as site_rules
from leadlight.store.profiles.load import profiles_of
from leadlight.store.tables import visitors


async def fold_contact(connection: AsyncConnection, site: str, contact_id: str) -> Profile | None:
    """Everything known about a person, over all browsers that are theirs now; None for nobody.

    Whole visitors are folded: one browser that two people used counts for the one who said so last.
    """
    rules = {site: await site_rules.for_site(connection, site)}
    found = await connection.execute(
        select(visitors.c.id).where(visitors.c.site_id == site, visitors.c.contact_id == contact_id)
    )
    states = await profiles_of(connection, [(site, visitor) for (visitor,) in found], rules)
    return reduce(merge, (state.profile for state in states.values())) if states else None
