"""The feed on a real port, over real state, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from leadlight.runtime import Runtime
from leadlight.runtime.serve import join, listen, run
from services.feed.service import service
from tests.services.feed.reader import Reader
from tests.services.shop import Clock, Shop, open_shop


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def shop(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path / "data", clock) as shop:
        yield shop


@pytest.fixture
async def feed(shop: Shop) -> AsyncIterator[Reader]:
    """A reader of the shop's feed."""
    async with serving(shop.runtime) as address, Reader.at(address) as reader:
        yield reader


@asynccontextmanager
async def serving(runtime: Runtime) -> AsyncIterator[str]:
    """The feed's address while it runs; it is asked to stop at the end."""
    feed, sock = service(runtime), listen("127.0.0.1", 0)
    ready = asyncio.Event()
    process = asyncio.create_task(run(runtime, [feed], [(join(runtime, [feed]), sock)], ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({process, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        waiting.cancel()
        runtime.stopping.set()
        await process
