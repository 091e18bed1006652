"""A webhook receiver: a real HTTP server on loopback that keeps what it got and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came."""

    body: bytes
    headers: dict[str, str]
    answered: int

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """The message, after the Standard Webhooks library has found its signature right."""
        message: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return message


@dataclass(slots=True)
class Receiver:
    """Set `answer`, `answer_headers` and `pause_seconds` at any time; `deliveries` holds everything that came, in order."""

    url: str = ""
    answer: int = 204
    answer_headers: dict[str, str] = field(default_factory=dict)
    pause_seconds: float = 0
    deliveries: list[Delivery] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, enough: Callable[[list[Delivery]], bool], *, within_seconds: float = 20) -> list[Delivery]:
        """The deliveries as soon as there are `enough` of them."""
        try:
            async with asyncio.timeout(within_seconds), self._arrived:
                await self._arrived.wait_for(lambda: enough(self.deliveries))
        except TimeoutError:
            raise AssertionError(f"not enough webhooks within {within_seconds} s: {self.deliveries}") from None
        return list(self.deliveries)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        answer = self.answer
        await asyncio.sleep(self.pause_seconds)
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._arrived:
            self.deliveries.append(Delivery(body, headers, answer))
            self._arrived.notify_all()
        return web.Response(status=answer, headers=self.answer_headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free loopback port, for as long as the block lasts."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/hook"
        yield receiver
    finally:
        await runner.cleanup()
