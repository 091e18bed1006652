"""What keeps other sites out of the console: a strict content policy, and writing only from its own pages."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # nothing to others; `no-referrer` would hide the origin of our own forms too
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

READING = frozenset({"GET", "HEAD", "OPTIONS"})


def from_our_own_page(headers: Mapping[str, str], *, hosts: Collection[str]) -> bool:
    """Whether a writing request comes from a page of this console, which is reached under one of these hosts.

    Browsers say where a form was sent from, and pages cannot forge it. What says neither is no browser, so it carries
    nobody's cookie but its own.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc in hosts


class Guard:
    """Puts the headers on every answer, and refuses what another site's page tries to change.

    `public_host` is the one in the browser's address bar, should a proxy in between put another into the request.
    """

    def __init__(self, app: ASGIApp, refuse: ASGIApp, *, public_host: str | None) -> None:
        self._app = app
        self._refuse = refuse
        self._public_host = public_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        given = Headers(scope=scope)
        hosts = {host for host in (given.get("host"), self._public_host) if host}
        allowed = scope["method"] in READING or from_our_own_page(given, hosts=hosts)
        await (self._app if allowed else self._refuse)(scope, receive, guarded)
