"""Where admitted events are kept before a post is answered."""

from collections.abc import Sequence

from leadlight.bus.topics import EVENTS
from leadlight.runtime import Runtime


class Journal:
    """The event log, as the collector writes it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def store(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep the records; they are durable when this returns.

        Raises:
            LogUnavailable: nothing is promised.
        """
        await self._runtime.bus.publish(EVENTS.name, records)
