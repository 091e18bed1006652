import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
import uvicorn

from services.demosite.app import demo_site
from tests.services.snippet.conftest import collector, person, script
from tests.services.snippet.world import WRITE_KEY, Collector

__all__ = ["collector", "fernhall", "person", "script"]


@dataclass(frozen=True, slots=True)
class Fernhall:
    """The demo site as it is served, and a plain client in front of it."""

    origin: str
    collector: str
    client: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, str]:
        async with self.client.get(self.origin + path) as answer:
            return answer.status, (await answer.read()).decode(errors="replace")


@pytest.fixture
async def fernhall(collector: Collector) -> AsyncIterator[Fernhall]:
    app = demo_site(collector_origin=collector.origin, write_key=WRITE_KEY)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections from here on
        serving = asyncio.create_task(server.serve([listener]))
        async with aiohttp.ClientSession() as client:
            yield Fernhall(f"http://127.0.0.1:{listener.getsockname()[1]}", collector.origin, client)
        server.should_exit = True
        await serving
