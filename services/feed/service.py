"""The feed as a service: the REST paths, the stream, and one look at the changes for all who follow."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.runtime import Runtime
from leadlight.runtime.service import Service
from leadlight.store.views.change_feed import ChangeRow, Vector
from services.feed import stream
from services.feed.app import create_app
from services.feed.broadcast import Broadcast
from services.feed.keyring import Keyring

PORT = 8001


def service(runtime: Runtime) -> Service:
    async def compose(
        connection: AsyncConnection, site: str, steps: Sequence[tuple[ChangeRow, Vector]]
    ) -> Sequence[bytes]:
        return await stream.compose(connection, site, steps, runtime.now())

    broadcast: Broadcast[bytes] = Broadcast(runtime, compose)
    app = create_app(runtime, Keyring(runtime), broadcast)
    return Service(name="feed", port=PORT, run=broadcast.run, app=app, prefixes=("/api/v1/",))
