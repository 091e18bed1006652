"""A site's owner at the scorer: changes settings, and asks for the past to be derived anew."""

from sqlalchemy import select

from leadlight.core.sites.document import settings_of
from leadlight.store import recounts
from leadlight.store.owners import site_settings, sites
from leadlight.store.tables import visitors
from tests.core.browsing import SITE
from tests.services.scorer.conftest import Scored

BY = "owner@shop.example"


async def add_site(scored: Scored) -> None:
    async with scored.database.begin() as tx:
        if await sites.get(tx, SITE) is None:
            await sites.add(tx, id=SITE, name="Shop", domain="shop.example", write_key="wk", now=scored.clock.now)


async def wants(scored: Scored, **fields: object) -> None:
    """Put settings into force, in place of what was."""
    await add_site(scored)
    async with scored.database.begin() as tx:
        await site_settings.change(tx, SITE, settings_of(fields), by=BY, now=scored.clock.now)


async def recount_everybody(scored: Scored) -> None:
    async with scored.database.begin() as tx:
        ids = list(await tx.scalars(select(visitors.c.id).where(visitors.c.site_id == SITE)))
        await recounts.ask(tx, SITE, ids, now=scored.clock.now)
    while await left(scored):
        assert await scored.tick()


async def left(scored: Scored) -> int:
    async with scored.database.read() as connection:
        return await recounts.left(connection, SITE)
