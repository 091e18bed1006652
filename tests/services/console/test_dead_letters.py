"""Dead letters in the console: an admin sees why, replays what can be saved, and discards the rest."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from leadlight.bus.port import Partition, Record
from leadlight.core.records import EVENTS_TOPIC
from leadlight.store import dead_letters
from leadlight.store.tables import audit_lines
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage
from tests.services.console.test_look import CONTRAST, NAMES

REASON = "PoisonRecord: not an event record: Object missing required field `site`"


async def dies(stage: Stage, offset: int, value: bytes, *, site: str | None = None, reason: str = REASON) -> str:
    """A record of the site cannot be processed; the id of its dead letter."""
    record = Record(Partition(EVENTS_TOPIC, 3), offset, f"{site or stage.site.id}:v".encode(), value)
    async with stage.runtime.database.begin() as tx:
        now = stage.now - timedelta(minutes=offset)
        await dead_letters.add(tx, "identifier", record, reason=reason, now=now)
    return f"identifier:{EVENTS_TOPIC}:3:{offset}"


async def in_log(stage: Stage) -> list[bytes]:
    """The values that were published to the topic, in order."""

    async def from_the_beginning(partitions: object) -> dict[Partition, int]:
        return {}

    found: list[bytes] = []
    async with stage.runtime.bus.consumer("identifier", [EVENTS_TOPIC], from_the_beginning) as consumer:
        while batch := await consumer.poll(max_records=100, timeout_seconds=0.3):
            found += [record.value for record in batch.records]
    return found


async def test_without_dead_letters_the_page_says_what_they_would_be(admin: Visit) -> None:
    text = await admin.read("/dead-letters")
    assert "No dead letters" in text
    assert "leadlight" in text
    assert "/dead-letters" in await admin.read("/health")


async def test_why_and_what_is_shown_and_strangers_bytes_do_no_harm(stage: Stage, admin: Visit) -> None:
    evil = await dies(stage, 1, b'{"url": "<script>alert(1)</script>", "turn": "\\u202eback"}', reason="<b>bad</b>")
    raw = await dies(stage, 2, b"\x00\x1b[2J<i>")
    listed = await admin.read("/dead-letters")
    assert evil in listed
    assert raw in listed
    assert "&lt;b&gt;bad&lt;/b&gt;" in listed
    text = await admin.read(f"/dead-letters/{evil}")
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    assert "00 1b 5b 32" in await admin.read(f"/dead-letters/{raw}")


async def test_replaying_publishes_the_same_bytes_once(stage: Stage, admin: Visit) -> None:
    one, two = await dies(stage, 1, b"one"), await dies(stage, 2, b"two")
    for _ in range(2):
        async with admin.http.post(f"{stage.url}/dead-letters/replay", data={"id": one}) as answer:
            text = await answer.text()
    assert "replayed before" in text
    async with admin.http.post(f"{stage.url}/dead-letters/replay", data={"everything": "true"}) as answer:
        assert "1 dead letter replayed" in await answer.text()
    assert await in_log(stage) == [b"one", b"two"]
    assert "No dead letters" in await admin.read("/dead-letters")
    again = await admin.read("/dead-letters?replayed=true")
    assert one in again
    assert two in again
    assert "ines@fernhall.example" in await admin.read(f"/dead-letters/{one}")


async def test_what_is_discarded_is_gone_and_who_did_it_is_kept(stage: Stage, admin: Visit) -> None:
    one = await dies(stage, 1, b"one")
    await dies(stage, 2, b"two")
    await dies(stage, 3, b"three")
    async with admin.http.post(f"{stage.url}/dead-letters/discard", data={"id": one}) as answer:
        assert "1 dead letter discarded" in await answer.text()
    async with admin.http.post(f"{stage.url}/dead-letters/discard", data={"everything": "true"}) as answer:
        assert "2 dead letters discarded" in await answer.text()
    async with stage.runtime.database.read() as connection:
        kept = (await connection.execute(select(audit_lines.c.who, audit_lines.c.number))).all()
    assert sorted(map(tuple, kept)) == [("ines@fernhall.example", 1), ("ines@fernhall.example", 2)]
    assert await in_log(stage) == []


async def test_another_site_s_records_and_reps_stay_out(stage: Stage, admin: Visit, stranger: Visit) -> None:
    other = await stage.another_site("Other", "other.example")
    theirs = await dies(stage, 1, b"theirs", site=other.id)
    assert theirs not in await admin.read("/dead-letters")
    await admin.read(f"/dead-letters/{theirs}", status=404)
    await admin.read("/dead-letters/nonsense", status=404)
    for act in ("replay", "discard"):
        for data in ({"id": theirs}, {"everything": "true"}):
            async with admin.http.post(f"{stage.url}/dead-letters/{act}", data=data) as answer:
                assert "0 dead letters" in await answer.text()
    own = await dies(stage, 2, b"ours")
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    async with admin.http.post(f"{stage.url}/dead-letters/discard", data={"id": own}, headers=foreign) as answer:
        assert answer.status == 403
    assert await stranger.sign_in(await stage.sign_in_link(email="rep@fernhall.example", role="rep")) == 303
    await stranger.read("/dead-letters", status=403)
    assert "/dead-letters" not in await stranger.read("/health")
    async with stranger.http.post(f"{stage.url}/dead-letters/discard", data={"id": own}) as answer:
        assert answer.status == 403
    async with stage.runtime.database.read() as connection:
        assert {theirs, own} == {
            letter.id for letter in await dead_letters.some(connection, dead_letters.Chosen(), limit=9)
        }


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_and_used_at_any_width(stage: Stage, window: Window, scheme: str) -> None:
    long = await dies(stage, 1, b'{"url": "https://www.fernhall.example/' + b"x" * 2_000 + b'"}', reason="y" * 1_900)
    for offset in range(2, 6):
        await dies(stage, offset, b"\x00" * 400)
    await window.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (1280, 390, 320):
        await window.page.set_viewport_size({"width": width, "height": 844})
        for path in ("/dead-letters", f"/dead-letters/{long}", "/health"):
            await window.page.goto(stage.url + path)
            assert await window.sideways() <= 0, (width, path)
            assert (await window.page.evaluate(CONTRAST))["faint"] == [], path
            assert await window.page.evaluate(NAMES) == [], path
    await window.page.goto(f"{stage.url}/dead-letters/{long}")
    await window.page.get_by_role("button", name="Replay").click()
    await expect(window.page.get_by_role("status").filter(has_text="1 dead letter replayed")).to_be_visible()
    await window.page.get_by_text(re.compile("Discard all 4")).click()
    await window.page.get_by_role("button", name="Yes, delete them").click()
    await expect(window.page.get_by_text("4 dead letters discarded for good")).to_be_visible()
    assert window.complaints == []
