"""A connection as HTTP/1.1 has it: kept, pipelined, asked for leave, half closed, ended in order."""

import asyncio
import json

import pytest

from leadlight.runtime.http.fit import misfits
from tests.services.collector.front_door import WRITE_KEY, FrontDoor
from tests.services.collector.raw import head, post


def page(id: str) -> bytes:
    return json.dumps({"writeKey": WRITE_KEY, "anonymousId": "a", "messageId": id}).encode()


def test_the_installed_server_is_one_whose_inside_is_known() -> None:
    assert misfits() == [], "uvicorn has changed: read leadlight/runtime/http/connection.py against it"


async def test_posts_sent_ahead_are_answered_and_stored_in_order(door: FrontDoor) -> None:
    raw = await door.connect()
    await raw.send(b"".join(post("/v1/page", page(f"m-{n}")) for n in range(50)))
    assert [(await raw.answer()).status for _ in range(50)] == [200] * 50
    assert [event.id for event in await door.stored()] == [f"m-{n}" for n in range(50)]


@pytest.mark.parametrize("more", [(), ("Connection: Upgrade", "Upgrade: h2c")])
async def test_a_post_may_begin_before_the_one_before_it_is_answered(door: FrontDoor, more: tuple[str, ...]) -> None:
    raw = await door.connect()
    for number in range(5):
        first, second = post("/v1/page", page(f"a-{number}")), post("/v1/page", page(f"b-{number}"), *more)
        await raw.send(first + second[:-10])
        assert (await raw.answer()).status == 200
        await raw.send(second[-10:])
        assert (await raw.answer()).status == 200
    assert len(await door.stored()) == 10


async def test_answers_keep_the_requests_order_whoever_gives_them(door: FrontDoor) -> None:
    asked = [
        (post("/v1/page", page("m-1")), 200),
        (head("/nowhere", method="GET"), 404),
        (post("/v1/page", b"{"), 400),
        (head("/metrics", method="GET"), 200),
        (post("/v1/page", b'{"writeKey":"wk_unknown"}'), 401),
        (head("/v1/page", method="OPTIONS"), 204),
        (head("/v1/page", method="GET"), 405),
        (post("/v1/page", page("m-2")), 200),
    ]
    raw = await door.connect()
    await raw.send(b"".join(request for request, _ in asked))
    assert [(await raw.answer()).status for _ in asked] == [status for _, status in asked]
    one_by_one = await door.connect()
    for request, status in asked:
        for byte in range(0, len(request), 40):
            await one_by_one.send(request[byte : byte + 40])
            await asyncio.sleep(0)
        assert (await one_by_one.answer()).status == status


async def test_a_last_request_is_answered_and_the_connection_closed(door: FrontDoor) -> None:
    for path in ("/v1/page", "/metrics"):
        raw = await door.connect()
        await raw.send(post(path, page("m-1"), "Connection: close") + post("/v1/page", page("m-2")))
        answer = await raw.answer()
        assert answer.headers["connection"] == "close"
        assert await raw.ended() == b""
    assert [event.id for event in await door.stored()] == ["m-1"]


async def test_http_1_0_is_answered_once(door: FrontDoor) -> None:
    raw = await door.connect()
    body = page("m-1")
    await raw.send(b"POST /v1/page HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert (await raw.answer()).status == 200
    assert await raw.ended() == b""


async def test_who_asks_for_leave_to_send_is_asked_in_or_refused(door: FrontDoor) -> None:
    raw = await door.connect()
    body = page("m-1")
    await raw.send(head("/v1/page", "Expect: 100-continue", length=len(body)))
    assert await raw.line() == b"HTTP/1.1 100 Continue\r\n"
    assert await raw.line() == b"\r\n"
    await raw.send(body)
    assert (await raw.answer()).status == 200
    for path, status in (("/v1/page", 413), ("/leadlight.js", 405)):
        refused = await door.connect()
        await refused.send(head(path, "Expect: 100-continue", length=1_000_000))
        assert (await refused.answer()).status == status
        assert await refused.ended() == b"", "what came next could be the body or another request"


async def test_chunks_are_put_together_and_what_follows_them_is_left_out(door: FrontDoor) -> None:
    raw = await door.connect()
    body = page("m-1")
    chunks = b"".join(b"%x;why=not\r\n%c\r\n" % (1, byte) for byte in body)
    trailer = b"0\r\nAuthorization: Basic bm9ib2R5Og==\r\n\r\n"
    await raw.send(head("/v1/page", "Transfer-Encoding: chunked") + chunks + trailer)
    assert (await raw.answer()).status == 200
    await raw.send(post("/v1/page", page("m-2")))
    assert (await raw.answer()).status == 200
    assert [event.id for event in await door.stored()] == ["m-1", "m-2"]


async def test_a_head_request_gets_no_body(door: FrontDoor) -> None:
    raw = await door.connect()
    await raw.send(head("/v1/page", method="HEAD") + post("/v1/page", page("m-1")))
    assert (await raw.answer(without_body=True)).status == 405
    assert (await raw.answer()).status == 200


@pytest.mark.parametrize(
    "address", ["http://collector.example/v1/page", "/v1/page?x=1", "//v1//page", "/v1/%70age", "/v1/page#x"]
)
async def test_other_spellings_of_an_address_lead_to_the_same_place(door: FrontDoor, address: str) -> None:
    raw = await door.connect()
    await raw.send(post(address, page("m-1")))
    assert (await raw.answer()).status == 200


async def test_who_offers_another_protocol_is_answered_in_this_one(door: FrontDoor) -> None:
    raw = await door.connect()
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
    await raw.send(post("/v1/page", page("m-1"), *offer) + post("/v1/page", page("m-2")))
    assert (await raw.answer()).status == 200
    assert (await raw.answer()).status == 200
    await raw.send(head("/metrics", "Connection: Upgrade", "Upgrade: websocket", method="GET"))
    assert (await raw.answer()).status == 200


async def test_many_such_offers_in_one_go_are_answered_like_others(door: FrontDoor) -> None:
    raw = await door.connect()
    offer = head("/v1/page", "Connection: Upgrade", "Upgrade: h2c", method="OPTIONS")
    await raw.send(offer * 990 + post("/v1/page", page("m-1")))
    assert {(await raw.answer()).status for _ in range(990)} == {204}
    assert (await raw.answer()).status == 200


@pytest.mark.parametrize("more", [(), ("Connection: Upgrade", "Upgrade: h2c")])
async def test_who_asks_too_much_at_once_is_told_so_and_not_kept_answers_for(
    door: FrontDoor, more: tuple[str, ...]
) -> None:
    raw = await door.connect()
    await raw.send(head("/v1/page", "X-A: " + "a" * 60, *more, method="OPTIONS") * 20_000)
    statuses: list[int] = []
    while not statuses or statuses[-1] != 400:
        statuses.append((await raw.answer()).status)
    assert set(statuses[:-1]) == {204}
    await raw.ended()


async def test_who_has_said_everything_still_gets_the_answer(door: FrontDoor) -> None:
    raw = await door.connect()
    await raw.send(post("/v1/page", page("m-1")))
    raw.half_close()
    assert (await raw.answer()).status == 200
    assert await raw.ended() == b""


async def test_who_leaves_halfway_leaves_nothing_behind(door: FrontDoor) -> None:
    for sent in (b"PO", head("/v1/page", length=30_000), head("/v1/page", length=30_000) + b"{"):
        raw = await door.connect()
        await raw.send(sent)
        raw.close()
    leaves_early = await door.connect()
    await leaves_early.send(post("/v1/page", page("m-1")))
    leaves_early.close()
    assert (await door.post("/v1/page", {"anonymousId": "b"})).status == 200
    assert await door.metric("leadlight_http_held_bytes") == 0


async def test_a_server_that_stops_answers_what_it_has_and_waits_for_nobody(door: FrontDoor) -> None:
    idle, halfway, done = [await door.connect() for _ in range(3)]
    await halfway.send(head("/v1/page", length=100) + b"{")
    await done.send(post("/v1/page", page("m-1")))
    door.runtime.stopping.set()
    assert (await done.answer()).status == 200
    async with asyncio.timeout(5):
        assert await idle.ended() == b""
        assert (await halfway.answer()).status == 408
        await halfway.ended()
