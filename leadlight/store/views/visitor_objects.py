"""Visitors as readers see them: whole objects, a page of them in a handful of queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Row, Select, Text, and_, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core import ids as derived
from leadlight.core.identity.companies.firmographics import Firmographics
from leadlight.core.identity.networks.places import statement
from leadlight.core.objects import (
    Agent,
    CompanyRef,
    ContactRef,
    Location,
    Reason,
    Signal,
    Visitor,
    whole_seconds,
)
from leadlight.core.records import Place
from leadlight.core.scoring import score
from leadlight.core.scoring.grade import grade_of
from leadlight.core.scoring.ledger import Line, oldest_hour
from leadlight.core.scoring.rules import Rules
from leadlight.store import rules as site_rules
from leadlight.store.identity.people import HOLDS, group_of
from leadlight.store.tables import Instant, companies, contacts, ledger, scores, signals, visitor_contacts, visitors
from leadlight.store.views import contact_objects, evidence, firmographics
from leadlight.store.views.evidence import How
from leadlight.store.views.machine_evidence import evidence_shown
from leadlight.store.views.networks import latest_networks
from leadlight.store.views.shown import NOT_EXCLUDED

POINT_DECIMALS = 2

Mark = tuple[datetime, str]
"""Where a page ended: the last row's (`updated_at`, `id`)."""


@dataclass(frozen=True, slots=True)
class VisitorFilter:
    """Which visitors are wanted; None asks nothing. E-mail and domain are compared as they are stored, in lower case."""

    anonymous_id: str | None = None
    email: str | None = None
    company: str | None = None
    intent: str | None = None
    grade: str | None = None
    min_score: int | None = None
    updated_since: datetime | None = None
    bot: bool | None = False


async def by_ids(
    connection: AsyncConnection, site: str, ids: Sequence[str], *, now: datetime, excluded: bool = False
) -> list[Visitor]:
    """These visitors in the order asked for; ids without a visitor are left out.

    Those whom the site's owner excludes are left out too, unless asked for.
    """
    asked = _visitors().where(visitors.c.site_id == site, visitors.c.id.in_(ids))
    rows = await connection.execute(asked if excluded else asked.where(NOT_EXCLUDED))
    found = {visitor.id: visitor for visitor in await _whole(connection, site, rows.all(), now)}
    return [found[id] for id in dict.fromkeys(ids) if id in found]


async def exists(connection: AsyncConnection, site: str, id: str) -> bool:
    found = await connection.execute(
        select(visitors.c.id).where(visitors.c.site_id == site, visitors.c.id == id, NOT_EXCLUDED)
    )
    return found.first() is not None


async def page(
    connection: AsyncConnection,
    site: str,
    wanted: VisitorFilter,
    *,
    now: datetime,
    limit: int,
    after: Mark | None = None,
    newest_first: bool = False,
) -> tuple[list[Visitor], Mark | None]:
    """One page by time of update, and the mark to go on from; no mark after the last page.

    From the oldest update on, no visitor is missed, whatever is written meanwhile: one that changes moves towards
    the end, where it is still to come, and comes a second time only when it changed after it was read. Newest
    first, one that changes meanwhile moves to where the reader has already been.
    """
    rules = await site_rules.for_site(connection, site)
    addresses: Collection[str] = ()
    if wanted.email is not None:
        _, addresses = await group_of(connection, site, derived.contact_id(site, wanted.email))
    place = tuple_(visitors.c.updated_at, visitors.c.id)
    query = _visitors().where(visitors.c.site_id == site, *_conditions(site, wanted, addresses, rules, now))
    if after is not None:
        mark = tuple_(literal(after[0], Instant), literal(after[1], Text))
        query = query.where(place < mark if newest_first else place > mark)
    order = [column.desc() if newest_first else column.asc() for column in (visitors.c.updated_at, visitors.c.id)]
    rows = (await connection.execute(query.order_by(*order).limit(limit + 1))).all()
    shown = rows[:limit]
    further = len(rows) > limit
    return await _whole(connection, site, shown, now), (shown[-1].updated_at, shown[-1].id) if further else None


def _conditions(
    site: str, wanted: VisitorFilter, addresses: Collection[str], rules: Rules, now: datetime
) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = [NOT_EXCLUDED]
    if wanted.bot is not None:
        asked.append(visitors.c.bot_reasons.is_not(None) if wanted.bot else visitors.c.bot_reasons.is_(None))
    if wanted.anonymous_id is not None:
        asked.append(visitors.c.anonymous_id == wanted.anonymous_id)
    if wanted.email is not None:
        introduced = select(visitor_contacts.c.visitor_id).where(
            visitor_contacts.c.site_id == site,
            visitor_contacts.c.contact_id.in_(addresses),
            HOLDS,
        )
        asked.append(visitors.c.id.in_(introduced))
    if wanted.company is not None:
        asked.append(visitors.c.company_id == derived.company_id(site, wanted.company))
    if wanted.updated_since is not None:
        asked.append(visitors.c.updated_at >= wanted.updated_since)
    if wanted.intent is not None:
        asked.append(func.coalesce(scores.c.intent, score.Intent.COLD) == wanted.intent)
    if wanted.grade is not None:
        asked.append(func.coalesce(scores.c.grade, grade_of(None, score.Intent.COLD)) == wanted.grade)
    if wanted.min_score is not None and wanted.min_score > 0:
        asked.append(scores.c.heat >= _heat_from(wanted.min_score, rules, now))
    return asked


def _visitors() -> Select[Any]:
    return (
        select(
            visitors,
            scores.c.points,
            scores.c.as_of,
            scores.c.intent,
            scores.c.fit,
            scores.c.grade,
            scores.c.hot_since,
            contacts.c.email,
            companies.c.domain.label("company_domain"),
            companies.c.name.label("company_name"),
        )
        .outerjoin(scores, and_(scores.c.site_id == visitors.c.site_id, scores.c.visitor_id == visitors.c.id))
        .outerjoin(contacts, and_(contacts.c.site_id == visitors.c.site_id, contacts.c.id == visitors.c.contact_id))
        .outerjoin(companies, and_(companies.c.site_id == visitors.c.site_id, companies.c.id == visitors.c.company_id))
    )


async def _whole(connection: AsyncConnection, site: str, rows: Sequence[Row[Any]], now: datetime) -> list[Visitor]:
    """The rows with everything that stands in other tables: one query a table, however many rows."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    rules = await site_rules.for_site(connection, site)
    told = await contact_objects.refs(connection, site, {row.contact_id: row.email for row in rows if row.email})
    introduced = [(site, row.id, row.contact_event_id) for row in rows if row.contact_id in told]
    matched = [(site, row.id, row.company_event_id) for row in rows if row.company_domain is not None]
    introductions = await evidence.of_contacts(connection, introduced)
    matches = await evidence.of_companies(connection, matched)
    known = await firmographics.of_companies(connection, site, {row.company_domain for row in rows} - {None})
    given = await _signals(connection, site, ids)
    explained = await _reasons(connection, site, ids, rules, now)
    networks = await latest_networks(connection, site, ids)
    return [
        Visitor(
            id=row.id,
            site=row.site_id,
            anonymous_id=row.anonymous_id,
            bot=row.bot_reasons is not None,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            updated_at=row.updated_at,
            visits=row.visits,
            page_views=row.page_views,
            activities=row.activities,
            engaged_seconds=whole_seconds(row.engaged_ms),
            elapsed_seconds=whole_seconds(row.elapsed_ms),
            score=_score(row, rules, now),
            intent=row.intent or score.Intent.COLD,
            fit=row.fit,
            grade=row.grade or grade_of(None, score.Intent.COLD),
            stage=row.stage,
            contact=_contact(told.get(row.contact_id), introductions.get((site, row.id, row.contact_event_id))),
            company=_company(row, matches.get((site, row.id, row.company_event_id)), known),
            location=_location(row),
            agent=Agent(row.device, row.browser, row.system),
            signals=given.get(row.id, []) if row.bot_reasons is None else [],
            reasons=explained.get(row.id, []) if row.bot_reasons is None else [],
            bot_reasons=row.bot_reasons.split(",") if row.bot_reasons else [],
            bot_evidence=evidence_shown(row),
            demo=row.demo,
            hot_since=row.hot_since,
            network=networks.get(row.id),
        )
        for row in rows
    ]


def _score(row: Row[Any], rules: Rules, now: datetime) -> int:
    if row.points is None:
        return 0
    half_life = rules.half_life.total_seconds()
    return score.score_at(row.points, as_of=row.as_of, now=now, half_life_seconds=half_life)


def _heat_from(wanted: int, rules: Rules, now: datetime) -> float | None:
    """The heat of a total that is just read as this score."""
    return score.heat_of(wanted - 0.5, as_of=now, half_life_seconds=rules.half_life.total_seconds())


def _contact(known: ContactRef | None, how: How | None) -> ContactRef | None:
    if known is None or how is None:
        return known
    method, confidence, found = how
    return replace(known, method=method, confidence=confidence, evidence=found)


def _company(row: Row[Any], how: How | None, known: Mapping[str, Sequence[Firmographics]]) -> CompanyRef | None:
    if row.company_domain is None:
        return None
    matched = CompanyRef(
        id=row.company_id,
        domain=row.company_domain,
        name=row.company_name,
        method=row.company_method,
        confidence=row.company_confidence,
        evidence=how[2] if how is not None else {},
    )
    return firmographics.described(matched, known.get(row.company_domain, ()))


async def _signals(connection: AsyncConnection, site: str, ids: Sequence[str]) -> dict[str, list[Signal]]:
    rows = await connection.execute(
        select(signals.c.visitor_id, signals.c.kind, signals.c.count, signals.c.first_at, signals.c.last_at)
        .where(signals.c.site_id == site, signals.c.visitor_id.in_(ids))
        .order_by(signals.c.visitor_id, signals.c.last_at.desc(), signals.c.kind)
    )
    given: dict[str, list[Signal]] = defaultdict(list)
    for visitor, kind, count, first_at, last_at in rows:
        given[visitor].append(Signal(kind, count, first_at, last_at))
    return given


def _location(row: Row[Any]) -> Location:
    place = Place(row.country, row.region, row.city, row.accuracy_km)
    return Location(place.country, place.region, place.city, place.accuracy_km, statement(place))


async def _reasons(
    connection: AsyncConnection, site: str, ids: Sequence[str], rules: Rules, now: datetime
) -> dict[str, list[Reason]]:
    of = ledger.c
    rows = await connection.execute(
        select(of.visitor_id, of.rule, of.hour, of.at, of.count, of.engaged_ms, of.subject).where(
            of.site_id == site, of.visitor_id.in_(ids), of.hour >= oldest_hour(rules, now)
        )
    )
    lines: dict[str, list[Line]] = defaultdict(list)
    for visitor, rule, hour, at, count, engaged_ms, subject in rows:
        lines[visitor].append(Line(rule, hour, at, count, engaged_ms, subject=subject))
    return {
        visitor: [
            Reason(reason.rule, round(reason.points, POINT_DECIMALS), reason.at, reason.text)
            for reason in score.reasons(own, rules, now)
        ]
        for visitor, own in lines.items()
    }
