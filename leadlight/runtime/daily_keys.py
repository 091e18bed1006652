"""The keys that seal visitors' addresses, in memory: made ahead, shared through the database, destroyed after 48 h."""

import os
from datetime import date, timedelta

from leadlight.core.privacy.sealing import DAY_KEY_BYTES, CannotUnseal, DayKey, day_of, is_over
from leadlight.errors import ConfigurationError, Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.collecting import daily_keys

log = get_logger(__name__)

LOOK_SECONDS = 15.0
"""How often a process looks whether a key is due to be made or destroyed. Mostly neither is, and nobody is asked."""

RETRY_SECONDS = 2.0
"""While today's key is missing."""

AHEAD = timedelta(days=1)
"""Tomorrow's key is made a day ahead, so that an outage at midnight goes by unnoticed."""


class DailyKeys:
    """The keys of these days. Whoever asks never waits: without a key an address is left out, not stored in the open."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._keys: dict[date, DayKey] = {}

    def of(self, day: date) -> DayKey | None:
        """None: not there yet, or no more."""
        key = self._keys.get(day)
        return None if key is None or is_over(day, self._runtime.now()) else key

    def unseal(self, site: str, sealed: str) -> str | None:
        """The address that an event carries; None once its day's key is destroyed, or where it was never one."""
        day = day_of(sealed)
        key = self.of(day) if day is not None else None
        if key is None:
            return None
        try:
            return key.unseal(site, sealed)
        except CannotUnseal:
            return None

    async def run(self) -> None:
        """Keep the keys as they should be, until the process stops."""
        missed = False
        while True:
            try:
                await self.refresh()
                missed = False
            except (Outage, ConfigurationError) as error:
                if not missed:
                    log.warning("no key of the day from the database; addresses may be left out", error=str(error))
                missed = True
            if not await self._runtime.pause(RETRY_SECONDS if missed else LOOK_SECONDS):
                return

    async def refresh(self) -> None:
        """Make what is missing, destroy what is over, in memory and in the database.

        Raises:
            Outage: the database is away; keys that are over are forgotten in memory all the same.
        """
        now = self._runtime.now()
        over = [day for day in self._keys if is_over(day, now)]
        for day in over:
            del self._keys[day]
        wanted = [now.date(), (now + AHEAD).date()]
        missing = [day for day in wanted if day not in self._keys]
        if not over and not missing:
            return
        secret = self._runtime.secret
        async with self._runtime.database.begin() as connection:
            if missing:
                await daily_keys.add(connection, {day: os.urandom(DAY_KEY_BYTES) for day in missing}, secret=secret)
            stored = await daily_keys.list_all(connection, secret=secret)
            if past := [day for day in stored if is_over(day, now)]:
                await daily_keys.destroy(connection, past)
        for day, key in stored.items():
            if day not in self._keys and not is_over(day, now):
                self._keys[day] = DayKey(day, key)
