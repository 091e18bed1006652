"""While Kafka is away posts are still answered with 200, soon, and everything arrives in order once it is back."""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from leadlight.bus.topics import EVENTS
from leadlight.core.records import encode, key_of
from leadlight.errors import RecordTooLarge
from leadlight.settings import Settings
from leadlight.store.tables import dead_letters
from tests.contract.bus.logs import KafkaLog
from tests.infra.kafka import KafkaBroker
from tests.services.collector.front_door import FrontDoor, open_front_door
from tests.services.collector.spool.visitors import LONGEST_ANSWER_SECONDS, Visitors

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PAGE = {"anonymousId": "a"}


def settings_for(broker: KafkaBroker, data: Path, **more: int) -> Settings:
    return Settings(data=data, bus_url=broker.url, secret="s" * 32, instance="collector-1", **more)  # type: ignore[arg-type]


async def notice(door: FrontDoor) -> str:
    """What the operator is told although the collector is ready."""
    answer = await door.request("GET", "/readyz")
    assert answer.status == 200, answer.body
    told: dict[str, dict[str, str]] = json.loads(answer.body)
    return told["notices"].get("collector: log", "")


async def figure(door: FrontDoor, name: str) -> float:
    answer = await door.request("GET", "/metrics")
    [line] = [line for line in answer.body.decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


async def until_drained(door: FrontDoor) -> None:
    async with asyncio.timeout(30):
        while await figure(door, "leadlight_spool_records") or await notice(door):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def post_of_size(door: FrontDoor, name: str, size_bytes: int) -> None:
    event = {"anonymousId": "a", "event": "e", "messageId": name, "properties": {"filling": "x" * size_bytes}}
    assert (await door.post("/v1/track", event)).status == 200


async def until_refused(door: FrontDoor, records: Sequence[tuple[bytes, bytes]]) -> None:
    """Brokers take their time to heed a topic's new limit."""
    async with asyncio.timeout(30):
        while True:
            try:
                await door.runtime.bus.publish(EVENTS.name, records)
            except RecordTooLarge:
                return


async def test_a_killed_broker_goes_unnoticed_by_visitors_and_everything_arrives_in_order(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    async with open_front_door(settings_for(own_kafka, tmp_path)) as door:
        visitors = Visitors(door, 20)
        await visitors.until_acknowledged(200)
        assert await notice(door) == ""
        await asyncio.to_thread(own_kafka.kill)
        await visitors.until_acknowledged(1_000)
        begun = time.monotonic()
        assert (await door.post("/v1/page", PAGE)).status == 200
        assert time.monotonic() - begun < 2, "once the outage is known nobody waits for the log"
        assert "events go to the spool: " in await notice(door)
        assert await figure(door, "leadlight_spool_records") >= 900
        assert await figure(door, "leadlight_spool_oldest_age_seconds") > 0
        await asyncio.to_thread(own_kafka.start)
        await until_drained(door)
        await visitors.until_acknowledged(200)
        await visitors.stop()
        assert await figure(door, "leadlight_spool_bytes") < 1_000, "drained segments give their room back"
        assert set(visitors.statuses) == {200}
        assert visitors.longest_seconds < LONGEST_ANSWER_SECONDS
        visitors.find_in_order(await door.stored())


async def test_a_broker_that_hangs_is_passed_by_and_used_again(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    async with open_front_door(settings_for(own_kafka, tmp_path)) as door:
        visitors = Visitors(door, 10)
        await visitors.until_acknowledged(100)
        own_kafka.pause()
        await visitors.until_acknowledged(500)
        assert "events go to the spool: " in await notice(door)
        own_kafka.resume()
        await until_drained(door)
        await visitors.until_acknowledged(100)
        await visitors.stop()
        assert set(visitors.statuses) == {200}
        assert visitors.longest_seconds < LONGEST_ANSWER_SECONDS
        visitors.find_in_order(await door.stored())


async def test_a_full_spool_says_so_with_a_time_to_come_back_and_keeps_what_it_has(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    async with open_front_door(settings_for(own_kafka, tmp_path, spool_bytes=1 << 20)) as door:
        assert (await door.post("/v1/page", PAGE)).status == 200
        await asyncio.to_thread(own_kafka.kill)
        stored, properties = [], {"filling": "x" * 20_000}
        for number in range(100):
            event = {"anonymousId": "a", "event": "e", "messageId": f"m-{number:03}", "properties": properties}
            answer = await door.post("/v1/track", event)
            if answer.status != 200:
                break
            stored.append(f"m-{number:03}")
        assert 30 < len(stored) < 60
        assert "spool of 1,048,576 bytes is full" in answer.problem["detail"]
        assert int(answer.headers["Retry-After"]) >= 10
        health = await door.request("GET", "/readyz")
        assert health.status == 503
        assert json.loads(health.body)["problems"]["collector: spool"].startswith(
            "the spool is full and posts are refused"
        )
        on_disk = sum(file.stat().st_size for file in (tmp_path / "spool" / "collector-1").iterdir())
        assert on_disk <= 1.01 * (1 << 20)
        await asyncio.to_thread(own_kafka.start)
        await until_drained(door)
        assert (await door.post("/v1/page", PAGE)).status == 200
        found = [event.id for event in await door.stored() if event.id.startswith("m-")]
        assert [name for name in dict.fromkeys(found) if name in stored] == stored


async def test_an_event_that_the_log_will_never_take_becomes_a_dead_letter_and_the_others_arrive(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    async with open_front_door(settings_for(own_kafka, tmp_path)) as door:
        topic = KafkaLog(own_kafka.url)
        topic.topic = EVENTS.name
        await post_of_size(door, "large-0", 9_000)
        [large] = await door.stored()
        await topic.configure({"max.message.bytes": "4000"})
        await until_refused(door, [(key_of(large), encode(large))])
        for name, size in (("small-1", 10), ("large-1", 9_000), ("small-2", 10)):
            await post_of_size(door, name, size)
        await until_drained(door)
        found = [event.id for event in await door.stored()]
        assert list(dict.fromkeys(found)) == ["large-0", "small-1", "small-2"]
        async with door.runtime.database.read() as connection:
            [dead] = (await connection.execute(dead_letters.select())).all()
        assert (dead.consumer, dead.topic) == ("collector", EVENTS.name)
        assert json.loads(dead.value)["id"] == "large-1"
        assert "too large" in dead.reason.lower()
