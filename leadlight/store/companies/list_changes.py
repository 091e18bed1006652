"""A changed list put into force: for whoever comes now, and for the visitors of the past."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.networks.blocks import wider
from leadlight.core.ids import company_id
from leadlight.store import bulk, recounts
from leadlight.store.companies.own_list import Places
from leadlight.store.database import insert
from leadlight.store.identity import connections
from leadlight.store.tables import own_lists, visitor_companies, visitor_networks


async def in_force(connection: AsyncConnection, site: str, places: Places, *, version: str, now: datetime) -> None:
    """Put a changed list into force, and have the visitors of the past whom it concerns derived anew."""
    if not places:
        return
    values = {"version": version, "changed_at": now}
    statement = insert(connection, own_lists).values(site_id=site, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["site_id"], set_=values))
    of = visitor_networks.c
    blocks, hosts = set(), set(places.hosts)
    if places.ranges or places.asns:
        seen = await connection.execute(
            select(of.block, of.asn, of.host).where(of.site_id == site).distinct().order_by(of.block, of.host)
        )
        for block, asn, host in seen:
            if asn in places.asns:
                hosts.add(host)
            elif any(around in places.ranges for around in wider(block)):
                blocks.add(block)
    if blocks or hosts:
        await connections.learnt(connection, site, blocks=blocks, hosts=hosts, now=now)
    if places.domains:
        keys = [(site, company_id(site, domain)) for domain in sorted(places.domains)]
        rows = await bulk.select(connection, visitor_companies, ("visitor_id",), ("site_id", "company_id"), keys)
        await recounts.ask(connection, site, {visitor for (visitor,) in rows}, now=now, tell=True)
