"""A process that publishes to the embedded log and tells on stdout what was confirmed, to be killed or starved."""

import asyncio
import resource
import sys
from pathlib import Path

from leadlight.bus import open_bus
from leadlight.errors import LogUnavailable

TOPIC = "events"
PAYLOAD = b"x" * 300


def tell(what: int | str) -> None:
    print(what, flush=True)  # noqa: T201


def value(number: int) -> bytes:
    return b"%d:" % number + PAYLOAD


async def publish_until_killed(data: Path, first: int) -> None:
    """Publish from many tasks, each number once, for ever."""
    bus = await open_bus(url="", data=data, instance="child")
    numbers = iter(range(first, 10**12))

    async def publisher() -> None:
        for number in numbers:
            await bus.publish(TOPIC, [(b"k", value(number))])
            tell(number)

    await asyncio.gather(*(publisher() for _ in range(50)))


async def publish_past_a_full_disk(data: Path, limit_bytes: int) -> None:
    """Publish until files may not grow any more, tell it, lift the limit, and publish on."""
    bus = await open_bus(url="", data=data, instance="child")
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    number = refused = 0
    while refused < 3:
        try:
            await bus.publish(TOPIC, [(b"k", value(number))])
            tell(number)
        except LogUnavailable as error:
            refused += 1
            tell(f"refused: {error}")
        number += 1
    tell(f"problem: {await bus.problem()}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for last in range(number, number + 5):
        await bus.publish(TOPIC, [(b"k", value(last))])
        tell(last)
    tell(f"problem: {await bus.problem()}")
    await bus.close()


if __name__ == "__main__":
    what, folder, amount = sys.argv[1:]
    work = {"until-killed": publish_until_killed, "past-a-full-disk": publish_past_a_full_disk}[what]
    asyncio.run(work(Path(folder), int(amount)))
