"""A 200 means stored; what cannot be stored is answered with a 503, soon."""

import asyncio
import json
from pathlib import Path

from leadlight.runtime.http import Limits
from leadlight.settings import Settings
from tests.infra.disk import fill, small_disk
from tests.infra.kafka import KafkaBroker
from tests.services.collector.front_door import WRITE_KEY, FrontDoor, open_front_door
from tests.services.collector.raw import head

PAGE = {"anonymousId": "a"}


async def test_a_log_that_is_away_is_a_503_with_a_time_to_come_back(door: FrontDoor) -> None:
    await door.runtime.bus.close()
    answer = await door.post("/v1/page", PAGE)
    assert answer.problem["status"] == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_full_disk_says_so_to_the_poster_and_to_the_operator_until_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kib=4_096) as disk:
        database = f"sqlite+aiosqlite:///{tmp_path / 'leadlight.db'}"
        async with open_front_door(Settings(data=disk, database_url=database)) as door:
            assert (await door.request("GET", "/readyz")).status == 200, "little room is no reason to send posts away"
            ballast = fill(disk)
            answer = await door.post_until(503, "/v1/track", {"anonymousId": "a", "event": "e" * 1_000}, key=WRITE_KEY)
            assert "disk is full" in answer.problem["detail"]
            assert str(tmp_path) not in answer.problem["detail"]
            assert int(answer.headers["Retry-After"]) > 0
            health = await door.request("GET", "/readyz")
            assert health.status == 503
            told = json.loads(health.body)["problems"]["log"]
            assert told.startswith(f"the disk of {disk}/log is full: 0 MB free;")
            ballast.unlink()
            assert (await door.post("/v1/page", PAGE)).status == 200
            assert (await door.request("GET", "/readyz")).status == 200


async def test_without_a_spool_a_dead_broker_is_a_503_within_5_seconds_and_forgotten_when_it_is_back(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, bus_url=own_kafka.url, secret="s" * 32, spool_bytes=0)
    async with open_front_door(settings) as door:
        assert (await door.post("/v1/page", PAGE)).status == 200
        own_kafka.kill()
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*(door.post("/v1/page", PAGE) for _ in range(20)))
        assert {answer.status for answer in answers} == {503}
        own_kafka.start()
        await door.post_until(200, "/v1/page", PAGE, key=WRITE_KEY)


async def test_bodies_beyond_what_memory_is_for_are_refused_before_they_are_read(tmp_path: Path) -> None:
    async with open_front_door(Settings(data=tmp_path), Limits(held_bytes=50_000)) as door:
        first, second = await door.connect(), await door.connect()
        begun = b'{"writeKey":"%s","batch":[]}' % WRITE_KEY.encode()
        await first.send(head("/v1/batch", length=40_000) + begun.ljust(39_999))
        await door.until_held(39_999)
        await second.send(head("/v1/batch", length=20_000))
        answer = await second.answer()
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        await first.send(b" ")
        assert (await first.answer()).status == 200
        assert (await door.post("/v1/page", PAGE)).status == 200, "there is room again"


async def test_bodies_that_are_promised_and_never_sent_keep_nobody_out(tmp_path: Path) -> None:
    async with open_front_door(Settings(data=tmp_path), Limits(held_bytes=50_000)) as door:
        for _ in range(20):
            await (await door.connect()).send(head("/v1/batch", length=40_000))
        assert await door.metric("leadlight_http_connections") > 20
        assert (await door.post("/v1/page", PAGE)).status == 200


async def test_memory_is_given_back_when_a_post_is_over(door: FrontDoor) -> None:
    bodies = [b"{", b'{"batch":[]}', b" " * 600_000]
    await asyncio.gather(*(door.post("/v1/batch", body) for body in bodies * 20))
    assert (await door.request("GET", "/readyz")).status == 200
