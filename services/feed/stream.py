"""Server-sent events: changes as they happen, resumable without a hole or a repeat."""

import asyncio
import time
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import Change
from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.runtime.service import Receive, Send
from leadlight.store.owners.keys import Key
from leadlight.store.views import change_feed, change_objects
from leadlight.store.views.change_feed import ChangeRow, Vector
from services.feed.broadcast import Broadcast
from services.feed.cursors import ChangePlace, change_cursor, place_of
from services.feed.keyring import Keyring

log = get_logger(__name__)

HEARTBEAT_SECONDS = 15.0
"""Proxies close what is silent for 30 to 60 s."""

HEARTBEAT = b": heartbeat\n"
"""Without an empty line: some readers take that for an event, though it has no data."""

SEND_SECONDS = 20.0
"""A connection that takes nothing for this long is given up."""

RECONNECT_MS = 2_000

CATCH_UP_CHANGES = 500
"""Read at a time by a listener that comes back."""

JOIN_SECONDS = 5.0
"""A stream that cannot begin within this time says so."""

FAREWELL_SECONDS = 1.0
"""For the reason at the end; a reader that does not take it finds the connection closed."""

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
]

_encoder = msgspec.json.Encoder()


class Removed(msgspec.Struct, frozen=True):
    """What is told of an object that is gone."""

    id: str


def resume_place(given: str | None) -> Vector | None:
    """Where a reader stood when it was cut off; None for one that begins.

    Raises:
        Problem: the id is none of ours.
    """
    return place_of(given, ChangePlace).vector if given else None


async def compose(
    connection: AsyncConnection, site: str, steps: Sequence[tuple[ChangeRow, Vector]], now: datetime
) -> list[bytes]:
    """The frames for one site's changed objects, each with the place that is reached with it."""
    told = await change_objects.told(connection, site, [row for row, _ in steps], now=now)
    return [_frame(change, place) for change, (_, place) in zip(told, steps, strict=True)]


def _frame(change: Change, place: Vector) -> bytes:
    data = _encoder.encode(change.data or change.contact or Removed(change.subject))
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (change_cursor(place).encode(), change.type.encode(), data)


class Stream(Response):
    """An answer that goes on until either side ends it."""

    def __init__(
        self, runtime: Runtime, broadcast: Broadcast[bytes], keyring: Keyring, key: Key, place: Vector | None
    ) -> None:
        super().__init__(status_code=HTTPStatus.OK)
        self._runtime = runtime
        self._broadcast = broadcast
        self._keyring = keyring
        self._key = key
        self._place = place

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self._keyring.open_stream(self._key)
        work = asyncio.ensure_future(self._tell(send))
        ends = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._runtime.stopping.wait())]
        try:
            await asyncio.wait([work, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, *ends):
                task.cancel()
            outcome, *_ = await asyncio.gather(work, *ends, return_exceptions=True)
            self._keyring.close_stream(self._key)
        if isinstance(outcome, Exception):
            raise outcome
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await _end(send, outcome if isinstance(outcome, str) else "stopping")

    async def _tell(self, send: Send) -> str:
        """Tell everything past the place where the reader stood, and go on; why it came to an end."""
        place = self._place
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": HEADERS})
        try:
            if place is not None:
                place = await self._catch_up(place, None, send)
            with self._broadcast.listen(self._key.site_id) as listener:
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(listener.place), JOIN_SECONDS)
                if not listener.place.done():
                    return "outage"
                joined = listener.place.result()
                place = joined if place is None else await self._catch_up(place, joined, send)
                ready = (RECONNECT_MS, change_cursor(place).encode())
                await _send(send, b"retry: %d\nid: %b\nevent: ready\ndata: {}\n\n" % ready)
                looked = time.monotonic()
                while not listener.cut:
                    try:
                        frames = await asyncio.wait_for(listener.take(), HEARTBEAT_SECONDS)
                    except TimeoutError:
                        frames = [HEARTBEAT]
                    if time.monotonic() - looked >= HEARTBEAT_SECONDS:
                        looked = time.monotonic()
                        if not await self._keyring.is_live(self._key):
                            return "key revoked"
                    await _send(send, b"".join(frames))
        except Outage as error:
            log.warning("stream ended during an outage", error=str(error))
            return "outage"
        except TimeoutError:
            log.info("a stream's reader took nothing for too long", site=self._key.site_id)
        return "too slow"

    async def _catch_up(self, place: Vector, until: Vector | None, send: Send) -> Vector:
        """Tell what lies between two places; without an end, everything that is there now."""
        while True:
            async with self._runtime.database.read() as connection:
                end = await change_feed.heads(connection) if until is None else until
                rows, reached = await change_feed.after(
                    connection, place, until=end, limit=CATCH_UP_CHANGES, site=self._key.site_id
                )
                frames = await compose(
                    connection, self._key.site_id, change_feed.steps(place, rows), self._runtime.now()
                )
            await _send(send, b"".join(frames))
            place = reached
            if reached == end:
                return place


async def _send(send: Send, chunk: bytes) -> None:
    if chunk:
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _end(send: Send, reason: str) -> None:
    """Say why the stream ends; the reader comes back with its last id."""
    await send({"type": "http.response.body", "body": b'event: end\ndata: {"reason": "%b"}\n\n' % reason.encode()})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
