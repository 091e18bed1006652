"""The real libraries for Node, told nothing but our host and write key."""

import asyncio
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from leadlight.core.records import Channel, EventType
from tests.infra.parts import ROOT, PartMissing, missing
from tests.services.clients.gateway import Failure, Gateway
from tests.services.collector.front_door import WRITE_KEY, FrontDoor

SCRIPT = Path(__file__).parent / "node_clients.mjs"
LIBRARIES = ["analytics-node-next", "analytics-node"]
"""Segment's present one, and the one before it, which many programs still use."""
THEN = "2026-03-01T12:30:15.678Z"


async def make_calls(
    gateway: Gateway, library: str, calls: list[list[Any]], *, key: str = WRITE_KEY, **options: Any
) -> list[str]:
    """The errors that the library told its program."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules/@segment/analytics-node").is_dir():
        missing(PartMissing("the libraries for Node are not installed: scripts/test-parts"))
    told = {"library": library, "host": gateway.origin, "key": key, "options": options, "calls": calls}
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(40):
            out, err = await process.communicate(json.dumps(told).encode())
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, err.decode()
    errors: list[str] = json.loads(out)["errors"]
    return errors


@pytest.mark.parametrize("library", LIBRARIES)
async def test_every_call_arrives_as_it_was_made(door: FrontDoor, gateway: Gateway, library: str) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
    who = {"userId": "u-1", "context": {"userAgent": agent}, "timestamp": {"$date": THEN}}
    url = "https://fernwerk.example/doku/einbau?utm_source=brief"
    errors = await make_calls(
        gateway,
        library,
        [
            ["page", {**who, "name": "Einbau", "properties": {"url": url, "title": "Ünïcode \u2028 👋"}}],
            ["screen", {**who, "name": "Start"}],
            [
                "track",
                {**who, "event": "Trial Started", "properties": {"when": {"$date": THEN}, "n": 1e21, "no": None}},
            ],
            ["identify", {**who, "traits": {"email": "jana@kunde.example"}}],
            ["group", {**who, "groupId": "g-1", "traits": {"name": "Kunde AG"}}],
            ["alias", {"userId": "u-1", "previousId": "anonymous-1"}],
        ],
    )
    assert errors == []
    stored = await door.stored()
    events = {event.type: event for event in stored}
    assert len(stored) == len(events) == 6
    assert {event.channel for event in stored} == {Channel.SERVER}, "Node's fetch is no browser"
    track = events[EventType.TRACK]
    assert track.occurred_at == datetime.fromisoformat(THEN)
    assert track.properties == {"when": THEN, "n": 1e21, "no": None}
    assert {event.user_agent for event in stored} <= {agent, None}, "a library's own agent is nobody's"
    page = events[EventType.PAGE].page
    assert page is not None
    assert (page.path, page.title) == ("/doku/einbau", "Ünïcode \u2028 👋")
    assert events[EventType.PAGE].campaign == {"source": "brief"}
    assert events[EventType.IDENTIFY].traits["email"] == "jana@kunde.example"
    assert events[EventType.GROUP].properties["group_id"] == "g-1"
    assert events[EventType.ALIAS].properties["previous_id"] == "anonymous-1"


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_collector_that_comes_back_gets_everything_once(
    door: FrontDoor, gateway: Gateway, library: str
) -> None:
    gateway.plan.extend([Failure.REFUSED, Failure.BROKEN, Failure.UNHEARD])
    calls = [
        ["track", {"userId": "u-1", "event": "Step", "messageId": f"m-{n}", "properties": {"n": n}}] for n in range(20)
    ]
    errors = await make_calls(gateway, library, calls, flushAt=20)
    assert errors == []
    assert not gateway.plan
    stored = await door.stored()
    assert len({event.id for event in stored}) == 20
    assert len({(event.id, event.properties["n"]) for event in stored}) == 20, "a repeat has the id of the first"
    assert len(stored) > 20, "what came twice is the batch whose answer was lost"


@pytest.mark.parametrize(("library", "characters"), [(LIBRARIES[0], 31_000), (LIBRARIES[1], 22_000)])
async def test_batches_at_the_limits_are_taken(
    door: FrontDoor, gateway: Gateway, library: str, characters: int
) -> None:
    """As many calls as the library puts into a batch by itself, as large as still fit: neither counts bytes rightly."""
    calls = [
        ["track", {"userId": "u", "event": "Large", "properties": {"text": "x" * characters, "n": n}}]
        for n in range(45)
    ]
    errors = await make_calls(gateway, library, calls)
    assert errors == []
    assert set(gateway.statuses) == {200}
    assert len({event.id for event in await door.stored()}) == 45


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_wrong_key_is_told_to_the_program_at_once_and_not_tried_again(
    door: FrontDoor, gateway: Gateway, library: str
) -> None:
    errors = await make_calls(gateway, library, [["track", {"userId": "u-1", "event": "Lost"}]], key="wk_wrong")
    assert "401" in errors[0]
    assert gateway.statuses == [401]
    assert await door.stored() == []
