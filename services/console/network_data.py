"""Which network data this process sees, for pages that show what follows from them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadlight.runtime import Runtime
from leadlight.runtime.networks.manifest import Credit
from leadlight.runtime.networks.standing import FileStanding, Missing, look, notices

FRESH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """The data in use, what is wrong with them, and whom their licences want named."""

    at: datetime
    files: Sequence[FileStanding]
    missing: Sequence[Missing]
    notices: Sequence[tuple[str, str]]
    credits: Sequence[Credit]


class NetworkData:
    """Looked at when a page asks, at most once a minute."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen: Seen | None = None
        self._looking = asyncio.Lock()

    async def seen(self) -> Seen:
        async with self._looking:
            now = self._runtime.now()
            if self._seen is None or not timedelta(0) <= now - self._seen.at < FRESH:
                files, missing = await asyncio.to_thread(look, self._runtime.settings.data, now)
                credits = tuple(dict.fromkeys(credit for each in files for credit in each.credits))
                self._seen = Seen(now, files, missing, notices(files, missing), credits)
            return self._seen
