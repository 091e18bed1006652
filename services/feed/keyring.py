"""Who asks, whether they may, and how fast: bearer keys with scopes and a bucket of requests for each."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus

from fastapi import Request

from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.owners import keys
from leadlight.store.owners.keys import Key
from services.feed.parameters import refuse_nul
from services.feed.problems import Problem

log = get_logger(__name__)

REQUESTS_PER_SECOND = 50.0
BURST_REQUESTS = 200.0
"""A key may ask this often at once, and then at the rate above."""

STREAMS_PER_KEY = 50

REMEMBERED_SECONDS = 2.0
"""A revoked key works for at most this long; its open streams end at their next heartbeat."""

REMEMBERED_KEYS = 10_000

LAST_USE = timedelta(minutes=1)
"""How finely a key's last use is remembered."""

REALM = 'Bearer realm="leadlight"'


class Bucket:
    """Requests that a key has left: refilled evenly, up to a burst."""

    __slots__ = ("_at", "_left")

    def __init__(self, now: float) -> None:
        self._left = BURST_REQUESTS
        self._at = now

    def take(self, now: float) -> float:
        """Take one request; how many seconds to wait if there is none left, else 0."""
        self._left = min(BURST_REQUESTS, self._left + (now - self._at) * REQUESTS_PER_SECOND)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / REQUESTS_PER_SECOND
        self._left -= 1
        return 0.0


class Keyring:
    """The keys seen lately. Each belongs to one site, and to nothing else."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._known: dict[str, tuple[float, Key | None]] = {}
        self._buckets: dict[str, Bucket] = {}
        self._streams: dict[str, int] = {}

    def holder_of(self, scope: str) -> Callable[[Request], Awaitable[Key]]:
        """What a route depends on to be asked only with a key of this scope."""

        async def holder(request: Request) -> Key:
            refuse_nul(request)
            return await self.admit(request.headers.get("authorization"), scope)

        return holder

    async def admit(self, authorization: str | None, scope: str) -> Key:
        """The key of a request, if it may do what `scope` allows and has not asked too often.

        Raises:
            Problem: 401 without a valid key, 403 without the scope, 429 when it asks too often.
        """
        kind, _, given = (authorization or "").partition(" ")
        given = given.strip()
        if kind.casefold() != "bearer" or not given:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "A key is needed: send `Authorization: Bearer llk_...`. `leadlight key add` makes one.",
                {"WWW-Authenticate": REALM},
            )
        key = await self._key(given)
        if key is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "This key is unknown or has been revoked.",
                {"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
            )
        if scope not in key.scopes:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                f"This key may not {scope}: it has the scopes {', '.join(sorted(key.scopes))}.",
                {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'},
            )
        wait = self._buckets.setdefault(key.id, Bucket(self._clock())).take(self._clock())
        if wait:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This key may ask {REQUESTS_PER_SECOND:.0f} times a second, {BURST_REQUESTS:.0f} at once.",
                {"Retry-After": str(max(1, round(wait + 0.5)))},
            )
        return key

    def open_stream(self, key: Key) -> None:
        """Count one more open stream of a key.

        Raises:
            Problem: it has too many already.
        """
        if self._streams.get(key.id, 0) >= STREAMS_PER_KEY:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This key has {STREAMS_PER_KEY} streams open already: close one first.",
                {"Retry-After": "10"},
            )
        self._streams[key.id] = self._streams.get(key.id, 0) + 1

    def close_stream(self, key: Key) -> None:
        self._streams[key.id] -= 1
        if not self._streams[key.id]:
            del self._streams[key.id]

    async def is_live(self, key: Key) -> bool:
        """Whether a key admitted earlier has not been revoked since."""
        async with self._runtime.database.read() as connection:
            known = await keys.list_for(connection, key.site_id)
        return any(each.id == key.id and each.revoked_at is None for each in known)

    async def _key(self, given: str) -> Key | None:
        hashed, now = keys.hashed(given), self._clock()
        known = self._known.get(hashed)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        async with self._runtime.database.read() as connection:
            key = await keys.verify(connection, given)
        if len(self._known) >= REMEMBERED_KEYS:
            self._known.clear()
            self._buckets.clear()
        self._known[hashed] = (now, key)
        if key is not None:
            await self._note_use(key)
        return key

    async def _note_use(self, key: Key) -> None:
        now = self._runtime.now()
        if key.last_used_at is not None and now - key.last_used_at < LAST_USE:
            return
        try:
            async with self._runtime.database.begin() as connection:
                await keys.touch(connection, key.site_id, key.id, now=now)
        except Outage as error:
            log.warning("a key's use was not noted", error=str(error))
