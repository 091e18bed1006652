"""Small web sites on loopback, each answering what a test gives it, and remembering what was asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Answer:
    """What one path answers."""

    body: str | bytes = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/html; charset=utf-8"})
    wait_seconds: float = 0.0


@dataclass
class Website:
    """A site that is served at `url`; its answers may be changed at any time."""

    url: str
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths, in order
    agents: set[str] = field(default_factory=set)
    busiest: int = 0  # requests at the same time
    _now: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.agents.add(request.headers.get("User-Agent", ""))
        self._now += 1
        self.busiest = max(self.busiest, self._now)
        try:
            page = self.pages.get(request.path)
            if page is None:
                return web.Response(status=404, text="nothing here")
            if page.wait_seconds:
                await asyncio.sleep(page.wait_seconds)
            body = page.body.encode() if isinstance(page.body, str) else page.body
            return web.Response(status=page.status, headers=dict(page.headers), body=body)
        finally:
            self._now -= 1


def html(head: str = "", body: str = "", **headers: str) -> Answer:
    """A page; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = f"<!doctype html><html><head><title>A page</title>{head}</head><body>{body}</body></html>"
    return Answer(text, headers={"Content-Type": "text/html; charset=utf-8", **named})


def sitemap(pages: Sequence[str]) -> Answer:
    listed = "".join(f"<url><loc>{page}</loc></url>" for page in pages)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{namespace}">{listed}</urlset>'
    return Answer(text, headers={"Content-Type": "application/xml"})


def sitemap_index(sitemaps: Sequence[str]) -> Answer:
    listed = "".join(f"<sitemap><loc>{one}</loc></sitemap>" for one in sitemaps)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0"?><sitemapindex xmlns="{namespace}">{listed}</sitemapindex>'
    return Answer(text, headers={"Content-Type": "application/xml"})


@asynccontextmanager
async def open_website(host: str = "127.0.0.1") -> AsyncIterator[Website]:
    server = web.Server(lambda request: site.answer(request))  # type: ignore[arg-type]
    runner = web.ServerRunner(server)
    await runner.setup()
    listener = web.TCPSite(runner, host, 0)
    await listener.start()
    host_shown = f"[{host}]" if ":" in host else host
    site = Website(f"http://{host_shown}:{runner.addresses[0][1]}")
    try:
        yield site
    finally:
        await runner.cleanup()
