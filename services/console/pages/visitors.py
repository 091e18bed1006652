"""All visitors, to be filtered and searched; and one visitor, with everything known."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from leadlight.core.objects import EventSeen, IdentifiedAs, Moment, Visit
from leadlight.core.scoring.grade import TABLE, advice, fit_of
from leadlight.core.scoring.score import HOT_FROM, Intent
from leadlight.store import rules as site_rules
from leadlight.store.identity import corrections, merges
from leadlight.store.views import console_views, followed_links, links, visitor_objects, visitor_route
from leadlight.store.views.console_views import PRESENCE, Wanted
from services.console import curve, introductions
from services.console.machine_words import layers
from services.console.network_data import NetworkData
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import OurRuntime, Signed

router = APIRouter()

PER_PAGE = 50
VISITS = 12
MOMENTS = 100
NEARBY = timedelta(minutes=30)
EXCLUDED = {"excluded_email": "this e-mail address", "excluded_company": "this company"}
ID = re.compile(r"[0-9a-f-]{36}")


@router.api_route("/visitors", methods=READ)
async def visitors_page(
    request: Request,
    seat: Signed,
    runtime: OurRuntime,
    intent: Literal["", "hot", "warm", "cold"] = "",
    known: Literal["", "contact", "company"] = "",
    q: str = "",
    sort: Literal["latest", "hottest"] = "latest",
    number: Annotated[int, Query(alias="page", ge=1, le=2_000)] = 1,
) -> HTMLResponse:
    given = marked(request, seat)
    now, site, words = given["now"], seat.site.id, " ".join(q.split())[:100]
    wanted = Wanted(intent=intent or None, known=known or None, words=words, hottest=sort == "hottest")
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        offset = (number - 1) * PER_PAGE
        ids = await console_views.listed(connection, site, wanted, offset=offset, limit=PER_PAGE)
        shown = ids[:PER_PAGE]
        people = await visitor_objects.by_ids(connection, site, shown, now=now)
        pages = await console_views.pages_opened(connection, site, shown)
    chosen = {"intent": intent, "known": known, "q": words, "sort": sort}
    return page(
        request,
        "visitors.html",
        {
            **context,
            "people": people,
            "pages": pages,
            "chosen": chosen,
            "number": number,
            "further": len(ids) > PER_PAGE,
            "presence": now - PRESENCE,
        },
    )


@router.api_route("/visitors/{id}", methods=READ)
async def visitor_page(request: Request, id: str, seat: Signed, runtime: OurRuntime) -> HTMLResponse:
    given = marked(request, seat)
    now, site = given["now"], seat.site.id
    if not ID.fullmatch(id):
        raise HTTPException(404)
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        found = await visitor_objects.by_ids(connection, site, [id], now=now, excluded=True)
        if not found:
            raise HTTPException(404)
        visitor = found[0]
        hidden = await console_views.hidden_reason(connection, site, id)
        followed = await followed_links.of_visitor(connection, site, id)
        visits, older = await visitor_route.visits(connection, site, id, limit=VISITS)
        moments, _ = await visitor_route.timeline(connection, site, id, limit=MOMENTS, newest_first=True)
        opened = await console_views.pages_opened(connection, site, [id])
        contact, company = visitor.contact, visitor.company
        devices = await console_views.devices(connection, site, contact.id, besides=id) if contact else []
        mates = (
            await console_views.colleagues(
                connection, site, company.id, besides=id, contact=contact.id if contact else None
            )
            if company
            else []
        )
        others = {v.id: v for v in await visitor_objects.by_ids(connection, site, [*devices, *mates], now=now)}
        rules = await site_rules.for_site(connection, site)
        lines = await console_views.ledger_lines(connection, site, id)
        said = await corrections.in_force(connection, site, id)
        reach = await corrections.reach_of(connection, site, id)
        known = await links.of_visitor(connection, site, id)
        merged = await merges.stated(connection, site, of=[contact.id]) if contact else ()
    data: NetworkData = request.app.state.network_data
    told = moments if older is None else [moment for moment in moments if moment.at >= visits[-1].started_at]
    here = visitor.last_seen_at is not None and visitor.last_seen_at >= now - PRESENCE
    return page(
        request,
        "visitor.html",
        {
            **context,
            "visitor": visitor,
            "layers": layers(visitor),
            "hidden": EXCLUDED.get(hidden, "excluded") if hidden else None,
            "here_page": opened.get(id) if here else None,
            "live": here,
            "curve": None if visitor.bot else curve.draw(lines, rules, now=now),
            "visits": list(zip(visits, happenings(visits, told), strict=True)),
            "in_visit": in_visit,
            "introductions": introductions,
            "unconfirmed": [link for link in followed if not link.confirmed],
            "older": older is not None,
            "devices": [others[other] for other in devices if other in others],
            "colleagues": [others[other] for other in mates if other in others],
            "said": said,
            "reach": reach,
            "links": known,
            "merged": merged,
            "hot_from": HOT_FROM,
            "half_life_days": rules.half_life.days,
            "key": TABLE,
            "fit": fit_of(visitor.fit),
            "credits": (await data.seen()).credits if visitor.location.country or visitor.network else (),
            "advice": advice(visitor.fit, Intent(visitor.intent), known=visitor.contact is not None),
            "presence": now - PRESENCE,
        },
    )


def happenings(visits: Sequence[Visit], moments: Sequence[Moment]) -> list[list[EventSeen | IdentifiedAs]]:
    """What else happened in each visit, or after it and before the next: forms, downloads, introductions; oldest first.

    Both are given newest first. What happened before the oldest visit is told with that one.
    """
    told: list[list[EventSeen | IdentifiedAs]] = [[] for _ in visits]
    for moment in reversed(moments):
        if visits and isinstance(moment, EventSeen | IdentifiedAs):
            begun = (place for place, visit in enumerate(visits) if visit.started_at <= moment.at)
            told[next(begun, len(visits) - 1)].append(moment)
    return told


def in_visit(visit: Visit, moment: EventSeen | IdentifiedAs) -> bool:
    """Whether a moment's clock alone says when it was; the day is said with what fell between visits."""
    return visit.started_at - NEARBY <= moment.at <= visit.ended_at + NEARBY
