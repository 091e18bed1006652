"""Set-up: the snippet to paste, whether anything arrives, what was refused and why, and who and what is connected."""

from datetime import timedelta
from secrets import token_urlsafe
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from leadlight.core.intake.drop_words import told
from leadlight.errors import ConfigurationError
from leadlight.store.collecting import drops
from leadlight.store.owners import keys, site_settings, sites, users, webhooks
from leadlight.store.views import console_views
from services.console import session
from services.console.pages.check import check_context, collector_origin
from services.console.pages.frame import READ, around, marked
from services.console.pages.site_settings import LEVELS
from services.console.render import page
from services.console.session import Admin, OurRuntime

router = APIRouter()

RECENT = timedelta(days=1)
REFUSED_SINCE = timedelta(days=7)


@router.api_route("/set-up", methods=READ)
async def set_up_page(request: Request, seat: Admin, runtime: OurRuntime) -> HTMLResponse:
    return await _page(request, seat, runtime)


@router.post("/set-up/sites")
async def add_site(
    request: Request,
    seat: Admin,
    runtime: OurRuntime,
    name: str = Form(max_length=200),
    domain: str = Form(max_length=300),
) -> Response:
    """Add a site, with the same person as its admin, and look at it."""
    now = runtime.now()
    try:
        async with runtime.database.begin() as connection:
            site = await sites.add(
                connection, id=str(uuid4()), name=name, domain=domain, write_key=f"wk_{token_urlsafe(18)}", now=now
            )
            await users.add(connection, site_id=site.id, id=str(uuid4()), email=seat.user.email, role="admin", now=now)
            token = request.cookies[session.COOKIE]
            await users.move_session(connection, token, email=seat.user.email, site_id=site.id, now=now)
    except ConfigurationError as error:
        return await _page(request, seat, runtime, problem=str(error), typed=(name, domain), status=400)
    return RedirectResponse("/set-up", 303)


async def _page(
    request: Request,
    seat: Admin,
    runtime: OurRuntime,
    *,
    problem: str = "",
    typed: tuple[str, str] = ("", ""),
    status: int = 200,
) -> HTMLResponse:
    given = marked(request, seat)
    now, site = given["now"], seat.site
    async with runtime.database.read() as connection:
        context = await around(connection, seat, given)
        last = await console_views.last_arrival(connection, site.id)
        demo = await console_views.last_arrival(connection, site.id, demo=True)
        refused = await console_views.dropped(connection, site.id, now=now)
        known_keys = await keys.list_for(connection, site.id)
        hooks = await webhooks.list_for(connection, [site.id])
        people = await users.list_for(connection, site.id)
        installation = await check_context(connection, seat, runtime)
        keyless = await drops.list_for(connection, drops.NO_SITE, since=(now - REFUSED_SINCE).date())
        wanted, _ = await site_settings.current(connection, site.id)
    return page(
        request,
        "set_up.html",
        {
            **context,
            **installation,
            "snippet": sites.snippet(site, collector_origin(request, runtime), wanted.privacy),
            "level": LEVELS[wanted.privacy][0],
            "last": last,
            "recent": last is not None and now - last < RECENT,
            "demo_last": demo,
            "keyless": sum(drop.count for drop in keyless if drop.reason == "refused_401"),
            "dropped": [(drop, told(drop.reason)) for drop in refused],
            "keys": [key for key in known_keys if key.revoked_at is None],
            "hooks": hooks,
            "people": people,
            "problem": problem,
            "typed": typed,
        },
        status=status,
    )
