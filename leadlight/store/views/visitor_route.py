"""A visitor's way through the site: visit by visit, and moment by moment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Row, Text, and_, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import EventSeen, IdentifiedAs, Moment, PageRead, PageViewed, Visit, whole_seconds
from leadlight.core.scoring.visits import Run, split_visits
from leadlight.core.scoring.visits import Visit as SplitVisit
from leadlight.store.identity.people import HOLDS
from leadlight.store.tables import Instant, contact_merges, contacts, events, page_views, visitor_contacts
from leadlight.store.tables import visits as runs
from leadlight.store.views import contact_objects

Step = tuple[datetime, int, str]
"""A place in the timeline: time, kind and id."""

_PAGE_VIEW, _EVENT, _IDENTIFIED = range(3)


async def visits(
    connection: AsyncConnection, site: str, visitor: str, *, limit: int, before: datetime | None = None
) -> tuple[list[Visit], datetime | None]:
    """Visits with their pages, newest first, and the time to go on from; none after the oldest.

    `limit` counts runs of activity: one over 24 h brings several visits.
    """
    query = select(runs.c.started_at, runs.c.ended_at).where(runs.c.site_id == site, runs.c.visitor_id == visitor)
    if before is not None:
        query = query.where(runs.c.started_at < before)
    found = (await connection.execute(query.order_by(runs.c.started_at.desc()).limit(limit + 1))).all()
    if not found:
        return [], None
    shown = found[:limit]
    spans = sorted(Run(start, end) for start, end in shown)
    rows = await connection.execute(
        select(page_views)
        .where(
            page_views.c.site_id == site,
            page_views.c.visitor_id == visitor,
            page_views.c.occurred_at.between(spans[0].start, spans[-1].end),
            ~page_views.c.hidden,
        )
        .order_by(page_views.c.occurred_at, page_views.c.id)
    )
    told = [_visit(span) for span in split_visits(spans, ((row.occurred_at, row) for row in rows))]
    return told[::-1], shown[-1].started_at if len(found) > limit else None


def _visit(span: SplitVisit[Row[Any]]) -> Visit:
    pages = span.items
    arrival = next((row for row in pages if row.source is not None), None)
    return Visit(
        started_at=span.started_at,
        ended_at=span.ended_at,
        source=arrival.source if arrival else None,
        medium=arrival.medium if arrival else None,
        campaign=arrival.campaign if arrival else None,
        referrer=pages[0].referrer or None if pages else None,
        page_views=len(pages),
        engaged_seconds=whole_seconds(sum(row.engaged_ms for row in pages)),
        elapsed_seconds=(span.ended_at - span.started_at) // timedelta(seconds=1),
        pages=[
            PageRead(
                id=row.id,
                at=row.occurred_at,
                path=row.path or None,
                url=row.url or None,
                title=row.title or None,
                category=row.category,
                engaged_seconds=whole_seconds(row.engaged_ms),
                scroll_percent=row.scroll_percent,
                imported=row.imported,
            )
            for row in pages
        ],
    )


async def timeline(
    connection: AsyncConnection,
    site: str,
    visitor: str,
    *,
    limit: int,
    after: Step | None = None,
    newest_first: bool = False,
) -> tuple[list[Moment], Step | None]:
    """Page views, other events and introductions in order of time, and the place to go on from."""
    steps: list[tuple[Step, Moment]] = []
    for kind, load in ((_PAGE_VIEW, _page_views), (_EVENT, _events), (_IDENTIFIED, _introductions)):
        for moment in await load(connection, site, visitor, kind, after, limit + 1, newest_first):
            steps.append(((moment.at, kind, moment.id), moment))
    steps.sort(key=lambda step: step[0][:2], reverse=newest_first)  # ids are ordered by the database already
    further = steps[limit - 1][0] if len(steps) > limit else None
    return [moment for _, moment in steps[:limit]], further


async def _page_views(
    connection: AsyncConnection, site: str, visitor: str, kind: int, after: Step | None, limit: int, newest: bool
) -> Sequence[Moment]:
    at, id = page_views.c.occurred_at, page_views.c.id
    rows = await connection.execute(
        select(page_views)
        .where(page_views.c.site_id == site, page_views.c.visitor_id == visitor, at.is_not(None))
        .where(~page_views.c.hidden)
        .where(*_beyond(at, id, kind, after, newest))
        .order_by(*_order(at, id, newest))
        .limit(limit)
    )
    return [
        PageViewed(
            id=row.id,
            at=row.occurred_at,
            path=row.path or None,
            url=row.url or None,
            title=row.title or None,
            category=row.category,
            source=row.source,
            engaged_seconds=whole_seconds(row.engaged_ms),
            scroll_percent=row.scroll_percent,
            imported=row.imported,
        )
        for row in rows
    ]


async def _events(
    connection: AsyncConnection, site: str, visitor: str, kind: int, after: Step | None, limit: int, newest: bool
) -> Sequence[Moment]:
    """An `identify` call that named a contact is left out: the introduction stands for it."""
    at, id = events.c.occurred_at, events.c.id
    introduced = select(visitor_contacts.c.event_id).where(
        visitor_contacts.c.site_id == site, visitor_contacts.c.visitor_id == visitor, HOLDS
    )
    rows = await connection.execute(
        select(events)
        .where(events.c.site_id == site, events.c.visitor_id == visitor, ~events.c.hidden)
        .where(or_(events.c.type != "identify", id.not_in(introduced)), *_beyond(at, id, kind, after, newest))
        .order_by(*_order(at, id, newest))
        .limit(limit)
    )
    return [
        EventSeen(
            id=row.id,
            at=row.occurred_at,
            call=row.type,
            name=row.name or None,
            path=row.path or None,
            properties=row.properties,
            imported=row.imported,
        )
        for row in rows
    ]


async def _introductions(
    connection: AsyncConnection, site: str, visitor: str, kind: int, after: Step | None, limit: int, newest: bool
) -> Sequence[Moment]:
    """Once for each turn of a person: who is signed in says who they are with every call. The address is as it was said."""
    in_order = (visitor_contacts.c.claimed_at, visitor_contacts.c.event_id)
    person = func.coalesce(contact_merges.c.person_id, visitor_contacts.c.contact_id)
    claims = (
        select(visitor_contacts, person.label("person_id"), func.lag(person).over(order_by=in_order).label("known_as"))
        .outerjoin(
            contact_merges,
            and_(
                contact_merges.c.site_id == visitor_contacts.c.site_id,
                contact_merges.c.contact_id == visitor_contacts.c.contact_id,
                contact_merges.c.undone_at.is_(None),
            ),
        )
        .where(visitor_contacts.c.site_id == site, visitor_contacts.c.visitor_id == visitor)
        .where(HOLDS)
        .subquery()
    )
    at, id = claims.c.claimed_at, claims.c.event_id
    found = await connection.execute(
        select(claims, contacts.c.email)
        .join(contacts, and_(contacts.c.site_id == claims.c.site_id, contacts.c.id == claims.c.contact_id))
        .where(claims.c.person_id.is_distinct_from(claims.c.known_as), *_beyond(at, id, kind, after, newest))
        .order_by(*_order(at, id, newest))
        .limit(limit)
    )
    rows = found.all()
    people = await contact_objects.refs(connection, site, {row.person_id: row.email for row in rows})
    return [
        IdentifiedAs(
            id=row.event_id,
            at=row.claimed_at,
            contact=replace(people[row.person_id], email=row.email),
            method=row.method,
            confidence=row.confidence,
        )
        for row in rows
    ]


def _beyond(
    at: ColumnElement[datetime], id: ColumnElement[str], kind: int, after: Step | None, newest: bool
) -> list[ColumnElement[bool]]:
    """What lies past a place whose kind may be another than the column's."""
    if after is None:
        return []
    when, of_kind, last = after
    if kind == of_kind:
        place, mark = tuple_(at, id), tuple_(literal(when, Instant), literal(last, Text))
        return [place < mark if newest else place > mark]
    if newest:
        return [at <= when if kind < of_kind else at < when]
    return [at >= when if kind > of_kind else at > when]


def _order(at: ColumnElement[datetime], id: ColumnElement[str], newest: bool) -> list[ColumnElement[Any]]:
    return [at.desc(), id.desc()] if newest else [at.asc(), id.asc()]
