"""Pages that change by themselves: one look at the changes for everybody, a few short events a second for each page.

An event only says what has changed; the page then asks for its own part again. So a page that missed some is as right
as one that saw all, and nothing is worked out for a page that nobody looks at.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.views import change_feed, console_views, visitor_objects
from leadlight.store.views.console_views import Moved
from services.console.render import markup

log = get_logger(__name__)

LOOK_SECONDS = 0.2
"""How often the changes are looked at: with what the scorer and a page's own request take, well under a second."""

GAP_SECONDS = 0.4
"""Least time between two frames to one page: nobody reads faster."""

AGE_SECONDS = 20.0
"""Without any change, lists are drawn again this often, because people leave in silence."""

CHECK_SECONDS = 30.0
"""Who has signed out elsewhere, or was removed, is told nothing more after this time."""

PING_SECONDS = 15.0
"""A comment this often finds connections that are gone, and keeps proxies from closing quiet ones."""

IDLE_LOOK_SECONDS = 0.6
"""The same while no page is open: the first one must not wait for long."""

MOST_MOVED = 2_000
"""More changes than this in one look are told as `something changed` to every site that is watched."""

TOASTS = 3
"""More new alerts at once would cover the page; the number beside Alerts says the rest."""


@dataclass(slots=True, eq=False)
class Watcher:
    """One open page: what it waits to be told."""

    site: str
    visitor: str | None
    pending: dict[str, list[str]] = field(default_factory=dict)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: str, data: str = "") -> None:
        """Queue an event; the same one twice is one, except for alerts."""
        waiting = self.pending.setdefault(event, [])
        if data or not waiting:
            waiting.append(data)
        self.stirred.set()

    def tell_all(self) -> None:
        """Anything may have changed."""
        for event in ("visitors", "visitor", "alerts"):
            self.tell(event)


class Broadcaster:
    """Looks at the changes for all open pages of this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._boot = secrets.token_hex(4)
        self._place: Mapping[str, int] | None = None  # None: nothing has been looked at yet
        self._looks: defaultdict[str, int] = defaultdict(int)
        self._watchers: defaultdict[str, set[Watcher]] = defaultdict(set)

    def mark(self, site: str) -> str:
        """Where a page stands that is about to be read from the database: what changes later will be told."""
        looked = "before" if self._place is None else self._looks[site]
        return f"{self._boot}.{looked}"

    async def run(self) -> None:
        """Look until the process is asked to stop; then let every page go."""
        loop = asyncio.get_running_loop()
        aged = loop.time()
        try:
            while await self._runtime.pause(LOOK_SECONDS if self._watchers else IDLE_LOOK_SECONDS):
                try:
                    await self._look()
                except Outage as error:
                    log.warning("changes cannot be read, pages wait", error=str(error))
                    await self._runtime.pause(1)
                except Exception:
                    log.exception("pages were not told of a change")  # a page's trouble must not end the process
                    await self._runtime.pause(1)
                if loop.time() - aged > AGE_SECONDS:
                    aged = loop.time()
                    for watcher in self._everybody():
                        watcher.tell("visitors")
                        watcher.tell("visitor")
        finally:
            for watcher in self._everybody():
                watcher.stirred.set()

    async def _look(self) -> None:
        async with self._runtime.database.read() as connection:
            heads = await change_feed.heads(connection)
            if heads == self._place:
                return
            moved: set[Moved] = set()
            if self._place is not None:
                moved = await console_views.moved_since(connection, self._place, heads, limit=MOST_MOVED)
        if self._place is None:  # who came before the first look may have missed something
            for watcher in self._everybody():
                watcher.tell_all()
        self._place = heads
        if len(moved) == MOST_MOVED:
            moved |= {
                Moved(site, "visitor", watcher.visitor or "")
                for site in self._watchers
                for watcher in self._watchers[site]
            }
        by_site: defaultdict[str, set[Moved]] = defaultdict(set)
        for change in moved:
            by_site[change.site].add(change)
        for site in by_site:
            self._looks[site] += 1
        for site, changes in by_site.items():
            await self._tell(site, changes)

    async def _tell(self, site: str, changes: set[Moved]) -> None:
        watchers = self._watchers.get(site)
        if not watchers:
            return
        visitors = {change.id for change in changes if change.kind == "visitor"}
        alerts = {change.id for change in changes if change.kind == "alert"}
        toasts = await self._toasts(site, alerts) if alerts else []
        for watcher in watchers:
            if visitors:
                watcher.tell("visitors")
            if watcher.visitor in visitors:
                watcher.tell("visitor")
            if alerts:
                watcher.tell("alerts")
            for toast in toasts:
                watcher.tell("toast", toast)

    async def _toasts(self, site: str, alerts: set[str]) -> list[str]:
        now = self._runtime.now()
        async with self._runtime.database.read() as connection:
            told = [alert for of, alert in await console_views.told_by_ids(connection, alerts) if of == site]
            fresh = [alert for alert in told if alert.waiting][:TOASTS]
            people = await visitor_objects.by_ids(connection, site, [alert.visitor for alert in fresh], now=now)
        by_id = {visitor.id: visitor for visitor in people}
        return [
            markup("toast.html", alert=alert, visitor=by_id[alert.visitor], now=now)
            for alert in fresh
            if alert.visitor in by_id
        ]

    async def frames(
        self, site: str, *, visitor: str | None, since: str, allowed: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Server-sent events for one page, until it or the process goes away, or it is no longer `allowed` to see.

        `since` is the mark the page was drawn at; what changed in between is told at once.
        """
        loop = asyncio.get_running_loop()
        checked = loop.time()
        watcher = Watcher(site, visitor)
        self._watchers[site].add(watcher)
        stopping = self._runtime.stopping
        try:
            yield "retry: 1000\n\n"
            if since != self.mark(site):
                watcher.tell_all()
            while not stopping.is_set():
                if loop.time() - checked > CHECK_SECONDS:
                    checked = loop.time()
                    if not await allowed():
                        return
                try:
                    await asyncio.wait_for(watcher.stirred.wait(), PING_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                watcher.stirred.clear()
                pending, watcher.pending = watcher.pending, {}
                if stopping.is_set():
                    return
                if pending:
                    yield "".join(
                        frame(event, data, self.mark(site)) for event, told in pending.items() for data in told
                    )
                    await self._runtime.pause(GAP_SECONDS)
        finally:
            self._watchers[site].discard(watcher)
            if not self._watchers[site]:
                del self._watchers[site]

    def _everybody(self) -> list[Watcher]:
        return [watcher for watchers in self._watchers.values() for watcher in watchers]


def frame(event: str, data: str, id: str) -> str:
    """One server-sent event; data of several lines stays one piece of data."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"id: {id}\nevent: {event}\n{lines}\n"
