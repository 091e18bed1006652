"""A disk that takes writes and does not finish them: nobody waits for ever, and nothing grows without end."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadlight.bus.embedded import EmbeddedBus
from leadlight.bus.port import MAX_RECORD_BYTES
from leadlight.errors import LogUnavailable
from tests.contract.bus.logs import from_the_beginning, read

TOPIC = "events"


@contextmanager
def stalled(bus: EmbeddedBus) -> Iterator[None]:
    """The thread that writes is held up, as by a disk in trouble."""
    over = threading.Event()
    bus._writing.submit(over.wait)
    try:
        yield
    finally:
        over.set()


async def test_a_publish_that_the_disk_holds_up_is_refused_in_time_and_the_log_goes_on(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    try:
        await bus.publish(TOPIC, [(b"k", b"before")])
        with stalled(bus):
            async with asyncio.timeout(5):
                outcomes = await asyncio.gather(
                    *(bus.publish(TOPIC, [(b"k", b"given up %d" % n)]) for n in range(3)), return_exceptions=True
                )
        assert all(isinstance(outcome, LogUnavailable) for outcome in outcomes), outcomes
        await bus.publish(TOPIC, [(b"k", b"after")])
        async with bus.consumer("reader", [TOPIC], from_the_beginning) as consumer:
            values = [record.value for record in await read(consumer, 2)]
            while values[-1] != b"after":
                values += [record.value for record in await read(consumer, 1)]
        assert values[0] == b"before"
    finally:
        await bus.close()


async def test_what_waits_for_a_stalled_disk_is_bounded(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    record = (b"", bytes(MAX_RECORD_BYTES))
    waiting: list[asyncio.Task[None]] = []
    try:
        await bus.publish(TOPIC, [record])
        with stalled(bus):
            waiting = [asyncio.create_task(bus.publish(TOPIC, [record])) for _ in range(100)]
            done, _ = await asyncio.wait(waiting, timeout=2)
            refused = [task.exception() for task in done]
            for task in waiting:
                task.cancel()
        assert 20 < len(refused) < 80
        assert all(isinstance(error, LogUnavailable) for error in refused), refused
    finally:
        await asyncio.gather(*waiting, return_exceptions=True)
        await bus.close()
