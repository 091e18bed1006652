"""Work that many open pages ask for at the same moment, done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

KEPT_SECONDS = 1.0
"""Long enough for everybody whom one frame woke, short enough for times and presence to stay true."""


class Shared(Generic[T]):
    """Answers by key, kept for a moment. A key must change with everything the answer depends on but time."""

    def __init__(self) -> None:
        self._running: dict[Hashable, tuple[float, asyncio.Task[T]]] = {}

    async def once(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `make` gives, made by the first who asks; an error is everybody's."""
        now = asyncio.get_running_loop().time()
        self._running = {k: (at, task) for k, (at, task) in self._running.items() if now - at < KEPT_SECONDS}
        if key not in self._running:
            self._running[key] = (now, asyncio.create_task(make()))
        return await asyncio.shield(self._running[key][1])
