"""Sites: what is tracked, and the public write key that its pages carry."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.sites.settings import Privacy
from leadlight.errors import ConfigurationError, WrongUsage
from leadlight.store.database import insert
from leadlight.store.tables import sites

_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Site:
    """A tracked property. Its write key is public: it stands in every page's snippet."""

    id: str
    name: str
    domain: str
    write_key: str
    demo: bool
    settings_version: int
    created_at: datetime


def keeps_nothing(privacy: Privacy) -> bool:
    """Whether the tag keeps nothing in browsers at this level."""
    return privacy in (Privacy.NONE, Privacy.COMPANY_ONLY)


def snippet(site: Site, public_url: str, privacy: Privacy = Privacy.IDENTIFIED) -> str:
    """The tag that a site owner pastes into every page. At levels without a cookie it keeps nothing in the browser."""
    mode = ' data-mode="cookieless"' if keeps_nothing(privacy) else ""
    return f'<script async src="{public_url}/leadlight.js" data-key="{site.write_key}"{mode}></script>'


def normal_domain(given: str) -> str:
    """The host name in what an owner typed: `https://www.Shop.example/x` is shop.example.

    Raises:
        WrongUsage: there is no host name in it.
    """
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", given.strip().casefold()).partition("/")[0].partition(":")[0]
    host = host.removeprefix("www.").rstrip(".")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        host = ""
    if not _DOMAIN.fullmatch(host):
        raise WrongUsage(f"{given!r} is not a domain. Expected something like shop.example.")
    return host


async def add(
    connection: AsyncConnection, *, id: str, name: str, domain: str, write_key: str, now: datetime, demo: bool = False
) -> Site:
    """Add a site.

    Raises:
        ConfigurationError: the domain is taken or is none, or the name is empty.
    """
    name = name.strip()
    if not name or "\x00" in name:
        raise WrongUsage("A site needs a name.")
    site = Site(id, name, normal_domain(domain), write_key, demo, 1, now)
    done = await connection.execute(
        insert(connection, sites)
        .values(
            id=site.id,
            name=site.name,
            domain=site.domain,
            write_key=site.write_key,
            demo=demo,
            settings_version=1,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["domain"])
    )
    if done.rowcount != 1:
        raise ConfigurationError(f"A site with the domain {site.domain} is there already: see `leadlight site list`.")
    return site


async def list_all(connection: AsyncConnection) -> Sequence[Site]:
    """Every site, oldest first."""
    return [_site(row) for row in await connection.execute(select(sites).order_by(sites.c.created_at, sites.c.id))]


async def find(connection: AsyncConnection, id_or_domain: str) -> Site:
    """The site with this id or domain.

    Raises:
        ConfigurationError: there is none; the message lists those that are.
    """
    wanted = id_or_domain.strip().casefold()
    row = (
        await connection.execute(
            select(sites).where(or_(sites.c.id == wanted, sites.c.domain == wanted.removeprefix("www.")))
        )
    ).one_or_none()
    if row is None:
        known = ", ".join(site.domain for site in await list_all(connection)) or "none yet: `leadlight site add`"
        raise ConfigurationError(f"No site has the id or domain {id_or_domain!r}. There are: {known}.")
    return _site(row)


async def get(connection: AsyncConnection, site_id: str) -> Site | None:
    row = (await connection.execute(select(sites).where(sites.c.id == site_id))).one_or_none()
    return None if row is None else _site(row)


async def by_write_key(connection: AsyncConnection, write_key: str) -> Site | None:
    row = (await connection.execute(select(sites).where(sites.c.write_key == write_key))).one_or_none()
    return None if row is None else _site(row)


def _site(row: Row[tuple[object, ...]]) -> Site:
    given = row._mapping
    return Site(
        id=given["id"],
        name=given["name"],
        domain=given["domain"],
        write_key=given["write_key"],
        demo=given["demo"],
        settings_version=given["settings_version"],
        created_at=given["created_at"],
    )
