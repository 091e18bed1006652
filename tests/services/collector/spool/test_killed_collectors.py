"""Collectors that are killed while Kafka is away, and commands beside them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from leadlight.bus import open_bus
from leadlight.bus.topics import EVENTS
from leadlight.core.records import Event, decode_event
from tests.contract.bus.logs import from_the_beginning, read
from tests.infra.kafka import KafkaBroker
from tests.services.collector.spool.collectors import Collectors
from tests.services.collector.spool.visitors import Visitors

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
async def collectors(own_kafka: KafkaBroker, tmp_path: Path) -> AsyncIterator[Collectors]:
    deployment = Collectors(own_kafka.url, tmp_path)
    await deployment.prepare()
    try:
        yield deployment
    finally:
        deployment.end()


async def logged(url: str) -> Sequence[Event]:
    bus = await open_bus(url=url, data=Path("unused"), instance="test")
    try:
        count = sum((await bus.ends([EVENTS.name])).values())
        async with bus.consumer("test", [EVENTS.name], from_the_beginning) as consumer:
            return [decode_event(record.value) for record in await read(consumer, count)]
    finally:
        await bus.close()


async def test_a_collector_killed_while_it_spools_drains_what_it_acknowledged_before(
    collectors: Collectors, own_kafka: KafkaBroker
) -> None:
    collector = await collectors.start("one")
    assert (await collector.post("/v1/page", {"anonymousId": "early"})).status == 200
    await asyncio.to_thread(own_kafka.kill)
    visitors = Visitors(collector, 10)
    await visitors.until_acknowledged(300)
    collector.kill()
    await visitors.stop()
    left = await collectors.spool("one")
    assert left["records"] >= visitors.total
    assert (left["state"], left["running"]) == ("filling", False)
    assert left["oldest_at"] is not None

    collector = await collectors.start("one")
    later = {"anonymousId": "visitor 0", "event": "Step", "messageId": "0-999999"}
    assert (await collector.post("/v1/track", later)).status == 200
    visitors.acknowledged[0].append("0-999999")
    running = await collectors.spool("one")
    assert running["records"] == left["records"] + 1
    assert running["running"]
    await asyncio.to_thread(own_kafka.start)
    async with asyncio.timeout(30):
        while (await collectors.spool("one"))["records"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert (await collectors.spool("one"))["state"] == "empty"
    visitors.find_in_order(await logged(own_kafka.url))
    collector.stop()


async def test_a_second_collector_of_the_same_name_is_told_to_take_another(collectors: Collectors) -> None:
    await collectors.start("one")
    second = await collectors.start("one")
    code, told = second.last_words()
    assert code == 1
    assert "in use by another collector" in told
    assert "LEADLIGHT_INSTANCE" in told
    assert "Traceback" not in told
    third = await collectors.start("two")
    assert (await third.post("/v1/page", {"anonymousId": "a"})).status == 200
