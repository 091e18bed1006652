"""While an owner looks whether their page views arrive: the one they have just opened is pointed out to the console.

Whatever becomes of it at the door: that a visit from the own office is left out is told, and no riddle.
"""

import asyncio
from collections import Counter

from leadlight.core.installation.sighting import MARK, tokens_in
from leadlight.core.intake.drops import Drop
from leadlight.errors import Outage
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store.owners import checks

log = get_logger(__name__)

AT_ONCE = 16
"""Being written at the same time. More are not owners."""


class Sightings:
    """Looks for a token in what is posted. A post without one costs a search for sixteen bytes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._writing: set[asyncio.Task[None]] = set()

    def look(self, body: bytes, site: str, dropped: Counter[Drop] | None) -> None:
        """Note the tokens in a post of this site."""
        if MARK not in body or len(self._writing) >= AT_ONCE:
            return
        refused = next(iter(sorted(dropped))) if dropped else None
        for token in tokens_in(body, self._runtime.secret, site, now=self._runtime.now()):
            task = asyncio.create_task(self._write(site, token, refused))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _write(self, site: str, token: str, refused: str | None) -> None:
        try:
            async with self._runtime.database.begin() as connection:
                await checks.see(connection, site, token, refused=refused, now=self._runtime.now())
        except Outage as error:
            log.warning("an owner's page view could not be pointed out", error=str(error))
