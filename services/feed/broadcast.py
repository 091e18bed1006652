"""One look at the changes for all who listen: a few times a second, composed once for each site.

Listeners that read too slowly are cut off rather than waited for; each knows its place and can come back to it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.views import change_feed
from leadlight.store.views.change_feed import ChangeRow, Vector

log = get_logger(__name__)

LOOK_SECONDS = 0.2
"""Between two looks. Changes of one object in between are told once."""

CHANGES_A_LOOK = 2_000
"""More than these wait for the next look, which then follows at once."""

WAITING_MOST = 4_000
"""Items that a listener may leave unread before it is cut off: twenty full looks or minutes of a busy site."""

LISTENERS = Gauge("leadlight_stream_listeners", "Connections that follow the feed's changes")
CUT = Counter("leadlight_stream_cut_total", "Listeners cut off for reading too slowly")

T = TypeVar("T")

Compose = Callable[[AsyncConnection, str, Sequence[tuple[ChangeRow, Vector]]], Awaitable[Sequence[T]]]
"""What listeners of one site are told: for each changed object its last change and the place reached with it."""


@dataclass(eq=False, slots=True)
class Listener(Generic[T]):
    """One reader of one site's changes."""

    site: str
    place: "asyncio.Future[Vector]"
    waiting: list[T] = field(default_factory=list)
    cut: bool = False
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self) -> list[T]:
        """Everything that waits, as soon as something does; nothing once the listener has been cut off."""
        await self._told.wait()
        self._told.clear()
        taken, self.waiting = self.waiting, []
        return taken

    def tell(self, items: Sequence[T]) -> None:
        """Add to what waits, or cut the listener off when it has left too much unread."""
        if self.cut:
            return
        if len(self.waiting) + len(items) > WAITING_MOST:
            self.cut_off()
        else:
            self.waiting.extend(items)
            self._told.set()

    def cut_off(self) -> None:
        """Tell it nothing more, not even what waits: it has to come back to its place."""
        self.cut = True
        self.waiting.clear()
        self._told.set()


class Broadcast(Generic[T]):
    """Follows the changes for as many listeners as there are; rests while there are none."""

    def __init__(self, runtime: Runtime, compose: Compose[T]) -> None:
        self._runtime = runtime
        self._compose = compose
        self._joining: list[Listener[T]] = []
        self._listeners: dict[str, set[Listener[T]]] = defaultdict(set)
        self._wanted = asyncio.Event()

    @contextmanager
    def listen(self, site: str) -> Iterator[Listener[T]]:
        """Follow a site's changes from a place that `place` tells after the next look; nothing past it is left out."""
        listener: Listener[T] = Listener(site, asyncio.get_running_loop().create_future())
        self._joining.append(listener)
        self._wanted.set()
        LISTENERS.inc()
        try:
            yield listener
        finally:
            LISTENERS.dec()
            listener.place.cancel()
            if listener in self._joining:
                self._joining.remove(listener)
            self._listeners[listener.site].discard(listener)
            if not self._listeners[listener.site]:
                del self._listeners[listener.site]

    async def run(self) -> None:
        """Look for changes until the process is asked to stop."""
        place: Vector | None = None
        while not self._runtime.stopping.is_set():
            if not self._listeners and not self._joining:
                place = None
                await self._rest()
                continue
            try:
                place, complete = await self._look(place)
            except Outage as error:
                log.warning("changes cannot be read", error=str(error))
                complete = True
            except Exception:
                log.exception("changes cannot be told")
                place, complete = None, True
                for listeners in self._listeners.values():
                    for listener in listeners:
                        listener.cut_off()
            if complete:
                await self._runtime.pause(LOOK_SECONDS)

    async def _look(self, place: Vector | None) -> tuple[Vector, bool]:
        """Tell what has changed since `place`; the place reached, and whether that is all there was."""
        joining = list(self._joining)
        composed: list[tuple[str, Sequence[T]]] = []
        async with self._runtime.database.read() as connection:
            heads = await change_feed.heads(connection)
            rows: list[ChangeRow] = []
            reached: Vector = heads
            if place is not None:
                rows, reached = await change_feed.after(connection, place, until=heads, limit=CHANGES_A_LOOK)
                by_site: dict[str, list[ChangeRow]] = defaultdict(list)
                for row in rows:
                    if row.site_id in self._listeners:
                        by_site[row.site_id].append(row)
                for site, own in by_site.items():
                    composed.append((site, await self._compose(connection, site, change_feed.steps(place, own))))
        for site, items in composed:
            for listener in self._listeners.get(site, ()):
                was_cut = listener.cut
                listener.tell(items)
                if listener.cut and not was_cut:
                    CUT.inc()
        complete = reached == heads
        if complete:
            for listener in joining:
                if listener in self._joining:
                    self._joining.remove(listener)
                    self._listeners[listener.site].add(listener)
                    listener.place.set_result(reached)
        return reached, complete

    async def _rest(self) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._wanted, self._runtime.stopping)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._wanted.clear()
