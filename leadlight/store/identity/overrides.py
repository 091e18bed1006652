"""Whose address ranges are, as owners lay it down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.networks.blocks import BLOCK_LENGTHS, hosts_of
from leadlight.errors import ConfigurationError
from leadlight.store.database import insert
from leadlight.store.dead_letters import audit
from leadlight.store.identity.connections import learnt
from leadlight.store.tables import company_overrides, visitor_networks

MOST = 5_000
"""Overrides of a site: they are read with every batch of new connections."""


@dataclass(frozen=True, slots=True)
class Override:
    """One range and whose it is."""

    range: str
    domain: str
    name: str | None
    added_by: str
    added_at: datetime


async def add(
    connection: AsyncConnection,
    site: str,
    given: IPv4Network | IPv6Network,
    *,
    domain: str,
    name: str | None,
    who: str,
    now: datetime,
    key: bytes,
) -> None:
    """Lay down whose range it is, in place of what was laid down before, and tell it of all who came from there.

    Raises:
        ConfigurationError: the site has too many.
    """
    count = select(func.count()).where(company_overrides.c.site_id == site)
    if (await connection.scalar(count) or 0) >= MOST:
        raise ConfigurationError(f"A site takes {MOST:,} overrides. A list of companies takes more: companies import.")
    hosts = hosts_of(site, given, key)
    row = {
        "site_id": site,
        "range": str(given),
        "hosts": hosts,
        "domain": domain,
        "name": name,
        "added_by": who,
        "added_at": now,
    }
    changed = {column: row[column] for column in ("hosts", "domain", "name", "added_by", "added_at")}
    await connection.execute(
        insert(connection, company_overrides)
        .values(row)
        .on_conflict_do_update(index_elements=["site_id", "range"], set_=changed)
    )
    await _tell(connection, site, given, hosts, now)


async def remove(
    connection: AsyncConnection, site: str, given: IPv4Network | IPv6Network, *, who: str, now: datetime
) -> bool:
    """Take an override out; whether there was one."""
    of = company_overrides.c
    done = await connection.execute(
        delete(company_overrides).where(of.site_id == site, of.range == str(given)).returning(of.hosts)
    )
    row = done.one_or_none()
    if row is None:
        return False
    await audit(connection, site, who=who, what=f"removed the override of {given}", number=1, now=now)
    await _tell(connection, site, given, row.hosts, now)
    return True


async def list_for(connection: AsyncConnection, site: str) -> Sequence[Override]:
    """A site's overrides, the latest first."""
    of = company_overrides.c
    rows = await connection.execute(
        select(of.range, of.domain, of.name, of.added_by, of.added_at)
        .where(of.site_id == site)
        .order_by(of.added_at.desc(), of.range)
    )
    return [Override(*row) for row in rows]


async def _tell(
    connection: AsyncConnection, site: str, given: IPv4Network | IPv6Network, hosts: Sequence[str], now: datetime
) -> None:
    blocks = [] if hosts else await _blocks_in(connection, site, given)
    await learnt(connection, site, hosts=hosts, blocks=blocks, now=now)


async def _blocks_in(connection: AsyncConnection, site: str, given: IPv4Network | IPv6Network) -> list[str]:
    """The blocks within a range that anybody was seen in."""
    if given.prefixlen == BLOCK_LENGTHS[given.version]:
        return [str(given)]
    of = visitor_networks.c
    seen = (await connection.execute(select(of.block).where(of.site_id == site).distinct())).scalars()
    return [block for block in seen if _within(block, given)]


def _within(block: str, given: IPv4Network | IPv6Network) -> bool:
    network = ip_network(block)
    if isinstance(network, IPv4Network):
        return isinstance(given, IPv4Network) and network.subnet_of(given)
    return isinstance(given, IPv6Network) and network.subnet_of(given)
