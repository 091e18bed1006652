"""One test for each reason for which an event is not admitted; the events beside it in the batch always are."""

import pytest

from leadlight.core.intake.drops import Drop
from tests.services.collector.front_door import BROWSER, FrontDoor


def nested(levels: int) -> object:
    value: object = "core"
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize("event", [7, "page", None, True, ["page"], 1.5])
async def test_a_member_that_is_no_object_is_dropped(door: FrontDoor, event: object) -> None:
    assert await door.one_drop(event) == Drop.NOT_AN_OBJECT


@pytest.mark.parametrize(
    "wrong",
    [
        {"properties": [1]},
        {"properties": "url"},
        {"traits": 4},
        {"event": 12},
        {"type": {"page": 1}},
        {"context": []},
        {"context": {"page": "x"}},
        {"context": {"userAgent": 5}},
        {"anonymousId": {"id": 1}},
        {"userId": True},
        {"messageId": ["m"]},
    ],
)
async def test_a_field_of_the_wrong_type_drops_its_event(door: FrontDoor, wrong: dict[str, object]) -> None:
    assert await door.one_drop({"type": "track", "event": "X", "anonymousId": "a", **wrong}) == Drop.WRONG_TYPE


@pytest.mark.parametrize("given", ["pageview", "", None, "PAGE"])
async def test_a_call_that_segment_does_not_know_is_dropped(door: FrontDoor, given: str | None) -> None:
    assert await door.one_drop({"type": given, "anonymousId": "a"}) == Drop.UNKNOWN_TYPE


async def test_an_event_over_32_kb_is_dropped(door: FrontDoor) -> None:
    url = "https://fernwerk.example/" + "x" * 200_000
    assert await door.one_drop({"type": "page", "anonymousId": "a", "properties": {"url": url}}) == Drop.TOO_LARGE


async def test_an_event_nested_without_end_is_dropped(door: FrontDoor) -> None:
    assert await door.one_drop({"type": "page", "anonymousId": "a", "properties": nested(200)}) == Drop.TOO_DEEP


async def test_many_objects_beside_one_another_are_not_deep(door: FrontDoor) -> None:
    rows = [{"sku": number, "tags": ["{", "[["]} for number in range(100)]
    answer = await door.post("/v1/track", {"event": "Order", "anonymousId": "a", "properties": {"rows": rows}})
    assert answer.dropped == {}
    [event] = await door.stored()
    assert event.properties == {"rows": rows}


@pytest.mark.parametrize(
    "ids", [{}, {"anonymousId": "null"}, {"anonymousId": " ", "userId": "[object Object]"}, {"userId": 0}]
)
async def test_an_event_of_nobody_is_dropped(door: FrontDoor, ids: dict[str, object]) -> None:
    assert await door.one_drop({"type": "page", **ids}) == Drop.NO_IDENTITY


@pytest.mark.parametrize("field", ["anonymousId", "userId"])
async def test_an_id_too_long_to_index_drops_its_event(door: FrontDoor, field: str) -> None:
    assert await door.one_drop({"type": "page", "anonymousId": "a", field: "i" * 201}) == Drop.ID_TOO_LONG


@pytest.mark.parametrize("event", [{}, {"event": ""}, {"event": None}])
async def test_a_track_call_that_does_not_say_what_happened_is_dropped(
    door: FrontDoor, event: dict[str, object]
) -> None:
    assert await door.one_drop({"type": "track", "anonymousId": "a", **event}) == Drop.NO_NAME


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"page_view_id": "", "engaged_ms": 1, "active_until": "2026-05-01T10:00:00Z"},
        {"page_view_id": 5, "engaged_ms": 1, "active_until": "2026-05-01T10:00:00Z"},
        {"page_view_id": "v", "engaged_ms": -1, "active_until": "2026-05-01T10:00:00Z"},
        {"page_view_id": "v", "engaged_ms": "9", "active_until": "2026-05-01T10:00:00Z"},
        {"page_view_id": "v", "engaged_ms": True, "active_until": "2026-05-01T10:00:00Z"},
        {"page_view_id": "v", "engaged_ms": 9},
        {"page_view_id": "v", "engaged_ms": 9, "active_until": "soon"},
    ],
)
async def test_engaged_time_that_makes_no_sense_is_dropped(door: FrontDoor, properties: dict[str, object]) -> None:
    event = {"type": "track", "event": "Page Engaged", "anonymousId": "a", "properties": properties}
    assert await door.one_drop(event) == Drop.BAD_ENGAGEMENT


@pytest.mark.parametrize("signal", [{"Sec-GPC": "1"}, {"DNT": "1"}])
async def test_a_browser_that_asks_not_to_be_followed_is_not(door: FrontDoor, signal: dict[str, str]) -> None:
    answer = await door.post("/v1/page", {"anonymousId": "a"}, headers=BROWSER | signal)
    assert answer.status == 200
    assert answer.dropped == {Drop.NO_CONSENT: 1}
    assert await door.stored() == []


async def test_a_servers_post_carries_no_persons_wish(door: FrontDoor) -> None:
    await door.post("/v1/page", {"anonymousId": "a"}, headers={"DNT": "1"})
    assert len(await door.stored()) == 1


async def test_the_owner_sees_how_many_events_were_dropped_and_why(door: FrontDoor) -> None:
    await door.post("/v1/batch", {"batch": [1, 2, {"type": "page"}]})
    await door.post("/v1/batch", {"batch": [3]})
    assert await door.owner_sees_drops(4) == {Drop.NOT_AN_OBJECT: 3, Drop.NO_IDENTITY: 1}


async def test_drops_of_the_last_moment_are_counted_when_the_collector_stops(door: FrontDoor) -> None:
    await door.post("/v1/batch", {"batch": [1]})
    door.runtime.stopping.set()
    assert await door.owner_sees_drops(1) == {Drop.NOT_AN_OBJECT: 1}
