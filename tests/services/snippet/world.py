"""A collector that only records, and a site of another origin: the world around the snippet."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

Message = dict[str, Any]

WRITE_KEY = "wk_workshop"


@dataclass(slots=True)
class Collector:
    """Keeps every message that it has confirmed, repeats apart.

    Set `dead` at any time: connections then break without an answer.
    """

    origin: str
    script: Path
    dead: bool = False
    messages: list[Message] = field(default_factory=list)
    repeats: list[Message] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    tampered: str | None = None
    refused_posts: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, enough: Callable[[list[Message]], bool], *, within_seconds: float = 15) -> list[Message]:
        """The messages as soon as there are `enough` of them."""
        try:
            async with asyncio.timeout(within_seconds), self._arrived:
                await self._arrived.wait_for(lambda: enough(self.messages))
        except TimeoutError:
            raise AssertionError(f"not enough messages within {within_seconds} s: {self.summary()}") from None
        return list(self.messages)

    async def wait_for_pages(self, *paths: str) -> list[Message]:
        return await self.wait_for(lambda messages: paths_viewed(messages) == list(paths))

    async def wait_for_refused(self, posts: int) -> None:
        async with asyncio.timeout(15), self._arrived:
            await self._arrived.wait_for(lambda: self.refused_posts >= posts)

    @property
    def version(self) -> str:
        return str(self._built()["version"])

    def integrity_of(self, name: str) -> str:
        return str(self._built()["files"][name]["integrity"])

    def _built(self) -> dict[str, Any]:
        built: dict[str, Any] = json.loads((self.script.parent / "leadlight.json").read_text())
        return built

    def summary(self) -> list[tuple[str, str]]:
        return [
            (message.get("event") or message["type"], message["context"]["page"]["path"]) for message in self.messages
        ]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._arrived:
            self._arrived.notify_all()
            if self.dead:
                self.refused_posts += 1
                assert request.transport is not None
                request.transport.abort()
                return web.Response(status=500)
            post = json.loads(body)
            self.posts.append({**post, "content_type": request.content_type, "cookie": request.headers.get("Cookie")})
            known = {message["messageId"] for message in self.messages}
            for message in post["batch"]:
                (self.repeats if message["messageId"] in known else self.messages).append(message)
        return web.json_response({"success": True}, headers=allowed_for(request))

    async def serve_script(self, request: web.Request) -> web.Response:
        """The script and its parts, as they were built."""
        self.scripts.append(request.path)
        headers = {"Cache-Control": "max-age=3600", "Access-Control-Allow-Origin": "*"}
        body = (self.script.parent / request.path.strip("/")).read_bytes()
        if request.path == self.tampered:
            body += b";window.tampered = true"
        return web.Response(body=body, content_type="text/javascript", headers=headers)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/batch", self.take)
        app.router.add_get(r"/{name:leadlight[\w.-]*\.js}", self.serve_script)
        return app


def allowed_for(request: web.Request) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": request.headers.get("Origin", "*"),
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin",
    }


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{path}</title><link rel="icon" href="data:,">
<script async src="{collector}/leadlight{version}.js" data-write-key="{key}" {attributes}></script></head>
<body style="height:4000px"><h1>{path}</h1><a href="/pricing">Pricing</a><a href="/contact">Contact</a>{body}
<form id="talk" name="contact" method="post" action="/contact/thanks">
<input name="name" autocomplete="name"><input name="email" type="email"><input name="company" autocomplete="organization">
<input name="card" autocomplete="cc-number"><input name="session" type="hidden" value="hidden-value">
<textarea name="message"></textarea><button>Send</button></form></body></html>"""


@dataclass(slots=True)
class Site:
    """A site of any paths, each page with the tag, its `attributes` and `version`. `headers` and `body` go with every page."""

    origin: str
    collector: str
    headers: Mapping[str, str] = field(default_factory=dict)
    attributes: str = ""
    version: str = ""
    body: str = ""

    async def serve_page(self, request: web.Request) -> web.Response:
        version = self.version and f"-{self.version}"
        text = PAGE.format(
            path=request.path,
            collector=self.collector,
            key=WRITE_KEY,
            attributes=self.attributes,
            version=version,
            body=self.body,
        )
        return web.Response(text=text, content_type="text/html", headers=dict(self.headers))

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.serve_page)
        return app


def paths_viewed(messages: list[Message]) -> list[str]:
    return [message["properties"]["path"] for message in messages if message["type"] == "page"]


def engaged_ms(messages: list[Message], path: str) -> list[int]:
    return [
        message["properties"]["engaged_ms"]
        for message in messages
        if message.get("event") == "Page Engaged" and message["context"]["page"]["path"] == path
    ]
