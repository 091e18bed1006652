"""Tracked links: the reader is led on, and the click is told."""

import asyncio
from functools import cache
from pathlib import Path
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from msgspec.json import encode
from prometheus_client import Counter

from leadlight.core.ids import contact_id
from leadlight.core.intake import tracked_links
from leadlight.core.intake.admit import Arrival
from leadlight.core.intake.landings import HEAD_REQUEST, HONEYPOT, PREFETCH, landing_token, with_token
from leadlight.core.intake.pixels import Call, completed
from leadlight.core.intake.tracked_links import Link, link_id
from leadlight.core.privacy.levels import IDENTIFIED
from leadlight.core.records import RECIPIENT_PREFIX, EventType
from leadlight.errors import StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from services.collector.arrival import Arrivals, Headers, Peer
from services.collector.door.cookie import cookie_id
from services.collector.ingest import read_body
from services.collector.keys import Grant, WriteKeys
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


def links_router(runtime: Runtime, keys: WriteKeys, arrivals: Arrivals, store: Store) -> APIRouter:
    router = APIRouter()

    async def told(call: Call, headers: Headers, peer: Peer, grant: Grant) -> None:
        await store(read_body(encode(call), EventType.TRACK), headers, peer, grant)

    async def led_to(link: Link, token: str, request: Request) -> str:
        """Where the reader is led, once the click is told."""
        seen = _seen(link, request)
        headers, peer = as_browsers(dict(request.scope["headers"])), request.scope["client"]
        leads_to, now, id = link.url, runtime.now(), str(uuid4())
        if link.person is None and seen:
            return leads_to  # nobody has come
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                grant = await keys.of_site(link.site)
                if grant is None:
                    raise Refused(GONE)
                if may_know(link, arrivals.of(grant, headers, peer, None, now)):
                    landing = landing_token(link, token, runtime.secret, click=id, now=now, seen=seen)
                    leads_to = with_token(link.url, landing)
                    await told(recipients_click(link, token, leads_to, id, request.method, seen), headers, peer, grant)
                elif not seen:
                    agent = text_of(headers.get(b"user-agent"))
                    call = completed(click(link), event_id=id, cookie=cookie_id(headers), referrer=None, agent=agent)
                    await told(call, headers, peer, grant)
        except (Refused, StoreUnavailable, TimeoutError) as error:
            LOST.inc()
            log.warning("a click was not stored", site=link.site, error=str(error) or "it took too long")
        return leads_to

    @router.api_route("/l/{token:path}", methods=["GET", "HEAD"])
    async def follow(token: str, request: Request) -> Response:
        link = tracked_links.read(token, runtime.secret)
        if link is None:
            return leads_nowhere()
        if link.is_over(runtime.now()):
            return HTMLResponse(_page(*OVER), 410, PAGE_HEADERS)
        return Response(status_code=302, headers=HEADERS | {"location": await led_to(link, token, request)})

    return router


def may_know(link: Link, arrival: Arrival) -> bool:
    """Whether the site, the reader's country and what their browser asks for let it be known who follows the link."""
    person, where = link.person, arrival.where
    return (
        person is not None
        and arrival.refusal is None
        and where.step == IDENTIFIED
        and not where.excluded
        and arrival.policy.excluded_person(person) is None
    )


def _seen(link: Link, request: Request) -> tuple[str, ...]:
    """What readers do not do."""
    facts = {
        HEAD_REQUEST: request.method == "HEAD",
        PREFETCH: is_prefetch(dict(request.scope["headers"])),
        HONEYPOT: link.honeypot,
    }
    return tuple(fact for fact, holds in facts.items() if holds)


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


def recipients_click(link: Link, token: str, leads_to: str, id: str, method: str, seen: tuple[str, ...]) -> Call:
    """The call that a click on a link made for one person is. Whoever followed it is a visitor for the recipient alone:
    mail scanners follow every link, and only the landing may show a human."""
    assert link.person is not None
    call = click(link)
    call |= {"messageId": id, "anonymousId": RECIPIENT_PREFIX + contact_id(link.site, link.person)}
    call["properties"] |= {"link": link_id(token), "method": method}
    call["properties"] |= {fact: True for fact in (PREFETCH, HONEYPOT) if fact in seen}
    call["context"] |= {"page": {"url": leads_to}} | ({"campaign": {"name": link.campaign}} if link.campaign else {})
    return call


@cache
def _page(title: str, text: str) -> str:
    page = (Path(__file__).parent / "no_link.html").read_text(encoding="utf-8")
    return page.replace("TITLE", title).replace("TEXT", text)
