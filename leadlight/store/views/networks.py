"""Which connections visitors used."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import Network
from leadlight.store.tables import visitor_networks


async def latest_networks(connection: AsyncConnection, site: str, ids: Sequence[str]) -> dict[str, Network]:
    """By visitor, the network of the connection used last. Those whose address nobody knew are left out."""
    c = visitor_networks.c
    rows = await connection.execute(
        select(c.visitor_id, c.asn, c.name, c["class"], c.rule)
        .where(c.site_id == site, c.visitor_id.in_(ids))
        .order_by(c.visitor_id, c.last_at, c.host)
    )
    return {visitor: Network(asn, name, kind, rule) for visitor, asn, name, kind, rule in rows}
