"""What the console's lists and figures ask of the database: few queries, each for a whole page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.scoring.ledger import Line
from leadlight.store.identity.people import HOLDS
from leadlight.store.tables import (
    alerts,
    changes,
    companies,
    contact_merges,
    contact_traits,
    contacts,
    drops,
    ledger,
    page_views,
    scores,
    visitor_contacts,
    visitors,
)
from leadlight.store.views.shown import SHOWN, of_shown_visitors

PRESENCE = timedelta(minutes=5)
"""Who did something this recently is shown as on the site: the snippet reports reading every minute or sooner."""


@dataclass(frozen=True, slots=True)
class PageOpened:
    """The page a visitor opened last."""

    path: str | None
    url: str | None
    title: str | None
    category: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers above the lists."""

    here: int
    hot: int
    companies: int  # matched among the last day's visitors
    introduced: int  # contacts of the last seven days
    unseen: int  # alerts nobody has opened


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as the console shows it."""

    id: str
    rule: str
    visitor: str
    at: datetime
    score: int
    grade: str
    reasons: Sequence[Mapping[str, Any]]
    late: bool  # found long after it happened: told to nobody, and asks for nothing
    seen_at: datetime | None

    @property
    def waiting(self) -> bool:
        """Whether somebody should look at it."""
        return self.seen_at is None and not self.late


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visitors a list shows; None asks nothing."""

    intent: str | None = None
    known: str | None = None  # contact, company
    words: str = ""
    hottest: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """Events refused for one reason."""

    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """Something of a site changed."""

    site: str
    kind: str  # visitor, alert, contact
    id: str


async def figures(connection: AsyncConnection, site: str, *, now: datetime) -> Figures:
    """The numbers of one moment, in one query."""
    person = and_(visitors.c.site_id == site, *SHOWN)
    here = select(func.count()).where(person, visitors.c.last_seen_at >= now - PRESENCE)
    hot = (
        select(func.count())
        .select_from(scores.join(visitors, _same_visitor(scores)))
        .where(scores.c.site_id == site, scores.c.intent == "hot", *SHOWN)
    )
    matched = select(func.count(visitors.c.company_id.distinct())).where(
        person, visitors.c.last_seen_at >= now - timedelta(days=1)
    )
    introduced = select(func.count()).where(
        contacts.c.site_id == site,
        contacts.c.created_at >= now - timedelta(days=7),
        ~_hidden_by(contacts),
        exists(select(1).where(_claimed_by(contacts), HOLDS)),
        ~exists(select(1).where(_merged(contacts))),
    )
    row = await connection.execute(
        select(
            here.scalar_subquery(),
            hot.scalar_subquery(),
            matched.scalar_subquery(),
            introduced.scalar_subquery(),
            _unseen(site).scalar_subquery(),
        )
    )
    return Figures(*row.one())


async def rail_counts(connection: AsyncConnection, site: str, *, now: datetime) -> tuple[int, int]:
    """(people on the site now, alerts nobody has opened)"""
    here = select(func.count()).where(visitors.c.site_id == site, *SHOWN, visitors.c.last_seen_at >= now - PRESENCE)
    row = (await connection.execute(select(here.scalar_subquery(), _unseen(site).scalar_subquery()))).one()
    return row[0], row[1]


async def present(connection: AsyncConnection, site: str, *, now: datetime, limit: int) -> Sequence[str]:
    """Who is on the site now, hottest first."""
    query = _people(site).where(visitors.c.last_seen_at >= now - PRESENCE)
    return await _ids(connection, _hottest_first(query).limit(limit))


async def recent(
    connection: AsyncConnection, site: str, *, now: datetime, since: datetime, limit: int
) -> Sequence[str]:
    """Who has left since then, latest first."""
    query = _people(site).where(visitors.c.last_seen_at < now - PRESENCE, visitors.c.last_seen_at >= since)
    return await _ids(connection, query.order_by(visitors.c.last_seen_at.desc(), visitors.c.id).limit(limit))


async def listed(connection: AsyncConnection, site: str, wanted: Wanted, *, offset: int, limit: int) -> Sequence[str]:
    """One page of the visitors wanted; one more than `limit` when there is a further page."""
    query = _people(site).where(visitors.c.last_seen_at.is_not(None))
    if wanted.intent is not None:
        query = query.where(scores.c.intent == wanted.intent)
    if wanted.known == "contact":
        query = query.where(visitors.c.contact_id.is_not(None))
    elif wanted.known == "company":
        query = query.where(visitors.c.company_id.is_not(None))
    for word in wanted.words.split()[:8]:
        query = query.where(_says(site, word))
    ordered = _hottest_first(query) if wanted.hottest else query.order_by(visitors.c.last_seen_at.desc(), visitors.c.id)
    return await _ids(connection, ordered.offset(offset).limit(limit + 1))


async def pages_opened(connection: AsyncConnection, site: str, ids: Sequence[str]) -> dict[str, PageOpened]:
    """The page that each of these visitors opened last."""
    if not ids:
        return {}
    candidate = page_views.alias("candidate")
    last = (
        select(candidate.c.id)
        .where(
            candidate.c.site_id == visitors.c.site_id,
            candidate.c.visitor_id == visitors.c.id,
            candidate.c.occurred_at.is_not(None),
            ~candidate.c.hidden,
        )
        .order_by(candidate.c.occurred_at.desc(), candidate.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(
            page_views.c.visitor_id,
            page_views.c.path,
            page_views.c.url,
            page_views.c.title,
            page_views.c.category,
            page_views.c.occurred_at,
        )
        .select_from(
            visitors.join(
                page_views,
                and_(
                    page_views.c.site_id == visitors.c.site_id,
                    page_views.c.visitor_id == visitors.c.id,
                    page_views.c.id == last,
                ),
            )
        )
        .where(visitors.c.site_id == site, visitors.c.id.in_(ids))
    )
    return {visitor: PageOpened(path, url, title, category, at) for visitor, path, url, title, category, at in rows}


async def devices(connection: AsyncConnection, site: str, contact: str, *, besides: str) -> Sequence[str]:
    """The other browsers of one person."""
    query = _people(site).where(visitors.c.contact_id == contact, visitors.c.id != besides)
    return await _ids(connection, query.order_by(visitors.c.last_seen_at.desc(), visitors.c.id).limit(5))


async def colleagues(
    connection: AsyncConnection, site: str, company: str, *, besides: str, contact: str | None
) -> Sequence[str]:
    """Others of one company, latest first."""
    query = _people(site).where(visitors.c.company_id == company, visitors.c.id != besides)
    if contact is not None:
        query = query.where(or_(visitors.c.contact_id.is_(None), visitors.c.contact_id != contact))
    return await _ids(connection, query.order_by(visitors.c.last_seen_at.desc(), visitors.c.id).limit(6))


async def ledger_lines(connection: AsyncConnection, site: str, visitor: str) -> list[Line]:
    """A visitor's dated points, for the curve: without the evidence."""
    rows = await connection.execute(
        select(ledger.c.rule, ledger.c.hour, ledger.c.at, ledger.c["count"], ledger.c.engaged_ms).where(
            ledger.c.site_id == site, ledger.c.visitor_id == visitor
        )
    )
    return [Line(rule, hour, at, count, engaged_ms) for rule, hour, at, count, engaged_ms in rows]


async def told(
    connection: AsyncConnection, site: str, *, limit: int, offset: int = 0, unseen: bool = False
) -> Sequence[Told]:
    """Alerts, newest first."""
    query = select(alerts).where(alerts.c.site_id == site, of_shown_visitors(alerts))
    if unseen:
        query = query.where(*_WAITING)
    rows = await connection.execute(
        query.order_by(alerts.c.created_at.desc(), alerts.c.crossed_at.desc(), alerts.c.id).offset(offset).limit(limit)
    )
    return [_told(row._mapping) for row in rows]


async def told_by_ids(connection: AsyncConnection, ids: Iterable[str]) -> Sequence[tuple[str, Told]]:
    """(site, alert) of these alerts."""
    rows = await connection.execute(select(alerts).where(alerts.c.id.in_(sorted(ids))))
    return [(row.site_id, _told(row._mapping)) for row in rows]


async def open_alert(connection: AsyncConnection, site: str, id: str, *, now: datetime) -> str | None:
    """Mark an alert as seen; its visitor, or None when there is no such alert."""
    mine = and_(alerts.c.site_id == site, alerts.c.id == id)
    await connection.execute(update(alerts).where(mine, alerts.c.seen_at.is_(None)).values(seen_at=now))
    return (await connection.execute(select(alerts.c.visitor_id).where(mine))).scalar_one_or_none()


async def open_all_alerts(connection: AsyncConnection, site: str, *, now: datetime) -> None:
    """Mark every alert of the site as seen."""
    await connection.execute(
        update(alerts).where(alerts.c.site_id == site, alerts.c.seen_at.is_(None)).values(seen_at=now)
    )


async def last_arrival(connection: AsyncConnection, site: str, *, demo: bool = False) -> datetime | None:
    """When the site's last activity was; demo visitors count on their own."""
    query = select(visitors.c.last_seen_at).where(
        visitors.c.site_id == site, visitors.c.demo == demo, visitors.c.last_seen_at.is_not(None)
    )
    return (await connection.execute(query.order_by(visitors.c.last_seen_at.desc()).limit(1))).scalar_one_or_none()


async def dropped(connection: AsyncConnection, site: str, *, now: datetime) -> Sequence[Dropped]:
    """What the collector refused in the last seven days, most frequent first."""
    since = (now - timedelta(days=7)).date()
    total = func.sum(drops.c.count)
    rows = await connection.execute(
        select(drops.c.reason, total, func.max(drops.c.last_at))
        .where(drops.c.site_id == site, drops.c.day >= since)
        .group_by(drops.c.reason)
        .order_by(total.desc(), drops.c.reason)
    )
    return [Dropped(reason, int(count), last_at) for reason, count, last_at in rows]


async def moved_since(
    connection: AsyncConnection, before: Mapping[str, int], after: Mapping[str, int], *, limit: int
) -> set[Moved]:
    """What changed between two heads, each thing once; at most `limit` of them."""
    grown = [
        and_(changes.c.writer == writer, changes.c.seq > before.get(writer, -1), changes.c.seq <= seq)
        for writer, seq in after.items()
        if seq > before.get(writer, -1)
    ]
    if not grown:
        return set()
    rows = await connection.execute(
        select(changes.c.site_id, changes.c.kind, changes.c.entity_id).where(or_(*grown)).distinct().limit(limit)
    )
    return {Moved(site, kind, id) for site, kind, id in rows}


def _same_visitor(table: Any) -> ColumnElement[bool]:
    return and_(table.c.site_id == visitors.c.site_id, table.c.visitor_id == visitors.c.id)


def _hidden_by(table: Table) -> ColumnElement[bool]:
    """Whether somebody's every browser is kept apart by the site's exclusions."""
    own = and_(visitors.c.site_id == table.c.site_id, visitors.c.contact_id == table.c.id)
    return and_(
        exists(select(1).where(own, visitors.c.hidden_reason.is_not(None))),
        ~exists(select(1).where(own, visitors.c.hidden_reason.is_(None))),
    )


async def hidden_reason(connection: AsyncConnection, site: str, visitor: str) -> str | None:
    """Which exclusion keeps a visitor apart."""
    found: str | None = await connection.scalar(
        select(visitors.c.hidden_reason).where(visitors.c.site_id == site, visitors.c.id == visitor)
    )
    return found


def _claimed_by(table: Table) -> ColumnElement[bool]:
    return and_(visitor_contacts.c.site_id == table.c.site_id, visitor_contacts.c.contact_id == table.c.id)


def _merged(table: Table) -> ColumnElement[bool]:
    """Of a contact: the merge that makes another one stand for it."""
    c = contact_merges.c
    return and_(c.site_id == table.c.site_id, c.contact_id == table.c.id, c.undone_at.is_(None))


def _people(site: str) -> Select[Any]:
    return (
        select(visitors.c.id)
        .select_from(visitors.outerjoin(scores, _same_visitor(scores)))
        .where(visitors.c.site_id == site, *SHOWN)
    )


def _hottest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(scores.c.heat.is_(None), scores.c.heat.desc(), visitors.c.last_seen_at.desc(), visitors.c.id)


def _says(site: str, word: str) -> ColumnElement[bool]:
    """Whether a visitor's contact or company has this word in a name or an address."""
    literal = word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\x00", "")

    def like(column: Any) -> ColumnElement[bool]:
        matches: ColumnElement[bool] = func.lower(column).like(f"%{literal}%", escape="\\")
        return matches

    merged = select(contact_merges.c.contact_id).where(
        contact_merges.c.site_id == site,
        contact_merges.c.person_id == visitors.c.contact_id,
        contact_merges.c.undone_at.is_(None),
    )

    def theirs(contact: Any) -> ColumnElement[bool]:
        return or_(contact == visitors.c.contact_id, contact.in_(merged))

    by_contact = exists(select(1).where(contacts.c.site_id == site, theirs(contacts.c.id), like(contacts.c.email)))
    by_trait = exists(
        select(1).where(
            contact_traits.c.site_id == site, theirs(contact_traits.c.contact_id), like(contact_traits.c.value)
        )
    )
    by_company = exists(
        select(1).where(
            companies.c.site_id == site,
            companies.c.id == visitors.c.company_id,
            or_(like(companies.c.name), like(companies.c.domain)),
        )
    )
    return or_(by_contact, by_trait, by_company)


def _unseen(site: str) -> Select[Any]:
    return select(func.count()).where(alerts.c.site_id == site, of_shown_visitors(alerts), *_WAITING)


_WAITING = (alerts.c.seen_at.is_(None), alerts.c.state != "digest")


async def _ids(connection: AsyncConnection, query: Select[Any]) -> Sequence[str]:
    return [id for (id,) in await connection.execute(query)]


def _told(row: Mapping[Any, Any]) -> Told:
    return Told(
        id=row["id"],
        rule=row["rule"],
        visitor=row["visitor_id"],
        at=row["crossed_at"],
        score=row["score"],
        grade=row["grade"],
        reasons=row["reasons"] or [],
        late=row["state"] == "digest",
        seen_at=row["seen_at"],
    )
