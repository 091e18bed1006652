"""Tracked links: the reader is led on, and the click is told."""

import asyncio
from functools import cache
from pathlib import Path
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from msgspec.json import encode
from prometheus_client import Counter

from leadlight.core.intake import tracked_links
from leadlight.core.intake.pixels import Call, completed
from leadlight.core.intake.tracked_links import Link
from leadlight.core.records import EventType
from leadlight.errors import StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from services.collector.arrival import Headers
from services.collector.door.cookie import cookie_id
from services.collector.ingest import read_body
from services.collector.keys import WriteKeys
from services.collector.pages.recording import Store, as_browsers, is_prefetch, text_of
from services.collector.problems import Problem, Refused

log = get_logger(__name__)

CLICKED = "Link Clicked"
LIBRARY = "leadlight-link"

PATIENCE_SECONDS = 1.0
"""How long a reader waits for the log. Who clicks wants the page; a click may be lost for it, and is then counted."""

LOST = Counter("leadlight_collector_lost_clicks_total", "Clicks on tracked links that led on but were not stored.")

HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-robots-tag": "noindex, nofollow",
    "x-content-type-options": "nosniff",
}
PAGE_HEADERS = HEADERS | {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
}

GONE = Problem(404, "Not found", "The link's site has been removed.")

OVER = ("This link is no longer valid", "It was good for a time, and that time is over.")
UNKNOWN = ("This link leads nowhere", "It is not one of ours, or a part of it was lost on the way.")


def links_router(runtime: Runtime, keys: WriteKeys, store: Store) -> APIRouter:
    router = APIRouter()

    async def tell(link: Link, request: Request) -> None:
        headers: Headers = as_browsers(dict(request.scope["headers"]))
        agent = text_of(headers.get(b"user-agent"))
        call = completed(click(link), event_id=str(uuid4()), cookie=cookie_id(headers), referrer=None, agent=agent)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                grant = await keys.of_site(link.site)
                if grant is None:
                    raise Refused(GONE)
                await store(read_body(encode(call), EventType.TRACK), headers, request.scope["client"], grant)
        except (Refused, StoreUnavailable, TimeoutError) as error:
            LOST.inc()
            log.warning("a click was not stored", site=link.site, error=str(error) or "it took too long")

    @router.api_route("/l/{token:path}", methods=["GET", "HEAD"])
    async def follow(token: str, request: Request) -> Response:
        link = tracked_links.read(token, runtime.secret)
        if link is None:
            return leads_nowhere()
        if link.is_over(runtime.now()):
            return HTMLResponse(_page(*OVER), 410, PAGE_HEADERS)
        if request.method == "GET" and not is_prefetch(dict(request.scope["headers"])):
            await tell(link, request)
        return Response(status_code=302, headers=HEADERS | {"location": link.url})

    return router


def leads_nowhere() -> Response:
    return HTMLResponse(_page(*UNKNOWN), 404, PAGE_HEADERS)


def click(link: Link) -> Call:
    """The call that a click is."""
    properties = {"url": link.url} | ({"campaign": link.campaign} if link.campaign else {})
    return {
        "type": EventType.TRACK.value,
        "event": CLICKED,
        "properties": properties,
        "context": {"library": {"name": LIBRARY}},
    }


@cache
def _page(title: str, text: str) -> str:
    page = (Path(__file__).parent / "no_link.html").read_text(encoding="utf-8")
    return page.replace("TITLE", title).replace("TEXT", text)
