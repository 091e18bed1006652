"""What the passing of days does to companies: what was seen fades, and what was answered runs out."""

from collections.abc import Mapping
from datetime import date

from leadlight.bus.port import Partition
from leadlight.runtime import Runtime
from leadlight.store.identity import connections
from leadlight.store.positions import Position

FIRST = 0
"""Whoever owns this partition accounts for the day; should two at once, they do the same."""


class Passing:
    """Goes through the claims that time alone may change, once a day, some at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._done: date | None = None
        self._after = ("", "")

    async def tick(self, owned: Mapping[Partition, Position]) -> Mapping[Partition, Position]:
        """One step, if the day is not accounted for yet."""
        now = self._runtime.now()
        if self._done == now.date() or not any(partition.number == FIRST for partition in owned):
            return {}
        async with self._runtime.database.begin() as connection:
            after = await connections.review(connection, now=now, after=self._after)
        if after is None:
            self._done, self._after = now.date(), ("", "")
        else:
            self._after = after
        return {}
