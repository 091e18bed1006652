"""Which site a write key stands for: remembered, refreshed in the background, never asked of the database per request."""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.intake.site_settings import SiteSettings
from leadlight.errors import Outage, StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.owners import keys, sites

log = get_logger(__name__)

REFRESH_SECONDS = 1.5
"""Settings apply within 2 s; the query itself takes its share of that."""

MISS_SECONDS = 2.0
"""How long a key that nobody knows is refused without asking again."""

MISSES = 10_000
"""Unknown keys remembered. Beyond it the oldest is forgotten: somebody is trying keys out."""

LOOKUPS_AT_ONCE = 4
LOOKUPS_IN_LINE = 1_000
"""Keys that wait to be looked up. Beyond it nobody new waits: the database hangs, and somebody is trying keys out."""

LOOKUP_SECONDS = 3.0
"""An answer is due within 5 s, whatever is down."""

KEY_CHARACTERS = 200

DEFAULTS = SiteSettings()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key allows: to write events of one site. `secret`: a server's own key, never in a page."""

    site: str
    secret: bool = False
    settings: SiteSettings = DEFAULTS


class WriteKeys:
    """All keys in use. Known ones keep working while the database is away."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, Grant] = {}
        self._misses: dict[str, float] = {}
        self._asking: dict[str, asyncio.Future[Grant | None]] = {}
        self._room = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    def known(self, key: str) -> Grant | None:
        return self._known.get(key)

    async def find(self, key: str) -> Grant | None:
        """The grant of a key that is not known yet. All who ask for one key at a time share one look-up.

        Raises:
            StoreUnavailable: the database did not answer in time.
        """
        if len(key) > KEY_CHARACTERS or "\x00" in key:
            return None
        now = asyncio.get_running_loop().time()
        if now < self._misses.get(key, 0.0):
            return None
        asking = self._asking.get(key)
        if asking is None:
            if len(self._asking) >= LOOKUPS_IN_LINE:
                raise StoreUnavailable("too many keys wait to be looked up")
            asking = self._asking[key] = asyncio.ensure_future(self._look_up(key))
            asking.add_done_callback(lambda done: self._looked_up(key, done))
        try:
            return await asyncio.wait_for(asyncio.shield(asking), LOOKUP_SECONDS)
        except TimeoutError:
            raise StoreUnavailable("the key's look-up took too long") from None

    async def refresh(self) -> None:
        """Keep the known keys as fresh as the settings promise, until the process stops."""
        while True:
            try:
                await self._load()
            except Outage as error:
                log.warning("write keys are not fresh", error=str(error))
            if not await self._runtime.pause(REFRESH_SECONDS):
                return

    async def _load(self) -> None:
        asked = {key for key, grant in self._known.items() if grant.secret}
        async with self._runtime.database.read() as connection:
            fresh = {site.write_key: Grant(site.id) for site in await sites.list_all(connection)}
            for key in asked:
                if (grant := await _secret(connection, key)) is not None:
                    fresh[key] = grant
        learnt_meanwhile = {key: grant for key, grant in self._known.items() if grant.secret and key not in asked}
        self._known = fresh | learnt_meanwhile

    async def _look_up(self, key: str) -> Grant | None:
        async with self._room, self._runtime.database.read() as connection:
            if key.startswith(keys.PREFIX):
                return await _secret(connection, key)
            site = await sites.by_write_key(connection, key)
            return None if site is None else Grant(site.id)

    def _looked_up(self, key: str, done: asyncio.Future[Grant | None]) -> None:
        del self._asking[key]
        if done.cancelled() or done.exception() is not None:
            return
        grant = done.result()
        if grant is not None:
            self._known[key] = grant
            return
        if len(self._misses) >= MISSES:
            del self._misses[next(iter(self._misses))]
        self._misses.pop(key, None)  # so that it counts as the latest
        self._misses[key] = asyncio.get_running_loop().time() + MISS_SECONDS


async def _secret(connection: AsyncConnection, key: str) -> Grant | None:
    found = await keys.verify(connection, key)
    return Grant(found.site_id, secret=True) if found is not None and "ingest" in found.scopes else None


@lru_cache(1_024)
def key_of_basic(header: bytes) -> str | None:
    """The user name of Basic authentication: SDKs send the write key there, with an empty password."""
    scheme, _, coded = header.partition(b" ")
    if scheme.lower() != b"basic" or len(coded) > 2 * KEY_CHARACTERS:
        return None
    try:
        return base64.b64decode(coded.strip(), validate=True).partition(b":")[0].decode() or None
    except (binascii.Error, UnicodeDecodeError):
        return None
