"""Visitors who go on posting whatever happens behind the collector, and remember what was acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from leadlight.core.records import Event
from tests.services.collector.front_door import Answer

LONGEST_ANSWER_SECONDS = 5.0


class Door(Protocol):
    async def post(self, path: str, body: Any) -> Answer: ...


class Visitors:
    """Each posts one numbered event after the other: the next when the last was answered."""

    def __init__(self, door: Door, number: int, *, pause_seconds: float = 0.01) -> None:
        self.acknowledged: list[list[str]] = [[] for _ in range(number)]
        self.statuses: Counter[int] = Counter()
        self.longest_seconds = 0.0
        self._door = door
        self._pause_seconds = pause_seconds
        self._stopping = asyncio.Event()
        self._tasks = [asyncio.create_task(self._visit(visitor)) for visitor in range(number)]

    async def _visit(self, visitor: int) -> None:
        number = 0
        while not self._stopping.is_set():
            name = f"{visitor}-{number:06}"
            begun = time.monotonic()
            event = {"anonymousId": f"visitor {visitor}", "event": "Step", "messageId": name}
            answer = await self._door.post("/v1/track", event)
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - begun)
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.acknowledged[visitor].append(name)
            number += 1
            await asyncio.sleep(self._pause_seconds)

    async def until_acknowledged(self, more: int) -> None:
        """Wait until so many more events were acknowledged, in all."""
        goal = self.total + more
        async with asyncio.timeout(30):
            while self.total < goal:
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.02)

    @property
    def total(self) -> int:
        return sum(map(len, self.acknowledged))

    async def stop(self) -> None:
        """Let each have its last answer."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    def find_in_order(self, events: Sequence[Event]) -> None:
        """Every acknowledged event is there under its own id, each visitor's in the order in which they were posted."""
        for visitor, names in enumerate(self.acknowledged):
            wanted = set(names)
            mine = [event.id for event in events if event.anonymous_id == f"visitor {visitor}" and event.id in wanted]
            assert list(dict.fromkeys(mine)) == names, f"visitor {visitor}"
