"""The way in and out: one-time links, and sessions that follow from them."""

import secrets

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from leadlight.store.owners import users
from services.console import session
from services.console.pages.frame import READ
from services.console.render import page
from services.console.session import NotSignedIn, OurRuntime, Signed, seat_of

router = APIRouter()

TOKEN_CHARACTERS = 200
"""Ours have 43; whatever is longer is no token and is not looked up."""


@router.api_route("/sign-in", methods=READ)
async def explain(request: Request, runtime: OurRuntime) -> Response:
    """How to get a link; whoever is in already goes on to the console."""
    try:
        await seat_of(request)
    except NotSignedIn:
        return page(request, "sign_in.html", {"state": "explain", "now": runtime.now()})
    return RedirectResponse("/", 303)


@router.api_route("/sign-in/{token}", methods=READ)
async def offer(request: Request, token: str, runtime: OurRuntime) -> HTMLResponse:
    """A page that signs in by a POST: scanners of mail and chat open links, and must not use this one up."""
    async with runtime.database.read() as connection:
        good = len(token) <= TOKEN_CHARACTERS and await users.may_redeem(connection, token, now=runtime.now())
    if not good:
        return _spent(request, runtime)
    return page(request, "sign_in.html", {"state": "offer", "token": token, "now": runtime.now()})


@router.post("/sign-in/{token}")
async def redeem(request: Request, token: str, runtime: OurRuntime) -> Response:
    """Use the link up and begin a session."""
    fresh = secrets.token_urlsafe(32)
    async with runtime.database.begin() as connection:
        user = None
        if len(token) <= TOKEN_CHARACTERS:
            user = await users.redeem(connection, token, session=fresh, now=runtime.now())
    if user is None:
        return _spent(request, runtime)
    response = RedirectResponse("/", 303)
    session.keep(response, fresh, secure=_secure(request, runtime))
    return response


@router.post("/sign-out")
async def sign_out(request: Request, runtime: OurRuntime) -> Response:
    """End the session, here and on the server."""
    token = request.cookies.get(session.COOKIE)
    if not token:
        raise NotSignedIn
    async with runtime.database.begin() as connection:
        await users.sign_out(connection, token)
    response = RedirectResponse("/sign-in", 303)
    session.forget(response, secure=_secure(request, runtime))
    return response


@router.post("/site")
async def switch_site(
    request: Request, seat: Signed, runtime: OurRuntime, site: str = Form(max_length=100)
) -> RedirectResponse:
    """Look at another site that has the same person among its users."""
    token = request.cookies[session.COOKIE]
    async with runtime.database.begin() as connection:
        await users.move_session(connection, token, email=seat.user.email, site_id=site, now=runtime.now())
    return RedirectResponse("/", 303)


def _spent(request: Request, runtime: OurRuntime) -> HTMLResponse:
    return page(request, "sign_in.html", {"state": "spent", "now": runtime.now()}, status=410)


def _secure(request: Request, runtime: OurRuntime) -> bool:
    return request.url.scheme == "https" or (runtime.settings.public_url or "").startswith("https://")
