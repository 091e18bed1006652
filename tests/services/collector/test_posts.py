"""What clients of all kinds post, and the event that stands in the log afterwards."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from leadlight.core.ids import visitor_id
from leadlight.core.records import Channel, Event, EventType, Page
from tests.services.collector.front_door import BROWSER, SITE, WRITE_KEY, FrontDoor

LONG_AGO = "2025-03-04T05:06:07.891234+02:00"
PAGE = {
    "url": "https://www.fernwerk.example/pricing?utm_source=letter&utm_campaign=spring+sale#plans",
    "path": "/pricing",
    "title": "Pricing",
    "referrer": "https://search.example/",
}


async def stored_one(door: FrontDoor) -> Event:
    [event] = await door.stored()
    return event


async def test_a_page_view_arrives_with_all_that_was_said_of_it(door: FrontDoor) -> None:
    body = {
        "writeKey": WRITE_KEY,
        "anonymousId": "browser-1",
        "userId": "u-7",
        "messageId": "m-1",
        "timestamp": LONG_AGO,
        "name": "Pricing page",
        "properties": PAGE,
        "context": {
            "page": {"url": "https://other.example/", "search": "?utm_source=letter"},
            "locale": "de-AT",
            "timezone": "Europe/Vienna",
            "library": {"name": "leadlight.js", "version": "1"},
        },
    }
    answer = await door.post("/v1/page", body, key=None, headers=BROWSER)
    assert (answer.status, json.loads(answer.body), answer.dropped) == (200, {"success": True}, {})
    event = await stored_one(door)
    assert event.visitor == visitor_id(SITE, "browser-1")
    assert (event.site, event.id, event.type, event.anonymous_id, event.user_id) == (
        SITE, "m-1", EventType.PAGE, "browser-1", "u-7",
    )  # fmt: skip
    assert event.occurred_at == datetime(2025, 3, 4, 3, 6, 7, 891_000, tzinfo=UTC)
    assert event.name == "Pricing page"
    assert event.page == Page(
        PAGE["url"].removesuffix("#plans"), "/pricing", "Pricing", "https://search.example/", "?utm_source=letter"
    )
    assert event.campaign == {"source": "letter", "name": "spring sale"}
    assert (event.locale, event.timezone, event.library) == ("de-AT", "Europe/Vienna", "leadlight.js 1")
    assert event.channel is Channel.BROWSER
    assert event.user_agent == BROWSER["User-Agent"]
    assert not event.demo


async def test_a_beacons_batch_is_taken_as_plain_text(door: FrontDoor) -> None:
    batch = [{"type": "page", "anonymousId": "a"}, {"type": "track", "event": "Clicked", "anonymousId": "a"}]
    body = json.dumps({"writeKey": WRITE_KEY, "batch": batch}).encode()
    answer = await door.post("/v1/batch", body, key=None, headers={"Content-Type": "text/plain;charset=UTF-8"})
    assert answer.status == 200
    assert [event.type for event in await door.stored()] == [EventType.PAGE, EventType.TRACK]


async def test_a_gzipped_batch_is_unpacked(door: FrontDoor) -> None:
    body = gzip.compress(json.dumps({"batch": [{"type": "page", "anonymousId": "a"}] * 300}).encode())
    answer = await door.post("/v1/batch", body, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.dropped) == (200, {})
    assert len(await door.stored()) == 300


@pytest.mark.parametrize(
    ("path", "kind"),
    [(f"/v1/{name}", kind) for kind in EventType for name in (kind.value, kind.value[0])],
)
async def test_every_call_has_its_address_and_segments_short_one(door: FrontDoor, path: str, kind: EventType) -> None:
    body = {"anonymousId": "a", "event": "Happened", "groupId": "g", "previousId": "p", "traits": {"plan": "team"}}
    answer = await door.post(path, body)
    assert (answer.status, answer.dropped) == (200, {})
    assert (await stored_one(door)).type is kind


async def test_a_batch_to_the_short_address_with_a_context_of_its_own(door: FrontDoor) -> None:
    context = {"userAgent": "Shared/1.0", "leadlight_demo": True}
    events = [{"type": "page", "anonymousId": "a"}, {"type": "page", "anonymousId": "b", "context": {"locale": "fr"}}]
    assert (await door.post("/v1/b", {"context": context, "batch": events})).status == 200
    first, second = await door.stored()
    assert (first.user_agent, first.demo) == ("Shared/1.0", True)
    assert (second.user_agent, second.demo, second.locale) == (None, False, "fr")


async def test_a_servers_own_agent_is_not_its_visitors(door: FrontDoor) -> None:
    await door.post("/v1/page", {"anonymousId": "a"}, headers={"User-Agent": "analytics-python/2.3"})
    event = await stored_one(door)
    assert (event.channel, event.user_agent) == (Channel.SERVER, None)


async def test_the_agent_that_a_call_states_counts_first(door: FrontDoor) -> None:
    await door.post("/v1/page", {"anonymousId": "a", "context": {"userAgent": "Stated/2"}}, headers=BROWSER)
    assert (await stored_one(door)).user_agent == "Stated/2"


async def test_a_fetch_without_origin_is_a_browsers_by_its_fetch_metadata(door: FrontDoor) -> None:
    await door.post("/v1/page", {"anonymousId": "a"}, headers={"Sec-Fetch-Site": "same-origin", "User-Agent": "B/1"})
    assert (await stored_one(door)).user_agent == "B/1"


async def test_nodes_fetch_is_no_browser(door: FrontDoor) -> None:
    await door.post("/v1/page", {"anonymousId": "a"}, headers={"Sec-Fetch-Mode": "cors", "User-Agent": "node"})
    assert (await stored_one(door)).channel is Channel.SERVER


async def test_server_events_without_an_anonymous_id_are_keyed_by_user_id(door: FrontDoor) -> None:
    for anonymous in ({}, {"anonymousId": None}, {"anonymousId": "undefined"}):
        await door.post("/v1/track", {"event": "Paid", "userId": 4711, **anonymous})
    assert {(event.anonymous_id, event.user_id, event.visitor) for event in await door.stored()} == {
        ("user:4711", "4711", visitor_id(SITE, "user:4711"))
    }


async def test_a_user_id_of_nobody_names_nobody(door: FrontDoor) -> None:
    await door.post("/v1/identify", {"anonymousId": "a", "userId": "null", "traits": {"plan": "x"}})
    event = await stored_one(door)
    assert (event.user_id, event.traits) == (None, {"plan": "x"})


async def test_a_repeated_post_without_message_ids_makes_the_same_ids(door: FrontDoor) -> None:
    event = {"type": "track", "event": "Paid", "userId": "u", "timestamp": LONG_AGO, "properties": {"b": 1, "a": 2}}
    await door.post("/v1/batch", {"batch": [event], "sentAt": "2026-01-01T00:00:00Z"})
    await door.post("/v1/batch", {"batch": [event], "sentAt": "2026-01-01T00:00:09Z"})
    single = {name: value for name, value in event.items() if name != "type"}
    await door.post("/v1/track", {**single, "sentAt": "2026-01-01T00:01:00Z", "properties": {"a": 2, "b": 1}})
    await door.post("/v1/track", {**single, "properties": {"a": 3, "b": 1}})
    first, again, alone, other = [event.id for event in await door.stored()]
    assert first == again == alone
    assert other != first


async def test_a_message_id_too_long_to_index_is_still_recognised(door: FrontDoor) -> None:
    long = "m" * 5_000
    view = {"type": "page", "anonymousId": "a", "messageId": long}
    engaged = {"page_view_id": long, "engaged_ms": 1, "active_until": LONG_AGO}
    told = {"type": "track", "event": "Page Engaged", "anonymousId": "a", "properties": engaged}
    await door.post("/v1/batch", {"batch": [view, view, told]})
    first, second, report = await door.stored()
    assert first.id == second.id
    assert len(first.id) <= 100
    assert report.engagement is not None
    assert report.engagement.page_view_id == first.id


async def test_engaged_time_travels_as_such(door: FrontDoor) -> None:
    properties = {"page_view_id": "v", "engaged_ms": 8_000.7, "active_until": LONG_AGO, "scroll_percent": 140}
    await door.post("/v1/track", {"event": "Page Engaged", "anonymousId": "a", "properties": properties})
    event = await stored_one(door)
    assert event.engagement is not None
    assert not event.is_activity
    assert (event.engagement.page_view_id, event.engagement.engaged_ms) == ("v", 8_000)
    assert event.engagement.scroll_percent == 100
    assert event.engagement.active_until == datetime(2025, 3, 4, 3, 6, 7, 891_000, tzinfo=UTC)


async def test_nobody_looks_at_a_page_for_more_than_a_day(door: FrontDoor) -> None:
    properties = {"page_view_id": "v", "engaged_ms": 10**30, "active_until": "2099-01-01T00:00:00Z"}
    await door.post("/v1/track", {"event": "Page Engaged", "anonymousId": "a", "properties": properties})
    event = await stored_one(door)
    assert event.engagement is not None
    assert event.engagement.engaged_ms == 24 * 3600 * 1000
    assert event.engagement.active_until == event.received_at


async def test_a_wrong_clock_is_corrected_by_when_the_post_was_sent(door: FrontDoor) -> None:
    now = datetime.now(UTC)
    ahead = timedelta(days=400)
    event = {"anonymousId": "a", "timestamp": (now + ahead - timedelta(hours=3)).isoformat()}
    await door.post("/v1/page", {**event, "sentAt": (now + ahead).isoformat()})
    stored = await stored_one(door)
    assert abs(stored.occurred_at - (now - timedelta(hours=3))) < timedelta(seconds=5)


async def test_a_form_introduces_a_person_with_traits(door: FrontDoor) -> None:
    await door.post("/v1/identify", {"anonymousId": "a", "traits": {"email": "ada@norrvik.example"}}, headers=BROWSER)
    await door.post("/v1/page", {"anonymousId": "a", "context": {"traits": {"email": "b@norrvik.example"}}})
    assert [event.traits["email"] for event in await door.stored()] == ["ada@norrvik.example", "b@norrvik.example"]


async def test_any_origin_may_post_and_read_what_was_dropped(door: FrontDoor) -> None:
    answer = await door.post("/v1/batch", {"batch": [1]}, headers=BROWSER)
    assert answer.headers["Access-Control-Allow-Origin"] == BROWSER["Origin"]
    assert answer.headers["Vary"] == "origin"
    assert "Leadlight-Dropped" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_browser_that_asks_first_is_told_yes(door: FrontDoor) -> None:
    asked = {
        "Origin": "https://www.fernwerk.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = await door.request("OPTIONS", "/v1/batch", headers=asked)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == asked["Origin"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"


async def test_a_refusal_can_be_read_by_the_page_that_caused_it(door: FrontDoor) -> None:
    answer = await door.post("/v1/batch", b"{", headers=BROWSER)
    assert answer.problem["status"] == 400
    assert answer.headers["Access-Control-Allow-Origin"] == BROWSER["Origin"]
