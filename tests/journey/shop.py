"""The demo shop, served from an origin of its own with the real snippet in it, whichever way Leadlight runs."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn

from services.demosite.app import demo_site
from tests.infra.parts import accepts, free_port
from tests.journey.deployment import Deployment, Embedded, site_add


@dataclass(frozen=True, slots=True)
class Shop:
    """A site with visitors: where it is, and what Leadlight calls it."""

    address: str
    site: str


@asynccontextmanager
async def open_shop(leadlight: Deployment) -> AsyncIterator[Shop]:
    """The shop that `leadlight up` brings along; beside separate services, the same one in a server of ours."""
    if isinstance(leadlight, Embedded):
        (site,) = await leadlight.command("site", "list")
        yield Shop(leadlight.demo_site, site["id"])
        return
    site = await site_add(leadlight, "Fernhall", "fernhall.example")
    app = demo_site(collector_origin=leadlight.origin, write_key=site["write_key"])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_level="warning"))
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        while not await asyncio.to_thread(accepts, port):
            await asyncio.sleep(0.05)
        yield Shop(f"http://127.0.0.1:{port}", site["id"])
    finally:
        server.should_exit = True
        await asyncio.to_thread(serving.join)
