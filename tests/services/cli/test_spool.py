"""`leadlight spool status` and the doctor's word on it, beside a running collector and on what a stopped one left."""

import time
from pathlib import Path

from leadlight.settings import Settings
from services.collector.spool.spool import Spool
from services.collector.spool.standing import MAX_AGE_SECONDS, spool_folder
from tests.services.cli.command import leadlight

LIMIT_BYTES = 1 << 20
KAFKA = {"LEADLIGHT_BUS_URL": "kafka://127.0.0.1:1", "LEADLIGHT_SECRET": "s" * 32}


async def spool_of(data: Path, instance: str, events: int, *, seconds_ago: float = 60) -> Spool:
    at = time.time() - seconds_ago
    spool = Spool.open(spool_folder(data, instance), limit_bytes=LIMIT_BYTES, now=lambda: at)
    for number in range(events):
        await spool.append([(b"site:visitor", b'{"id": "%d"}' % number + bytes(1_000))])
    return spool


async def test_the_status_tells_each_instance_with_or_without_a_running_collector(tmp_path: Path) -> None:
    running = await spool_of(tmp_path, "one", 3)
    await (await spool_of(tmp_path, "two", 0)).close()
    old = await spool_of(tmp_path, "three", 1, seconds_ago=MAX_AGE_SECONDS + 5)
    await old.close()
    one, three, two = leadlight(tmp_path, "spool", "status", "--json", extra=KAFKA).json
    assert (one["instance"], one["state"], one["records"], one["running"]) == ("one", "filling", 3, True)
    assert 3_000 < one["bytes"] < 4_000
    assert 60 <= one["age_seconds"] < 120
    assert one["oldest_at"].endswith("+00:00")
    assert (two["state"], two["records"], two["oldest_at"], two["running"]) == ("empty", 0, None, False)
    assert (three["state"], three["records"]) == ("too_old", 1)
    assert three["limit_bytes"] == LIMIT_BYTES, "as the collector had it, not as this command has it"
    await running.close()


async def test_the_status_tells_a_full_spool_and_one_that_is_being_drained(tmp_path: Path) -> None:
    full = await spool_of(tmp_path, "full", 990)
    draining = await spool_of(tmp_path, "draining", 20)
    draining.draining = True
    await draining.read(5)
    draining.advance()
    await full.close()
    await draining.close()
    told = {row["instance"]: row for row in leadlight(tmp_path, "spool", "status", "--json", extra=KAFKA).json}
    assert told["full"]["state"] == "full"
    assert (told["draining"]["state"], told["draining"]["records"]) == ("draining", 15)


async def test_beside_running_collectors_the_status_knows_their_limits_and_a_second_outage(tmp_path: Path) -> None:
    full, twice = await spool_of(tmp_path, "full", 990), await spool_of(tmp_path, "twice", 5)
    twice.draining = True
    await twice.read(5)
    twice.advance()
    twice.draining = False
    await twice.append([(b"site:visitor", bytes(1_000))])
    told = {row["instance"]: row for row in leadlight(tmp_path, "spool", "status", "--json", extra=KAFKA).json}
    assert (told["full"]["state"], told["full"]["limit_bytes"]) == ("full", LIMIT_BYTES)
    assert (told["twice"]["state"], told["twice"]["records"]) == ("filling", 1)
    await full.close()
    await twice.close()


async def test_the_doctor_says_how_much_is_spooled_and_since_when(tmp_path: Path) -> None:
    left = await spool_of(tmp_path, "web 1", 3)
    await left.close()
    found = leadlight(tmp_path, "doctor", extra=KAFKA).out
    assert "WARN  spool of web 1: filling: 3 events, 0.0 MB, the oldest from " in found
    assert "-> Start a collector with LEADLIGHT_INSTANCE=web 1: it drains them at once." in found


def test_where_there_is_no_spool_the_status_says_why(tmp_path: Path) -> None:
    embedded = leadlight(tmp_path, "spool", "status")
    assert (embedded.code, embedded.out) == (0, "")
    assert "The embedded log has no spool: it would lie on the same disk." in embedded.err
    assert leadlight(tmp_path, "spool", "status", "--json").json == []
    off = leadlight(tmp_path, "spool", "status", extra={**KAFKA, "LEADLIGHT_SPOOL_BYTES": "0"})
    assert "LEADLIGHT_SPOOL_BYTES is 0" in off.err


async def test_a_damaged_spool_is_told_as_such_and_hides_no_other(tmp_path: Path) -> None:
    for name in ("broken", "whole"):
        await (await spool_of(tmp_path, name, 3)).close()
    [segment] = spool_folder(tmp_path, "broken").glob("*.log")
    content = bytearray(segment.read_bytes())
    content[30] ^= 1
    segment.write_bytes(content)
    outcome = leadlight(tmp_path, "spool", "status", "--json", extra=KAFKA)
    assert [row["state"] for row in outcome.json] == ["damaged", "filling"]
    assert str(segment) in outcome.err
    assert Settings().spool_bytes == outcome.json[0]["limit_bytes"]
