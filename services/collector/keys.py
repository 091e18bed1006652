"""Which site a write key stands for: remembered, refreshed in the background, never asked of the database per request."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.sites.settings import SiteSettings
from leadlight.errors import Outage, StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.owners import keys, site_settings, sites
from leadlight.store.owners.sites import Site

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


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """What a key allows: to write events of one site. `secret`: a server's own key, never in a page.

    The same object for as long as nothing of it changes: what is worked out of it may be remembered by it.
    """

    site: str
    secret: bool = False
    settings: SiteSettings = DEFAULTS


class WriteKeys:
    """All keys in use. Known ones keep working while the database is away."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, Grant] = {}
        self._settings: dict[str, SiteSettings] = {}
        self._versions: dict[str, int] = {}  # of the settings known, by site
        self._learnt_at: dict[str, float] = {}  # when they were asked for
        self._misses: dict[str, float] = {}
        self._asking: dict[str, asyncio.Future[Grant | None]] = {}
        self._room = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    def known(self, key: str) -> Grant | None:
        return self._known.get(key)

    async def of_site(self, site: str) -> Grant | None:
        """What a site's own write key allows, where only the site is named: in a tracked link.

        Raises:
            StoreUnavailable: the database did not answer.
        """
        for grant in self._known.values():
            if grant.site == site and not grant.secret:
                return grant
        async with self._room, self._runtime.database.read() as connection:
            found = await sites.get(connection, site)
        return None if found is None else await self.find(found.write_key)

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
        asked_at = asyncio.get_running_loop().time()
        async with self._runtime.database.read() as connection:
            found = await sites.list_all(connection)
            await self._learn_settings(connection, found, asked_at)
            fresh = {site.write_key: self._grant(site.write_key, site.id) for site in found}
            for key in asked:
                if (grant := await self._secret(connection, key, asked_at)) is not None:
                    fresh[key] = grant
        learnt_meanwhile = {key: grant for key, grant in self._known.items() if grant.secret and key not in asked}
        self._known = fresh | learnt_meanwhile

    async def _learn_settings(self, connection: AsyncConnection, found: Sequence[Site], asked_at: float) -> None:
        """Read the settings of those sites whose version has moved, all in one query.

        What was asked for earlier does not replace what was learnt since: a slow refresh would bring old settings back.
        """
        moved = {
            site.id: site
            for site in found
            if self._versions.get(site.id) != site.settings_version and self._learnt_at.get(site.id, 0.0) <= asked_at
        }
        if not moved:
            return
        stored = await site_settings.of_sites(connection, moved)
        for id, site in moved.items():
            self._settings[id] = stored.get(id, DEFAULTS)
            self._versions[id] = site.settings_version
            self._learnt_at[id] = asked_at

    def _grant(self, key: str, site_id: str, *, secret: bool = False) -> Grant:
        settings = self._settings.get(site_id, DEFAULTS)
        known = self._known.get(key)
        if known is not None and known.site == site_id and known.settings is settings and known.secret == secret:
            return known
        return Grant(site_id, secret, settings)

    async def _look_up(self, key: str) -> Grant | None:
        asked_at = asyncio.get_running_loop().time()
        async with self._room, self._runtime.database.read() as connection:
            if key.startswith(keys.PREFIX):
                return await self._secret(connection, key, asked_at)
            site = await sites.by_write_key(connection, key)
            if site is None:
                return None
            await self._learn_settings(connection, [site], asked_at)
            return self._grant(key, site.id)

    async def _secret(self, connection: AsyncConnection, key: str, asked_at: float) -> Grant | None:
        found = await keys.verify(connection, key)
        if found is None or "ingest" not in found.scopes:
            return None
        site = None if found.site_id in self._versions else await sites.get(connection, found.site_id)
        await self._learn_settings(connection, [site] if site else [], asked_at)
        return self._grant(key, found.site_id, secret=True)

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


def key_of_basic(header: bytes) -> str | None:
    """The user name of Basic authentication: SDKs send the write key there, with an empty password."""
    return _user_name(header) if len(header) <= 2 * KEY_CHARACTERS else None


@lru_cache(1_024)
def _user_name(header: bytes) -> str | None:
    scheme, _, coded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return base64.b64decode(coded.strip(), validate=True).partition(b":")[0].decode() or None
    except (binascii.Error, UnicodeDecodeError):
        return None
