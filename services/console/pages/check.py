"""Is it in? A check of the site's pages, and a line that says "We see you" when the owner opens one."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from leadlight.core.installation.sighting import is_good, make_token, marked
from leadlight.core.installation.verdict import Expected
from leadlight.core.intake.drop_words import told
from leadlight.errors import WrongUsage
from leadlight.runtime import Runtime
from leadlight.runtime.installation.check import Report, address_of
from leadlight.store.owners import checks as kept_checks
from leadlight.store.owners import site_settings, sites, users
from leadlight.store.owners.sites import Site
from services.console.checks import Checks, grouped, report_of
from services.console.render import is_live, markup
from services.console.session import Admin, OurRuntime, Seat

router = APIRouter()

PATIENCE = timedelta(seconds=12)
"""A page view is here within a second or two; after this long something keeps it away, and what that may be is told."""

GIVES_UP = timedelta(minutes=20)
STOP_POLLING = 286
"""What htmx takes for the end of asking again and again."""


async def check_context(connection: AsyncConnection, seat: Seat, runtime: Runtime) -> dict[str, Any]:
    """What the set-up page's part about the installation shows."""
    check = await kept_checks.latest(connection, seat.site.id)
    token = make_token(runtime.secret, seat.site.id, now=runtime.now(), random=secrets.token_bytes(8))
    address = check.address if check else f"https://{seat.site.domain}/"
    opened = address_to_open(check.address if check else None, report_of(check) if check else None, seat.site)
    return {
        **_result(check, runtime.now()),
        "check_address": address,
        "token": token,
        "open_address": marked(opened, token),
    }


def address_to_open(checked: str | None, report: Report | None, site: Site) -> str:
    """The page to look at live: the one that was checked, or a sitemap's first."""
    if checked is None or report is None:
        return f"https://{site.domain}/"
    if report.kind == "sitemap":
        return report.pages[0].url if report.pages else f"https://{site.domain}/"
    return checked


@router.post("/set-up/check")
async def start_check(
    request: Request,
    seat: Admin,
    runtime: OurRuntime,
    address: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Check a page or a sitemap, in the background."""
    checks: Checks = request.app.state.checks
    problem = ""
    try:
        wanted = address_of(address)
        async with runtime.database.read() as connection:
            own = await users.sites_of(connection, seat.user.email)
            settings, _ = await site_settings.current(connection, seat.site.id)
        collector = collector_origin(request, runtime)
        expected = Expected(
            seat.site.write_key,
            collector,
            sites.snippet(seat.site, collector, settings.privacy),
            certain=runtime.settings.public_url is not None,
            others={site.write_key: site.domain for site in own if site.id != seat.site.id},
        )
        if not await checks.start(seat.site, wanted, expected):
            problem = "A check goes on already."
    except WrongUsage as error:
        problem = str(error)
    if not is_live(request):
        return RedirectResponse("/set-up", 303)
    return await _drawn(seat, runtime, problem)


@router.get("/set-up/check")
async def check_so_far(request: Request, seat: Admin, runtime: OurRuntime) -> Response:
    """How far the site's last check is."""
    return await _drawn(seat, runtime) if is_live(request) else RedirectResponse("/set-up", 303)


@router.get("/set-up/seen")
async def seen(
    seat: Admin,
    runtime: OurRuntime,
    token: Annotated[str, Query(max_length=100)],
    since: Annotated[int, Query(ge=0, le=99_999_999_999)] = 0,
    hinted: bool = False,
) -> Response:
    """Whether the page view with this token has arrived; nothing while there is nothing new to say."""
    now = runtime.now()
    if not is_good(token, runtime.secret, seat.site.id, now=now):
        return HTMLResponse(markup("seen.html", state="over", now=now), STOP_POLLING)
    async with runtime.database.read() as connection:
        sighting = await kept_checks.seen(connection, seat.site.id, token)
    if sighting is not None:
        refused = told(sighting.refused) if sighting.refused else None
        return HTMLResponse(markup("seen.html", state="seen", at=sighting.at, refused=refused, now=now), STOP_POLLING)
    waited = now - datetime.fromtimestamp(since, UTC) if since else timedelta()
    if waited > GIVES_UP:
        return HTMLResponse(markup("seen.html", state="over", now=now), STOP_POLLING)
    if since and (hinted or waited < PATIENCE):
        return Response(status_code=204)
    asked = since or int(now.timestamp())
    return HTMLResponse(markup("seen.html", state="hinted" if since else "waiting", token=token, since=asked, now=now))


def collector_origin(request: Request, runtime: Runtime) -> str:
    """Under which address pages reach the collector: what was configured, or what this browser uses."""
    if runtime.settings.public_url:
        return runtime.settings.public_url
    return f"{request.base_url.scheme}://{request.base_url.netloc}"


async def _drawn(seat: Seat, runtime: Runtime, problem: str = "") -> HTMLResponse:
    now = runtime.now()
    async with runtime.database.read() as connection:
        check = await kept_checks.latest(connection, seat.site.id)
    return HTMLResponse(markup("check_result.html", now=now, check_problem=problem, **_result(check, now)))


def _result(check: kept_checks.Check | None, now: datetime) -> dict[str, Any]:
    if check is None:
        return {"check": None, "report": None, "groups": [], "goes_on": False, "broken_off": False}
    report = report_of(check)
    return {
        "check": check,
        "report": report,
        "groups": grouped(report),
        "goes_on": check.goes_on(now),
        "broken_off": check.ended_at is None and not check.goes_on(now),
    }
