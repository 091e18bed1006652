"""The way between a client and the collector, which may fail: a proxy with a plan."""

import json
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from io import BytesIO
from typing import Any

import aiohttp
from aiohttp import web

from tests.infra.parts import free_port


class Failure(Enum):
    """What may happen to a post on its way."""

    REFUSED = auto()  # a 503, as the collector answers while its log is away
    BROKEN = auto()  # the connection breaks before the collector has read anything
    UNHEARD = auto()  # the collector stores the post, and its answer is lost


@dataclass(slots=True)
class Gateway:
    """Passes everything on to the collector, but what `plan` says for the next posts."""

    origin: str
    client: aiohttp.ClientSession
    plan: deque[Failure] = field(default_factory=deque)
    seen: list[tuple[str, str]] = field(default_factory=list)  # method and path of each request
    agents: set[str] = field(default_factory=set)
    bodies: list[Any] = field(default_factory=list)  # of posts, as the client sent them
    statuses: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append((request.method, request.path))
        self.agents.add(request.headers.get("User-Agent", ""))
        if request.method == "POST":
            self.bodies.append(_read(body))
            failure = self.plan.popleft() if self.plan else None
            if failure is Failure.REFUSED:
                headers = {"Retry-After": "1", "Access-Control-Allow-Origin": "*"}
                headers["Access-Control-Expose-Headers"] = "Retry-After"
                self.statuses.append(503)
                return web.json_response({"title": "Not taken", "status": 503}, status=503, headers=headers)
            if failure is Failure.BROKEN:
                return _break_off(request)
            answer = await self._pass_on(request, body)
            if failure is Failure.UNHEARD:
                return _break_off(request)
            self.statuses.append(answer.status)
            return answer
        return await self._pass_on(request, body)

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        async with self.client.request(
            request.method, request.path_qs, data=BytesIO(body), headers=request.headers, allow_redirects=False
        ) as answer:
            headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)


@asynccontextmanager
async def open_gateway(collector: str) -> AsyncIterator[Gateway]:
    port = free_port()
    async with aiohttp.ClientSession(collector, auto_decompress=False) as client:
        gateway = Gateway(f"http://127.0.0.1:{port}", client)
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/{path:.*}", gateway.take)
        async with serving(app, port):
            yield gateway


@asynccontextmanager
async def serving(app: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


def _break_off(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


def _read(body: bytes) -> Any:
    """What the client sent, unpacked; what is no JSON is kept as it is."""
    try:
        return json.loads(zlib.decompress(body, wbits=31) if body[:2] == b"\x1f\x8b" else body)
    except ValueError:
        return body
