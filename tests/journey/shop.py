"""The demo shop, served from an origin of its own with the real snippet in it, whichever way Leadlight runs."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn

from services.demosite.app import demo_site
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
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        serving.start()
        try:
            yield Shop(f"http://127.0.0.1:{listener.getsockname()[1]}", site["id"])
        finally:
            server.should_exit = True
            await asyncio.to_thread(serving.join)
