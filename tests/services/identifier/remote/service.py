"""A paid service on loopback, which answers what a test gives it, honestly or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

ANSWERS = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Question:
    """What the service was asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: CIMultiDict[str]


Reply = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class PaidService:
    """Served at `url`; its reply may be changed at any time."""

    url: str = ""
    reply: Reply | None = None
    asked: list[Question] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def says(self, body: str | bytes, status: int = 200, **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def reply(_: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=status, body=raw, headers={"Content-Type": "application/json", **named})

        self.reply = reply

    def says_recorded(self, name: str) -> None:
        self.says((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))

    def hangs(self) -> None:
        async def reply(_: web.BaseRequest) -> web.StreamResponse:
            await asyncio.sleep(3600)
            return web.Response()

        self.reply = reply

    def drips(self) -> None:
        """A byte now and then, for ever."""

        async def reply(request: web.BaseRequest) -> web.StreamResponse:
            stream = web.StreamResponse()
            await stream.prepare(request)
            while True:
                await stream.write(b" ")
                await asyncio.sleep(0.05)

        self.reply = reply

    def pours(self, megabytes: int) -> None:
        """A body that does not end before it is this long."""

        async def reply(request: web.BaseRequest) -> web.StreamResponse:
            stream = web.StreamResponse()
            await stream.prepare(request)
            for _ in range(megabytes * 16):
                await stream.write(b'"' + b"x" * 65_535)
            return stream

        self.reply = reply

    def breaks_off(self) -> None:
        async def reply(request: web.BaseRequest) -> web.StreamResponse:
            stream = web.StreamResponse(headers={"Content-Length": "1000"})
            await stream.prepare(request)
            await stream.write(b'{"company"')
            assert request.transport is not None
            request.transport.abort()
            return stream

        self.reply = reply

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(Question(request.method, request.raw_path, dict(request.query), CIMultiDict(request.headers)))
        self.arrived.set()
        if self.reply is None:
            return web.Response(status=404, text="{}")
        return await self.reply(request)


@asynccontextmanager
async def open_service() -> AsyncIterator[PaidService]:
    service = PaidService()
    runner = web.ServerRunner(web.Server(service.answer), shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


def written(service: PaidService, **fields: Any) -> str:
    """A providers.yaml with this one service."""
    given = {"name": "ipinfo", "url": service.url, "key": "a-secret-key", "monthly_lookups": 1000, **fields}
    return "providers:\n- " + "\n  ".join(f"{name}: {value}" for name, value in given.items()) + "\n"
