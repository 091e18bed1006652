"""The console: server-rendered pages that update by themselves, for reps and owners."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.service import Problems, Service
from services.console.checks import Checks
from services.console.guard import Guard
from services.console.live import Broadcaster
from services.console.network_data import NetworkData
from services.console.pages import (
    about_data,
    alerts,
    check,
    companies,
    dead_letters,
    health,
    links,
    machines,
    now,
    people,
    set_up,
    sign_in,
    site_settings,
    visitors,
)
from services.console.pages.frame import READ
from services.console.render import STATIC, is_live, page
from services.console.session import Forbidden, Live, NotSignedIn, OurRuntime, Signed, seat_of
from services.console.shared import Shared

log = get_logger(__name__)

PORT = 8002
FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
WHERE_EVENTS_GO = "Events go to /v1/batch."


def service(runtime: Runtime) -> Service:
    """The console's pages, and the one look at the changes that keeps them fresh."""
    broadcaster = Broadcaster(runtime)
    checks = Checks(runtime)
    app = console_app(runtime, broadcaster, checks)

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(broadcaster.run())
            tasks.create_task(checks.run())

    async def problems() -> Problems:
        missing = [name for name in ("console.js", "console.css") if not (STATIC / name).is_file()]
        return {"browser code": f"not built: {', '.join(missing)}; run `make setup`"} if missing else {}

    return Service("console", PORT, run=run, app=app, prefixes=("",), problems=problems)


def console_app(runtime: Runtime, broadcaster: Broadcaster, checks: Checks) -> Guard:
    app = FastAPI(title="Leadlight console", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.runtime = runtime
    app.state.broadcaster = broadcaster
    app.state.checks = checks
    app.state.network_data = NetworkData(runtime)
    app.state.drawings = Shared[HTMLResponse]()
    for part in (
        now,
        visitors,
        companies,
        people,
        alerts,
        check,
        dead_letters,
        machines,
        set_up,
        site_settings,
        links,
        health,
        about_data,
        sign_in,
    ):
        app.include_router(part.router)
    app.add_api_route("/live", live, response_class=StreamingResponse)
    app.add_api_route("/favicon.svg", favicon, methods=READ, response_class=Response)
    app.mount("/static", Kept(directory=STATIC, check_dir=False))
    app.add_exception_handler(NotSignedIn, ask_to_sign_in)
    app.add_exception_handler(Forbidden, refuse)
    app.add_exception_handler(HTTPException, not_found)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(Outage, away)
    app.add_exception_handler(Exception, broken)

    async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
        said = "This was sent from another site's page, so nothing was changed."
        await HTMLResponse(f"<!doctype html><title>Refused</title><p>{said}", 403)(scope, receive, send)

    public_url = runtime.settings.public_url
    return Guard(app, foreign, public_host=urlsplit(public_url).netloc if public_url else None)


async def live(
    request: Request, seat: Signed, broadcaster: Live, since: str = "", visitor: str | None = None
) -> StreamingResponse:
    """What changes on this page's site, as server-sent events, for as long as its reader stays signed in."""

    async def allowed() -> bool:
        try:
            return (await seat_of(request)).site.id == seat.site.id
        except NotSignedIn:
            return False

    frames = broadcaster.frames(seat.site.id, visitor=visitor, since=since, allowed=allowed)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def favicon() -> Response:
    drawn = (Path(__file__).parent / "templates" / "favicon.svg").read_bytes()
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": A_DAY})


class Kept(StaticFiles):
    """Built files. Asked for by their content's hash, they may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        named = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = FOR_EVER if named and response.status_code == 200 else A_DAY
        return response


async def ask_to_sign_in(request: Request, _: Exception) -> Response:
    if not _reading(request):
        if "text/html" in request.headers.get("accept", ""):
            return _trouble(request, 401, "You are signed out", "Nothing was changed. Sign in again, and repeat it.")
        return _problem(401, "Not signed in", f"This needs a session of the console. {WHERE_EVENTS_GO}")
    if is_live(request):
        return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    if request.url.path == "/live":
        return Response(status_code=204)  # tells the browser not to try again
    return RedirectResponse("/sign-in", 303)


async def refuse(request: Request, error: Exception) -> Response:
    return _trouble(request, 403, "Not for you", str(error))


async def not_found(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in (404, 405) and not _reading(request):
        # whatever posts here believes to have found the collector: a page with a 200 would tell it that all is well
        said = f"The console takes no {request.method} at this path. {WHERE_EVENTS_GO}"
        return _problem(404, "Not found", said)
    if status != 404:
        return _trouble(request, status, "That did not work", str(getattr(error, "detail", "")))
    return _trouble(
        request, 404, "Nothing here", "This page or visitor does not exist, or belongs to a site you cannot see."
    )


async def not_understood(request: Request, _: Exception) -> Response:
    return _trouble(request, 422, "That did not work", "The address or the form holds something unexpected.")


async def away(request: Request, error: Exception) -> Response:
    log.warning("page without database", path=request.url.path, error=str(error))
    return _trouble(request, 503, "The database is away", "Nothing is lost. Try again in a moment.")


async def broken(request: Request, error: Exception) -> Response:
    log.error("page failed", path=request.url.path, error=repr(error))
    return _trouble(request, 500, "Something broke", "It was written to the log. Going back and trying again may help.")


def _reading(request: Request) -> bool:
    return request.method in ("GET", "HEAD")


def _problem(status: int, title: str, detail: str) -> Response:
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(problem, status, media_type="application/problem+json")


def _trouble(request: Request, status: int, title: str, text: str) -> Response:
    runtime: OurRuntime = request.app.state.runtime
    return page(request, "trouble.html", {"title": title, "text": text, "now": runtime.now()}, status=status)
