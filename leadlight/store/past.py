"""The stored past, held against a site's settings: what they would hide, show again and clean."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, Text, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.privacy.cleaning import Cleaner, cleaner_of
from leadlight.core.sites.exclusions import Exclusions, Hidden, exclusions_of
from leadlight.core.sites.settings import SiteSettings
from leadlight.store import recounts
from leadlight.store.database import Database
from leadlight.store.identity.people import emails_of
from leadlight.store.tables import alerts, companies, contacts, events, page_views, visitors

VISITORS_AT_ONCE: Final = 500
EXAMPLES: Final = 5  # of each kind


_Row = Row[*tuple[Any, ...]]


@dataclass(slots=True)
class Reach:
    """What settings would change of the past. Numbers of page views count each once, whatever hides it."""

    looked_at: int = 0  # visitors
    to_derive: int = 0  # visitors that are not yet as the settings want them
    visitors: int = 0
    page_views: int = 0
    events: int = 0  # of visitors that stay: forms, downloads and the like on excluded paths
    alerts: int = 0
    shown_visitors: int = 0  # hidden now, and shown again
    shown_page_views: int = 0
    cleaned: int = 0  # page views and events whose addresses lose parameters
    already_hidden: int = 0  # visitors
    contact_emails: dict[str, str] = field(default_factory=dict)  # id -> e-mail
    company_domains: dict[str, str] = field(default_factory=dict)  # id -> domain
    paths: Counter[str] = field(default_factory=Counter)  # page views on each path that would be hidden

    @property
    def hides(self) -> bool:
        return bool(self.visitors or self.page_views or self.events)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Settings, ready to be held against rows."""

    site: str
    exclusions: Exclusions
    cleaner: Cleaner | None


async def visitors_of(connection: AsyncConnection, site: str) -> int:
    return await connection.scalar(select(func.count()).where(visitors.c.site_id == site)) or 0


async def walk(database: Database, site: str, settings: SiteSettings, reach: Reach) -> AsyncIterator[list[str]]:
    """Look at all visitors, some at a time, and add what is found to `reach`.

    Yields the visitors of each step that are not yet as the settings want them.
    """
    asked = _Asked(
        site,
        exclusions_of(site, settings),
        cleaner_of(settings.stripped_parameters) if settings.stripped_parameters else None,
    )
    after = ""
    while True:
        async with database.read() as connection:
            rows = await _visitors(connection, site, after)
            if not rows:
                return
            touched = await _look(connection, asked, rows, reach)
        yield touched
        after = rows[-1].id


async def request(
    database: Database, site: str, settings: SiteSettings, reach: Reach, *, now: Callable[[], datetime]
) -> AsyncIterator[int]:
    """Have every visitor derived anew who is not yet as the settings want them; yields how many it has looked at.

    Each step is kept when it is done: whoever is interrupted begins again, and what is done already is not asked for.
    """
    async for touched in walk(database, site, settings, reach):
        if touched:
            async with database.begin() as tx:
                await recounts.ask(tx, site, touched, now=now())
        yield reach.looked_at


async def _visitors(connection: AsyncConnection, site: str, after: str) -> Sequence[_Row]:
    found = await connection.execute(
        select(
            visitors.c.id,
            visitors.c.hidden_reason,
            visitors.c.page_views,
            visitors.c.contact_id,
            contacts.c.email,
            visitors.c.company_id,
            companies.c.domain,
        )
        .outerjoin(contacts, and_(contacts.c.site_id == visitors.c.site_id, contacts.c.id == visitors.c.contact_id))
        .outerjoin(companies, and_(companies.c.site_id == visitors.c.site_id, companies.c.id == visitors.c.company_id))
        .where(visitors.c.site_id == site, visitors.c.id > after)
        .order_by(visitors.c.id)
        .limit(VISITORS_AT_ONCE)
    )
    return found.all()


@dataclass(slots=True)
class _OnPaths:
    """Of one visitor: what exclusions of paths would change."""

    hidden: int = 0
    shown: int = 0


async def _look(connection: AsyncConnection, asked: _Asked, rows: Sequence[_Row], reach: Reach) -> list[str]:
    views = await _on_paths(connection, asked, page_views, rows, reach.paths)
    others = await _on_paths(connection, asked, events, rows, None)
    cleaned = await _cleaned(connection, asked, rows)
    people = {(asked.site, row.contact_id) for row in rows if row.contact_id is not None}
    emails = (await emails_of(connection, people)).get(asked.site, {}) if asked.exclusions.emails else {}
    touched: list[str] = []
    vanishing: list[str] = []
    for row in rows:
        reach.looked_at += 1
        reason = asked.exclusions.visitor(emails=emails.get(row.contact_id, ()), company_id=row.company_id)
        view, other, clean = views.get(row.id, _OnPaths()), others.get(row.id, _OnPaths()), cleaned.get(row.id, 0)
        visible_after = row.page_views - view.hidden + view.shown
        if reason is not None and row.hidden_reason is None:
            vanishing.append(row.id)
            reach.visitors += 1
            reach.page_views += row.page_views
            if row.contact_id is not None:
                reach.contact_emails[row.contact_id] = row.email or ""
            if reason is Hidden.COMPANY:
                reach.company_domains[row.company_id] = row.domain or ""
        elif reason is None and row.hidden_reason is not None:
            reach.shown_visitors += 1
            reach.shown_page_views += visible_after
        elif reason is None:
            reach.page_views += view.hidden
            reach.shown_page_views += view.shown
            reach.events += other.hidden
        else:
            reach.already_hidden += 1
        reach.cleaned += clean
        if reason != row.hidden_reason or view != _OnPaths() or other != _OnPaths() or clean:
            touched.append(row.id)
    reach.to_derive += len(touched)
    if vanishing:
        told = select(func.count()).where(alerts.c.site_id == asked.site, alerts.c.visitor_id.in_(vanishing))
        reach.alerts += await connection.scalar(told) or 0
    return touched


async def _on_paths(
    connection: AsyncConnection, asked: _Asked, table: Table, rows: Sequence[_Row], paths: Counter[str] | None
) -> Mapping[str, _OnPaths]:
    """By visitor, how many rows of a table would be hidden and how many shown again."""
    query = select(table.c.visitor_id, table.c.path, table.c.hidden, func.count()).where(
        *_of(table, asked.site, rows), table.c.occurred_at.is_not(None)
    )
    if not asked.exclusions.paths:
        query = query.where(table.c.hidden)
    found: defaultdict[str, _OnPaths] = defaultdict(_OnPaths)
    grouped = query.group_by(table.c.visitor_id, table.c.path, table.c.hidden)
    for visitor, path, hidden, count in await connection.execute(grouped):
        excluded = asked.exclusions.path(path)
        if excluded and not hidden:
            found[visitor].hidden += count
            if paths is not None:
                paths[path] += count
        elif hidden and not excluded:
            found[visitor].shown += count
    return found


async def _cleaned(connection: AsyncConnection, asked: _Asked, rows: Sequence[_Row]) -> Counter[str]:
    """By visitor, how many addresses and properties hold what is to be stripped."""
    found: Counter[str] = Counter()
    cleaner = asked.cleaner
    if cleaner is None:
        return found
    url, referrer = page_views.c.url, page_views.c.referrer
    views = select(page_views.c.visitor_id, url, referrer).where(
        *_of(page_views, asked.site, rows), url.contains("?") | referrer.contains("?")
    )
    for visitor, *addresses in await connection.execute(views):
        found[visitor] += any(address and cleaner.text(address) != address for address in addresses)
    written = cast(events.c.properties, Text)
    with_query = select(events.c.visitor_id, events.c.properties).where(
        *_of(events, asked.site, rows), written.contains("?") | written.contains("=")
    )
    for visitor, properties in await connection.execute(with_query):
        found[visitor] += cleaner.properties(deepcopy(properties)) != properties
    return found


def _of(table: Table, site: str, rows: Sequence[_Row]) -> tuple[Any, ...]:
    """Rows about these visitors, which stand together in the table's key."""
    return (table.c.site_id == site, table.c.visitor_id >= rows[0].id, table.c.visitor_id <= rows[-1].id)
