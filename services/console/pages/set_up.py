"""Set-up: the snippet to paste, whether anything arrives, what was refused and why, and who and what is connected."""

from datetime import timedelta
from secrets import token_urlsafe
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from leadlight.errors import ConfigurationError
from leadlight.store.owners import keys, sites, users, webhooks
from leadlight.store.views import console_views
from services.console import session
from services.console.pages.frame import READ, around, marked
from services.console.render import page
from services.console.session import Admin, OurRuntime

router = APIRouter()

RECENT = timedelta(days=1)

DROPS = {
    "not_an_object": "A batch held something that is no call: a number, a string, a list.",
    "wrong_type": "A field had the wrong type, such as a list where an object belongs.",
    "unknown_type": "The call's type is none of page, screen, track, identify, group or alias.",
    "too_large": "The event was larger than 32 KB.",
    "too_deep": "Objects and lists were nested further than anybody reads.",
    "no_identity": "Nobody to count it for: no anonymous id and no user id, or one that stands for everybody, such as null.",
    "id_too_long": "The anonymous id or user id was longer than 200 characters.",
    "no_name": "A track call did not say what happened.",
    "bad_engagement": "A report of reading time named no page view, or no time.",
    "no_consent": "The visitor chose not to be followed: consent refused, Global Privacy Control or Do Not Track.",
    "privacy_none": "The privacy level here, or in the visitor's country, lets nothing be kept.",
    "person_refused": "It said only who somebody is, and the privacy level lets nobody be named.",
    "foreign_origin": "The page's host is not among the allowed origins.",
    "excluded_network": "It came from a network that you leave out.",
    "excluded_path": "It happened on a page that you leave out.",
    "excluded_email": "It was about a person whom you leave out.",
    "excluded_company": "It was about a person of a company that you leave out.",
    "unknown_site": "The write key belongs to no site.",
}


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
    return page(
        request,
        "set_up.html",
        {
            **context,
            "snippet": sites.snippet(site, origin(request, runtime)),
            "last": last,
            "recent": last is not None and now - last < RECENT,
            "demo_last": demo,
            "dropped": [(drop, DROPS.get(drop.reason, "Refused by the collector.")) for drop in refused],
            "keys": [key for key in known_keys if key.revoked_at is None],
            "hooks": hooks,
            "people": people,
            "problem": problem,
            "typed": typed,
        },
        status=status,
    )


def origin(request: Request, runtime: OurRuntime) -> str:
    """Under which address pages reach the collector: what was configured, or what this browser uses."""
    if runtime.settings.public_url:
        return runtime.settings.public_url
    parts = urlsplit(str(request.base_url))
    return f"{parts.scheme}://{parts.netloc}"
