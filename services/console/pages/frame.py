"""What every signed-in page shares: the rail with its counts, the sites to choose from, the mark it was drawn at."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.owners import users
from leadlight.store.owners.sites import Site
from leadlight.store.views import console_views
from services.console.live import Broadcaster
from services.console.session import Seat, broadcaster_of, runtime_of

READ = ["GET", "HEAD"]
"""How a page is asked for; those who only watch whether it is there send HEAD."""


def marked(request: Request, seat: Seat) -> dict[str, Any]:
    """To be taken before anything is read, so that no change falls between reading and listening."""
    broadcaster: Broadcaster = broadcaster_of(request)
    return {"seat": seat, "mark": broadcaster.mark(seat.site.id), "now": runtime_of(request).now()}


async def around(connection: AsyncConnection, seat: Seat, given: dict[str, Any]) -> dict[str, Any]:
    """The rail's part of a page's context."""
    here, unseen = await console_views.rail_counts(connection, seat.site.id, now=given["now"])
    choice: Sequence[Site] = await users.sites_of(connection, seat.user.email)
    return {**given, "here_now": here, "unseen": unseen, "sites": choice}
