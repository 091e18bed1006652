"""Where admitted events are kept before a post is answered."""

import asyncio
from collections.abc import Sequence

from leadlight.bus.topics import EVENTS
from leadlight.errors import LogUnavailable
from leadlight.runtime import Runtime

Records = Sequence[tuple[bytes, bytes]]


class Journal:
    """The event log, as the collector writes it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def store(self, records: Records) -> None:
        """Keep the records; they are durable when this returns.

        Raises:
            LogUnavailable: nothing is promised.
        """
        handed = self.hand_over(records)
        if handed is None:
            await self.store_instead(records, None)
            return
        try:
            await handed
        except LogUnavailable as error:
            await self.store_instead(records, error)

    def hand_over(self, records: Records) -> asyncio.Future[None] | None:
        """Give the records to the log, without a task for each post: durable when the future is done. What it raises as
        `LogUnavailable` is to be brought to `store_instead`; so are the records when this returns None."""
        return self._runtime.bus.append(EVENTS.name, records)

    async def store_instead(self, records: Records, error: LogUnavailable | None) -> None:
        """Keep what the log did not confirm, or was not asked to, in another place.

        Raises:
            LogUnavailable: nothing is promised.
        """
        raise error or LogUnavailable("The event log is away.")
