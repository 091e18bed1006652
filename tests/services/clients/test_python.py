"""The real Python libraries of the family, told nothing but our host and write key."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from rudderstack.analytics import Client as RudderClient
from rudderstack.analytics.request import _session as rudder_session
from segment.analytics.client import Client as SegmentClient
from segment.analytics.request import _session as segment_session

from leadlight.core.records import Channel, Event, EventType
from tests.services.clients.gateway import Failure, Gateway
from tests.services.collector.front_door import SECRET_KEY, WRITE_KEY, FrontDoor

CLIENTS = [pytest.param(SegmentClient, id="segment"), pytest.param(RudderClient, id="rudder")]


class Plan(Enum):
    PRO = "pro"


@contextmanager
def opened(make: Any, host: str, **options: Any) -> Iterator[tuple[Any, list[Exception]]]:
    """A client and the errors it told; its threads and connections end with the block."""
    errors: list[Exception] = []

    def note(error: Exception, _batch: object) -> None:
        errors.append(error)

    client = make(options.pop("key", WRITE_KEY), host=host, on_error=note, upload_interval=0.1, **options)
    try:
        yield client, errors
    finally:
        for consumer in client.consumers or []:
            consumer.pause()
            consumer.join(5)
        segment_session.close()
        rudder_session.close()


async def flushed(client: Any) -> None:
    """`client.flush()`, but with an end when it has none."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def flush() -> None:
        client.flush()
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=flush, daemon=True).start()
    async with asyncio.timeout(20):
        await done.wait()


def by_type(events: Any) -> dict[EventType, Event]:
    return {event.type: event for event in events}


@pytest.mark.parametrize("make", CLIENTS)
@pytest.mark.parametrize("gzip", [False, True])
async def test_every_call_arrives_as_it_was_made(door: FrontDoor, gateway: Gateway, make: Any, gzip: bool) -> None:
    then = datetime(2026, 3, 1, 12, 30, 15, 678_000, tzinfo=UTC)
    context = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "locale": "de-AT"}
    with opened(make, gateway.origin, gzip=gzip) as (client, errors):
        client.page("u-1", "Docs", "Einbau", {"url": "https://fernwerk.example/doku/einbau?a=ä"}, dict(context), then)
        client.screen("u-1", "Docs", "Start", {"n": 1})
        client.track("u-1", "Trial Started", {"plan": "pro"}, dict(context), then)
        client.identify("u-1", {"email": "jana@kunde.example", "name": "Jana Ö. 👋"})
        client.group("u-1", "g-1", {"name": "Kunde AG"})
        client.alias("anonymous-1", "u-1")
        await flushed(client)
    assert errors == []
    stored = await door.stored()
    events = by_type(stored)
    assert len(stored) == len(events) == 6
    assert {event.channel for event in stored} == {Channel.SERVER}
    assert {event.user_id for event in stored} == {"u-1"}
    assert events[EventType.TRACK].occurred_at == then
    assert events[EventType.TRACK].name == "Trial Started"
    assert events[EventType.TRACK].properties["plan"] == "pro"
    assert events[EventType.TRACK].user_agent == context["userAgent"]
    assert events[EventType.TRACK].locale == "de-AT"
    page = events[EventType.PAGE].page
    assert page is not None
    assert (page.path, events[EventType.PAGE].name) == ("/doku/einbau", "Einbau")
    assert events[EventType.IDENTIFY].traits == {"email": "jana@kunde.example", "name": "Jana Ö. 👋"}
    assert events[EventType.GROUP].properties["group_id"] == "g-1"
    assert events[EventType.ALIAS].properties["previous_id"] == "anonymous-1"
    assert all(event.library is not None and "analytics-python" in event.library for event in stored)


async def test_values_of_all_kinds_arrive(door: FrontDoor, gateway: Gateway) -> None:
    values = {
        "day": date(2026, 2, 3),
        "moment": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
        "price": Decimal("19.90"),
        "many": 2**70,
        "set": {"one"},
        "nested": {"list": [1, None, True, {"deep": "ü"}]},
        "plan": Plan.PRO,
        "half": "\ud83d",
        "nothing": None,
        "zero": "a\x00b",
    }
    with opened(SegmentClient, gateway.origin) as (client, errors):
        client.track("u-1", "Ångström\u2028", values)
        client.track(17, "Number as id", {})
        client.track(None, "Anonymous", {}, anonymous_id="visitor-1")
        await flushed(client)
    assert errors == []
    first, second, third = sorted(await door.stored(), key=lambda event: event.occurred_at)
    assert first.name == "Ångström\u2028"
    assert first.properties == {
        "day": "2026-02-03",
        "moment": "2026-02-03T04:05:06+00:00",
        "price": 19.9,
        "many": 2**70,
        "set": ["one"],
        "nested": {"list": [1, None, True, {"deep": "ü"}]},
        "plan": "pro",
        "half": "\ufffd",
        "nothing": None,
        "zero": "a\ufffdb",
    }
    assert second.user_id == "17"
    assert third.anonymous_id == "visitor-1"


async def test_a_number_that_is_none_does_not_take_its_batch_along(door: FrontDoor, gateway: Gateway) -> None:
    """Python writes NaN and Infinity into JSON, which knows neither."""
    values = {"ratio": float("nan"), "most": float("inf"), "least": float("-inf"), "text": 'NaN, "NaN": NaN'}
    with opened(SegmentClient, gateway.origin) as (client, errors):
        client.track("u-1", "Before", {"n": 1})
        client.track("u-1", "Measured", values)
        client.track("u-1", "NaN", {"n": -1})
        await flushed(client)
    assert errors == []
    events = {event.name: event for event in await door.stored()}
    assert set(events) == {"Before", "Measured", "NaN"}
    assert events["Measured"].properties == {"ratio": None, "most": None, "least": None, "text": 'NaN, "NaN": NaN'}


@pytest.mark.parametrize("make", CLIENTS)
async def test_a_collector_that_comes_back_gets_everything_once(door: FrontDoor, gateway: Gateway, make: Any) -> None:
    gateway.plan.extend([Failure.REFUSED, Failure.BROKEN, Failure.UNHEARD])
    with opened(make, gateway.origin, upload_size=5, gzip=True) as (client, errors):
        for number in range(20):
            client.track("u-1", "Step", {"n": number}, message_id=f"m-{number}")
        await flushed(client)
    assert errors == []
    assert not gateway.plan
    stored = await door.stored()
    assert {event.id for event in stored} == {f"m-{number}" for number in range(20)}
    assert len(stored) == 25, "a batch whose answer was lost comes twice, under the same ids"
    assert len({(event.id, event.properties["n"]) for event in stored}) == 20


async def test_batches_at_the_limits_are_taken(door: FrontDoor, gateway: Gateway) -> None:
    with opened(SegmentClient, gateway.origin, upload_size=500, gzip=True) as (client, errors):
        for number in range(32):
            client.track("u-1", "Large", {"text": "x" * 32_200, "n": number}, message_id=f"large-{number}")
        for number in range(1_000):
            client.track("u-1", "Small", {}, message_id=f"small-{number}")
        await flushed(client)
    assert errors == []
    assert set(gateway.statuses) == {200}
    assert len({event.id for event in await door.stored()}) == 1_032


@pytest.mark.parametrize("make", CLIENTS)
async def test_a_wrong_key_is_told_to_the_program_at_once_and_not_tried_again(
    door: FrontDoor, gateway: Gateway, make: Any
) -> None:
    with opened(make, gateway.origin, key="wk_wrong") as (client, errors):
        client.track("u-1", "Lost", {})
        await flushed(client)
    [error] = errors
    assert "write key" in str(error)
    assert gateway.statuses == [401]
    assert await door.stored() == []


async def test_a_host_with_a_slash_at_its_end_works(door: FrontDoor, gateway: Gateway) -> None:
    with opened(SegmentClient, gateway.origin + "/") as (client, errors):
        client.track("u-1", "Step", {})
        await flushed(client)
    assert errors == []
    assert len(await door.stored()) == 1


async def test_a_server_posts_what_happened_before_with_its_secret_key(door: FrontDoor, gateway: Gateway) -> None:
    now = datetime.now(UTC)
    with opened(SegmentClient, gateway.origin, key=SECRET_KEY) as (client, errors):
        for days in (1, 40, 900):
            client.track("u-1", "Order Paid", {"days": days}, {"ip": "198.51.100.7"}, now - timedelta(days=days))
        await flushed(client)
    assert errors == []
    events = {event.properties["days"]: event for event in await door.stored()}
    for days, event in events.items():
        assert abs(event.occurred_at - (now - timedelta(days=days))) < timedelta(milliseconds=2)
        assert event.channel is Channel.SERVER
    assert set(events) == {1, 40, 900}


def test_the_clients_are_the_real_ones() -> None:
    assert SegmentClient.__module__ == "segment.analytics.client"
    assert RudderClient.__module__ == "rudderstack.analytics.client"


@pytest.mark.parametrize(("module", "host"), [("segment.analytics", "host"), ("rudderstack.analytics", "dataPlaneUrl")])
async def test_the_module_itself_is_a_client_once_it_knows_key_and_host(
    door: FrontDoor, gateway: Gateway, module: str, host: str
) -> None:
    program = (
        f"import {module} as analytics\n"
        f"analytics.write_key, analytics.{host} = {WRITE_KEY!r}, {gateway.origin!r}\n"
        "analytics.track('u-1', 'Order Paid', {'total': 20})\n"
        "analytics.flush()\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    async with asyncio.timeout(30):
        assert await process.wait() == 0
    [event] = await door.stored()
    assert (event.user_id, event.name) == ("u-1", "Order Paid")
