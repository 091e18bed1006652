"""Who is signed in: a cookie that names a session, and the person and site behind it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from leadlight.runtime import Runtime
from leadlight.store.owners import sites, users
from leadlight.store.owners.sites import Site
from leadlight.store.owners.users import SESSION_LIFETIME, User
from services.console.live import Broadcaster

COOKIE = "leadlight_session"


class NotSignedIn(Exception):
    """Nobody is signed in; the way in is shown instead."""


class Forbidden(Exception):
    """Somebody is signed in, but this is not for them. The message says whom to ask."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at the console: who they are and which site they look at."""

    user: User
    site: Site

    @property
    def admin(self) -> bool:
        return self.user.role == "admin"


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def broadcaster_of(request: Request) -> Broadcaster:
    broadcaster: Broadcaster = request.app.state.broadcaster
    return broadcaster


async def seat_of(request: Request) -> Seat:
    """Raises NotSignedIn without a cookie, or with one that is known no more."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise NotSignedIn
    runtime = runtime_of(request)
    async with runtime.database.read() as connection:
        user = await users.of_session(connection, token, now=runtime.now())
        site = await sites.get(connection, user.site_id) if user else None
    if user is None or site is None:
        raise NotSignedIn
    return Seat(user, site)


async def admin_of(request: Request) -> Seat:
    """Raises Forbidden for those who may look but not set anything up."""
    seat = await seat_of(request)
    if not seat.admin:
        raise Forbidden("Set-up is for admins of this site. Ask one of them, or have your role changed.")
    return seat


Signed = Annotated[Seat, Depends(seat_of)]
Admin = Annotated[Seat, Depends(admin_of)]
OurRuntime = Annotated[Runtime, Depends(runtime_of)]
Live = Annotated[Broadcaster, Depends(broadcaster_of)]


def keep(response: Response, token: str, *, secure: bool) -> None:
    """Give the browser its session; scripts cannot read it, and other sites cannot post with it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )


def forget(response: Response, *, secure: bool) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=secure)
