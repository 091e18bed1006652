"""A machine that hammers one visitor's id, from the front door to the score: known as such, and nobody else's trouble."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.identity.identify import identify
from leadlight.core.identity.machines.bots import TOO_FAST
from leadlight.core.ids import visitor_id
from leadlight.core.intake.pace import BURST
from leadlight.core.objects import Visitor
from leadlight.core.records import Identified
from leadlight.settings import Settings
from leadlight.store.tables import alerts
from leadlight.store.views import visitor_objects
from services.identifier.knowledge import load_knowledge
from tests.core.browsing import MINUTE, NOON, Browser
from tests.core.test_decide import taken
from tests.services.collector.front_door import BROWSER, SITE, FrontDoor, open_front_door
from tests.services.scorer.conftest import Scored

PATHS = ("/pricing", "/demo", "/compare/planwright", "/contact")


def looks_to_buy(who: str, begin: datetime) -> list[dict[str, Any]]:
    """Pages that make anybody hot, each read for nine seconds."""
    calls: list[dict[str, Any]] = []
    for number, path in enumerate(PATHS):
        at, view = begin + number * timedelta(minutes=1), f"{who}-{number}"
        until = (at + timedelta(seconds=9)).isoformat()
        read = {"page_view_id": view, "engaged_ms": 9_000, "active_until": until}
        calls += [
            {"type": "page", "messageId": view, "timestamp": at.isoformat(), "context": {"page": {"path": path}}},
            {"type": "track", "event": "Page Engaged", "messageId": f"{view}-read", "properties": read},
        ]
    return [{"anonymousId": who, **call} for call in calls]


async def scored_through_the_door(door: FrontDoor, scored: Scored) -> None:
    knowledge = load_knowledge()
    events = [identify(event, knowledge) for event in await door.stored()]
    scored.clock.now = datetime.now(UTC)
    for first in range(0, len(events), 300):
        await scored.take(events[first : first + 300])


async def seen(scored: Scored, who: str) -> Visitor:
    async with scored.database.read() as connection:
        ids = [visitor_id(SITE, who)]
        [visitor] = await visitor_objects.by_ids(connection, SITE, ids, now=scored.clock.now)
        return visitor


async def alerted(scored: Scored) -> set[str]:
    async with scored.database.read() as connection:
        return set((await connection.execute(select(alerts.c.visitor_id))).scalars())


async def test_a_visitor_who_sends_faster_than_people_can_counts_for_nothing(scored: Scored, tmp_path: Path) -> None:
    begin = datetime.now(UTC) - timedelta(minutes=10)
    async with open_front_door(Settings(data=tmp_path / "door")) as door:
        hammered = [
            {"type": "track", "event": "Click", "anonymousId": "machine", "messageId": f"click-{number}"}
            for number in range(BURST + 200)
        ]
        for part in (hammered, looks_to_buy("machine", begin), looks_to_buy("neighbour", begin)):
            answer = await door.post("/v1/batch", {"batch": part}, headers=BROWSER)
            assert (answer.status, answer.dropped) == (200, {})
        assert sum(event.automated for event in await door.stored()) >= 200
        await scored_through_the_door(door, scored)
    machine, neighbour = await seen(scored, "machine"), await seen(scored, "neighbour")
    assert (machine.bot, machine.bot_reasons, machine.score, machine.intent) == (True, [TOO_FAST], 0, "cold")
    assert (machine.signals, machine.reasons) == ([], [])
    assert (neighbour.bot, neighbour.intent) == (False, "hot")
    assert await alerted(scored) == {visitor_id(SITE, "neighbour")}


async def test_what_was_scored_before_the_machine_showed_itself_is_taken_back(scored: Scored) -> None:
    browser = Browser("machine")
    browser.look_to_buy(NOON)
    scored.clock.now = NOON + 4 * MINUTE
    await scored.take(browser.events[:4])
    async with scored.database.read() as connection:
        [before] = await visitor_objects.by_ids(connection, browser.site, [browser.visitor], now=scored.clock.now)
    await scored.take([marked(one) for one in browser.events[4:]])
    async with scored.database.read() as connection:
        [after] = await visitor_objects.by_ids(connection, browser.site, [browser.visitor], now=scored.clock.now)
    assert before.score > 0
    assert (after.score, after.reasons, after.bot) == (0, [], True)


def marked(one: Identified) -> Identified:
    return replace(one, event=replace(one.event, automated=True), bot_reasons=(*one.bot_reasons, TOO_FAST))


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(1, 8))
def test_in_whatever_order_marked_and_unmarked_events_come(order: list[int], fast: set[int], size: int) -> None:
    browser = Browser("machine")
    browser.look_to_buy(NOON)
    events = [marked(one) if place in fast else one for place, one in enumerate(browser.events)]
    now = NOON + 10 * MINUTE
    once = taken([events], now=now)
    shuffled = [events[place] for place in order]
    parts = [shuffled[first : first + size] for first in range(0, len(shuffled), size)]
    assert taken(parts, now=now) == once
