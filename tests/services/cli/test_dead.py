"""`leadlight dead`: what could not be processed is looked at, goes its way again, or is discarded."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from leadlight.bus import open_bus
from leadlight.bus.port import Partition, Record
from leadlight.bus.topics import create_topics
from leadlight.core.ids import visitor_id
from leadlight.core.records import EVENTS_TOPIC, IDENTIFIED_TOPIC, Event, EventType, Identified, Page, encode, key_of
from leadlight.runtime.internal import REPLAY_PATH
from leadlight.store import dead_letters
from leadlight.store.database import Database
from leadlight.store.tables import audit_lines
from tests.infra.kafka import KafkaBroker
from tests.services.cli.command import Outcome, leadlight
from tests.services.cli.running import up

POISON = b'{"v":1,"event":\x1b[2Jnot a record'
DIED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add_site(data: Path, domain: str = "shop.example") -> dict[str, str]:
    site: dict[str, str] = leadlight(data, "site", "add", domain, "--domain", domain, "--json").json
    return site


def page_view(site: str, anonymous_id: str) -> Event:
    now = datetime.now(UTC)
    visitor = visitor_id(site, anonymous_id)
    return Event(site, visitor, f"{anonymous_id}-1", EventType.PAGE, anonymous_id, now, now, page=Page(path="/pricing"))


def died(data: Path, *records: tuple[str, str, int, bytes, bytes]) -> None:
    """These records (consumer, topic, offset, key, value) could not be processed."""

    async def add() -> None:
        database = Database(f"sqlite+aiosqlite:///{data / 'leadlight.db'}")
        async with database.begin() as connection:
            for consumer, topic, offset, key, value in records:
                record = Record(Partition(topic, 0), offset, key, value)
                await dead_letters.add(connection, consumer, record, reason="PoisonRecord: it was so", now=DIED)
        await database.close()

    asyncio.run(add())


def audited(data: Path) -> list[tuple[str, str, int]]:
    async def read() -> list[tuple[str, str, int]]:
        database = Database(f"sqlite+aiosqlite:///{data / 'leadlight.db'}")
        async with database.read() as connection:
            rows = await connection.execute(select(audit_lines.c.site_id, audit_lines.c.what, audit_lines.c.number))
            found = [(str(site), str(what), int(number)) for site, what, number in rows]
        await database.close()
        return found

    return asyncio.run(read())


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def dead(data: Path, *words: str) -> Outcome:
    return leadlight(data, "dead", *words, "--json")


def test_what_died_is_listed_by_site_and_shown_with_its_bytes(tmp_path: Path) -> None:
    shop, other = add_site(tmp_path), add_site(tmp_path, "other.example")
    good = encode(page_view(shop["id"], "ann"))
    died(
        tmp_path,
        ("identifier", EVENTS_TOPIC, 7, f"{shop['id']}:v".encode(), good),
        ("scorer", IDENTIFIED_TOPIC, 42, f"{other['id']}:v".encode(), POISON),
    )
    listed = {letter["id"]: letter for letter in dead(tmp_path, "list").json}
    assert set(listed) == {"identifier:leadlight.events.v1:0:7", "scorer:leadlight.identified.v1:0:42"}
    assert listed["identifier:leadlight.events.v1:0:7"]["site"] == shop["id"]
    assert [one["id"] for one in dead(tmp_path, "list", "--site", "shop.example").json] == [
        "identifier:leadlight.events.v1:0:7"
    ]
    assert len(dead(tmp_path, "list", "--consumer", "scorer").json) == 1
    assert len(dead(tmp_path, "list", "--limit", "1").json) == 1

    shown = dead(tmp_path, "show", "identifier:leadlight.events.v1:0:7").json
    assert json.loads(shown["value"])["anonymous_id"] == "ann"
    assert shown["deaths"] == 1
    assert shown["reason"] == "PoisonRecord: it was so"
    raw = dead(tmp_path, "show", "scorer:leadlight.identified.v1:0:42").json
    assert bytes.fromhex(raw["value_hex"]) == POISON
    told = leadlight(tmp_path, "dead", "show", "scorer:leadlight.identified.v1:0:42").out
    assert "7b 22 76 22" in told
    assert "\x1b" not in told  # it must not clear the reader's screen


def test_beside_the_running_process_a_record_goes_its_way_again_once(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        site = add_site(tmp_path)
        key = leadlight(tmp_path, "key", "add", "crm", "--site", site["id"], "--json").json["key"]
        event = page_view(site["id"], "ann")
        late = page_view(site["id"], "bob")
        died(
            tmp_path,
            ("identifier", EVENTS_TOPIC, 1_000_001, key_of(event), encode(event)),
            ("scorer", IDENTIFIED_TOPIC, 1_000_002, key_of(late), encode(Identified(late))),
            ("scorer", IDENTIFIED_TOPIC, 1_000_003, f"{site['id']}:v".encode(), POISON),
        )

        def views(anonymous_id: str) -> int | None:
            request = Request(
                f"{running['feed']}/visitors?anonymous_id={anonymous_id}", headers={"Authorization": f"Bearer {key}"}
            )
            with urlopen(request, timeout=10) as answer:
                data = json.load(answer)["data"]
            return data[0]["page_views"] if data else None

        first = dead(tmp_path, "replay", f"identifier:{EVENTS_TOPIC}:0:1000001").json
        assert first["replayed"] == 1
        eventually(lambda: views("ann") == 1)
        again = dead(tmp_path, "replay", f"identifier:{EVENTS_TOPIC}:0:1000001").json
        assert (again["replayed"], again["already_replayed"]) == (0, 1)

        assert dead(tmp_path, "replay", "--all", "--site", "shop.example").json["replayed"] == 2
        eventually(lambda: views("bob") == 1)
        eventually(lambda: len(dead(tmp_path, "list").json) == 1)
        (new,) = dead(tmp_path, "list").json
        assert new["id"] != f"scorer:{IDENTIFIED_TOPIC}:0:1000003"
        assert new["deaths"] == 2
        assert len(dead(tmp_path, "list", "--replayed").json) == 4
        assert views("ann") == 1

        missing = dead(tmp_path, "replay", "scorer:t:0:1")
        assert missing.code == 1
        assert json.loads(missing.out)["unknown"] == 1


def test_while_nothing_runs_the_command_writes_the_log_itself(tmp_path: Path, free_port: int) -> None:
    site = add_site(tmp_path)
    event = page_view(site["id"], "ann")
    died(tmp_path, ("identifier", EVENTS_TOPIC, 5, key_of(event), encode(event)))
    assert dead(tmp_path, "replay", "--all").json["replayed"] == 1
    key = leadlight(tmp_path, "key", "add", "crm", "--site", site["id"], "--json").json["key"]
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        request = Request(f"{running['feed']}/visitors?anonymous_id=ann", headers={"Authorization": f"Bearer {key}"})

        def arrived() -> bool:
            with urlopen(request, timeout=10) as answer:
                return bool(json.load(answer)["data"])

        eventually(arrived)


async def test_with_kafka_the_original_bytes_come_again_under_the_original_key(
    tmp_path: Path, kafka: KafkaBroker
) -> None:
    site = await asyncio.to_thread(add_site, tmp_path)
    key, value = f"{site['id']}:v".encode(), b'{"anything": "at all"}'
    await asyncio.to_thread(died, tmp_path, ("scorer", IDENTIFIED_TOPIC, 5, key, value))
    await create_topics(kafka.url)
    bus = await open_bus(url=kafka.url, data=tmp_path, instance="test")
    try:
        before = await bus.ends([IDENTIFIED_TOPIC])
        extra = {"LEADLIGHT_BUS_URL": kafka.url}
        done = await asyncio.to_thread(leadlight, tmp_path, "dead", "replay", "--all", "--json", extra=extra)
        assert done.json["replayed"] == 1

        async def from_the_end(partitions: object) -> dict[Partition, int]:
            return dict(before)

        found: list[Record] = []
        async with bus.consumer("looker", [IDENTIFIED_TOPIC], from_the_end) as consumer, asyncio.timeout(30):
            while not found:
                found += (await consumer.poll(max_records=10, timeout_seconds=1)).records
    finally:
        await bus.close()
    assert [(record.key, record.value) for record in found] == [(key, value)]


def test_strangers_can_replay_nothing(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        for shown in ("", "1.2", "x" * 5_000, f"{int(time.time())}.{'0' * 64}"):
            request = Request(
                running["collector"] + REPLAY_PATH, data=b'{"who": "mallory"}', headers={"Leadlight-Pass": shown}
            )
            with pytest.raises(HTTPError) as refused:
                urlopen(request, timeout=10)
            assert refused.value.code == 401
            refused.value.close()


def test_what_is_discarded_is_gone_and_remembered_as_discarded(tmp_path: Path) -> None:
    shop, other = add_site(tmp_path), add_site(tmp_path, "other.example")
    died(
        tmp_path,
        *(("scorer", IDENTIFIED_TOPIC, n, f"{shop['id']}:v".encode(), POISON) for n in range(3)),
        ("scorer", IDENTIFIED_TOPIC, 9, f"{other['id']}:v".encode(), POISON),
    )
    unsaid = leadlight(tmp_path, "dead", "discard", "--all")
    assert unsaid.code == 2
    assert "4 dead letters" in unsaid.err
    assert dead(tmp_path, "discard", f"scorer:{IDENTIFIED_TOPIC}:0:1", "--yes").json == {"discarded": 1}
    assert dead(tmp_path, "discard", "--all", "--site", "shop.example", "--yes").json == {"discarded": 2}
    assert [letter["site"] for letter in dead(tmp_path, "list").json] == [other["id"]]
    assert sorted(audited(tmp_path)) == [
        (shop["id"], "discarded dead letters", 1),
        (shop["id"], "discarded dead letters", 2),
    ]
    assert dead(tmp_path, "discard", f"scorer:{IDENTIFIED_TOPIC}:0:1", "--yes").code == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["show", "nonsense"], 2, "dead letter's id"),
        (["show", "scorer:t:0:1"], 1, "no dead letter"),
        (["replay"], 2, "--all"),
        (["replay", "--all", "scorer:t:0:1"], 2, "not both"),
        (["replay", "scorer:t:0:x"], 2, "dead letter's id"),
        (["discard", "x", "--yes"], 2, "dead letter's id"),
        (["list", "--site", "nope.example"], 1, "nope.example"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(tmp_path: Path, words: list[str], code: int, told: str) -> None:
    add_site(tmp_path)
    outcome = leadlight(tmp_path, "dead", *words)
    assert outcome.code == code
    assert told in outcome.err
    assert "Traceback" not in outcome.err
