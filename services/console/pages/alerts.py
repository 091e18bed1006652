"""Alerts: what was told, newest first; opening one marks it as seen."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from leadlight.store.views import console_views, visitor_objects
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import OurRuntime, Signed

router = APIRouter()

PER_PAGE = 40
ID = re.compile(r"[0-9a-f-]{36}")


@router.api_route("/alerts", methods=READ)
async def alerts_page(
    request: Request,
    seat: Signed,
    runtime: OurRuntime,
    number: Annotated[int, Query(alias="page", ge=1, le=2_000)] = 1,
) -> HTMLResponse:
    given = marked(request, seat)
    now, site = given["now"], seat.site.id
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        offset = (number - 1) * PER_PAGE
        told = await console_views.told(connection, site, limit=PER_PAGE + 1, offset=offset)
        ids = list(dict.fromkeys(alert.visitor for alert in told))
        people = {v.id: v for v in await visitor_objects.by_ids(connection, site, ids, now=now)}
    shown = [(alert, people[alert.visitor]) for alert in told[:PER_PAGE] if alert.visitor in people]
    return page(
        request,
        "alerts.html",
        {**context, "told": shown, "number": number, "further": len(told) > PER_PAGE},
    )


@router.get("/alerts/{id}")
async def open_alert(id: str, seat: Signed, runtime: OurRuntime) -> RedirectResponse:
    """To the alert's visitor; the alert counts as seen."""
    if not ID.fullmatch(id):
        raise HTTPException(404)
    async with runtime.database.begin() as connection:
        visitor = await console_views.open_alert(connection, seat.site.id, id, now=runtime.now())
    if visitor is None:
        raise HTTPException(404)
    return RedirectResponse(f"/visitors/{visitor}", 303)


@router.post("/alerts/seen")
async def see_all(seat: Signed, runtime: OurRuntime) -> RedirectResponse:
    """Mark everything as seen."""
    async with runtime.database.begin() as connection:
        await console_views.open_all_alerts(connection, seat.site.id, now=runtime.now())
    return RedirectResponse("/alerts", 303)
