"""Posts of visitors whom a trusted proxy names by address, and what is stored of them."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from leadlight.core.records import Event
from tests.services.collector.front_door import BROWSER, WRITE_KEY, FrontDoor

ADDRESS = "203.0.113.9"
SAME_SITE = {"Sec-Fetch-Site": "same-site"}


def coming_from(address: str, **more: str) -> dict[str, str]:
    """A browser's headers as they come through the proxy; `more` with `_` for `-`."""
    return BROWSER | {"X-Forwarded-For": address} | {name.replace("_", "-"): text for name, text in more.items()}


async def sealing(door: FrontDoor) -> None:
    """Wait until the collector has the key of the day."""
    for attempt in range(200):
        await door.post("/v1/page", {"anonymousId": f"early-{attempt}"}, headers=coming_from("192.0.2.77"))
        latest = (await door.stored())[-1]
        if latest.address is not None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no address was ever sealed")


async def kept(
    door: FrontDoor, call: Mapping[str, Any], headers: Mapping[str, str] = BROWSER, *, key: str | None = None
) -> Event:
    """What is stored of one call that is admitted."""
    id = str(uuid4())
    answer = await door.post("/v1/batch", {"batch": [{"messageId": id, **call}]}, headers=headers, key=key or WRITE_KEY)
    assert (answer.status, answer.dropped) == (200, {})
    [event] = [event for event in await door.stored() if event.id == call.get("messageId", id)]
    return event


async def refused(
    door: FrontDoor, call: Mapping[str, Any], headers: Mapping[str, str] = BROWSER, *, key: str | None = None
) -> str:
    """Why one call is dropped; nothing of it is stored."""
    before = len(await door.stored())
    answer = await door.post("/v1/batch", {"batch": [call]}, headers=headers, key=key or WRITE_KEY)
    assert answer.status == 200
    [(reason, number)] = answer.dropped.items()
    assert (number, len(await door.stored())) == (1, before)
    return reason
