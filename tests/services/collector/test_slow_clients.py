"""Whoever is slow, oversized or ambiguous is cut off with the reason, and holds nobody else up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadlight.runtime.http import Limits
from leadlight.settings import Settings
from tests.services.collector.front_door import WRITE_KEY, FrontDoor, open_front_door
from tests.services.collector.raw import Raw, head, post

SOON = Limits(
    head_seconds=0.6,
    body_seconds=0.8,
    idle_seconds=1.0,
    crowded_idle_seconds=0.2,
    unread_seconds=0.6,
    linger_seconds=0.3,
    connections=400,
    sweep_seconds=0.1,
)
PAGE = b'{"writeKey":"%s","anonymousId":"a"}' % WRITE_KEY.encode()
PATHS = ("/v1/page", "/leadlight.js", "/metrics", "/nowhere")


@pytest.fixture
async def soon(tmp_path: Path) -> AsyncIterator[FrontDoor]:
    """A collector with little patience."""
    async with open_front_door(Settings(data=tmp_path), SOON) as opened:
        yield opened


async def served(door: FrontDoor) -> bool:
    return (await door.post("/v1/page", {"anonymousId": "a"})).status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_headers_that_come_in_drops_are_cut_off_with_the_reason(soon: FrontDoor, path: str) -> None:
    raw = await soon.connect()

    async def drip() -> None:
        for byte in head(path, "X-A: " + "b" * 500, length=10):
            await raw.send(bytes([byte]))
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    try:
        assert (await raw.answer()).problem["status"] == 408
        await raw.ended()
    finally:
        dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    assert await served(soon)


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_comes_in_drops_is_cut_off_with_the_reason(soon: FrontDoor, path: str) -> None:
    raw = await soon.connect()
    await raw.send(head(path, "Origin: https://www.fernwerk.example", length=30_000))
    answers = [asyncio.create_task(raw.answer())]
    for _ in range(40):
        if answers[0].done():
            break
        await raw.send(b" ")
        await asyncio.sleep(0.05)
    answer = await answers[0]
    assert answer.status in (408, 200, 404, 405), "or the answer did not depend on the body"
    if path == "/v1/page":
        assert answer.problem["detail"].startswith("The body did not arrive")
        assert answer.headers["access-control-allow-origin"] == "https://www.fernwerk.example"
    await raw.ended()
    assert await served(soon)


async def test_two_hundred_slow_clients_keep_nobody_out(soon: FrontDoor) -> None:
    cut = await soon.metric('leadlight_http_cut_total{reason="slow')
    slow = [await soon.connect() for _ in range(200)]
    for number, raw in enumerate(slow):
        await raw.send(b"POST /v1/page HTTP/1.1\r\nX" if number % 2 else head("/v1/page", length=100) + b"{")
    assert await served(soon)
    answers = await asyncio.gather(*(raw.answer() for raw in slow))
    assert {answer.status for answer in answers} == {408}
    await asyncio.gather(*(raw.ended() for raw in slow))
    assert await soon.metric('leadlight_http_cut_total{reason="slow') == cut + 200
    assert await soon.metric("leadlight_http_held_bytes") == 0
    assert await served(soon)


async def test_a_silent_connection_is_closed_without_a_word(soon: FrontDoor) -> None:
    raw = await soon.connect()
    assert await raw.ended() == b""


async def test_a_kept_connection_is_closed_when_it_is_not_used(soon: FrontDoor) -> None:
    raw = await soon.connect()
    for _ in range(3):
        await raw.send(post("/v1/page", PAGE))
        assert (await raw.answer()).status == 200
        assert await raw.silent(0.3)
    assert await raw.ended() == b""


async def test_a_client_that_does_not_read_its_answers_is_cut_off(soon: FrontDoor) -> None:
    raw = await soon.connect(receive_bytes=4_096)
    asked = head("/metrics", method="GET") * 200

    async def ask() -> None:
        try:
            while True:
                await raw.send(asked)
        except ConnectionError:
            pass

    async with asyncio.timeout(15):
        await ask()
    assert await soon.metric('leadlight_http_cut_total{reason="slow reader"}') >= 1
    assert await served(soon)


@pytest.mark.parametrize("path", PATHS)
async def test_headers_beyond_the_limit_are_a_431_that_says_so(soon: FrontDoor, path: str) -> None:
    one_large = head(path, "Cookie: " + "c" * 60_000, length=2) + b"{}"
    many = head(path, *(f"X-{n}: 1" for n in range(300)), length=2) + b"{}"
    long_address = head(path + "?" + "q" * 60_000, length=2) + b"{}"
    for asked in (one_large, many, long_address):
        raw = await soon.connect()
        await raw.send(asked)
        answer = await raw.answer()
        assert answer.status == 431
        assert "at most" in answer.problem["detail"]
        assert answer.headers["connection"] == "close"
        await raw.ended()


async def test_a_second_request_may_have_no_larger_headers_than_the_first(soon: FrontDoor) -> None:
    raw = await soon.connect()
    await raw.send(post("/v1/page", PAGE) + head("/metrics", "X-A: " + "a" * 60_000, method="GET"))
    assert (await raw.answer()).status == 200
    assert (await raw.answer()).problem["status"] == 431
    await raw.ended()


async def test_endless_headers_are_a_431_while_they_are_still_coming(soon: FrontDoor) -> None:
    raw = await soon.connect()
    await raw.send(b"GET / HTTP/1.1\r\nHost: x\r\nCookie: ")
    for _ in range(60):
        await raw.send(b"c" * 1_000)
        await asyncio.sleep(0)
    assert (await raw.answer()).status == 431


async def test_a_crowd_of_connections_is_told_to_come_back(tmp_path: Path) -> None:
    limits = Limits(connections=200, crowded_idle_seconds=60, sweep_seconds=0.1)  # 200 is the least it goes down to
    async with open_front_door(Settings(data=tmp_path), limits) as door:
        assert await served(door)
        crowd = [await door.connect() for _ in range(199)]
        beyond = await door.connect()
        answer = await beyond.answer()
        assert answer.problem["status"] == 503
        assert int(answer.headers["retry-after"]) > 0
        await crowd[0].send(post("/v1/page", PAGE))
        assert (await crowd[0].answer()).status == 200, "who is in goes on"
        for raw in crowd:
            raw.close()


async def test_idle_connections_make_room_when_it_gets_crowded(tmp_path: Path) -> None:
    limits = Limits(connections=200, crowded_idle_seconds=0.3, idle_seconds=60, sweep_seconds=0.1)
    async with open_front_door(Settings(data=tmp_path), limits) as door:
        crowd = [await door.connect() for _ in range(180)]
        assert await crowd[0].ended() == b""
        assert await served(door)
        for raw in crowd:
            raw.close()


AMBIGUOUS = {
    "length and chunks": ["Content-Length: 5", "Transfer-Encoding: chunked"],
    "chunks and length": ["Transfer-Encoding: chunked", "Content-Length: 5"],
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "a list of lengths": ["Content-Length: 5, 5"],
    "a signed length": ["Content-Length: +5"],
    "a negative length": ["Content-Length: -5"],
    "a length in words": ["Content-Length: five"],
    "a length in hex": ["Content-Length: 0x5"],
    "an endless length": ["Content-Length: 99999999999999999999999999"],
    "chunks that are not last": ["Transfer-Encoding: chunked, identity"],
    "an unknown coding": ["Transfer-Encoding: xchunked"],
    "two codings": ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    "a folded header": ["X-A: b", " c"],
    "a space before the colon": ["Content-Length : 5"],
    "a header without a name": [": 5"],
    "a NUL": ["X-A: \x00"],
    "a bare carriage return": ["X-A: b\rContent-Length: 5"],
    "two hosts": ["Host: other.example"],
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_a_request_that_two_servers_could_read_differently_is_a_400_and_ends_the_connection(
    soon: FrontDoor, headers: list[str]
) -> None:
    for path in ("/v1/page", "/leadlight.js"):
        raw = await soon.connect()
        await raw.send(head(path, *headers) + b"0\r\n\r\n" + head("/metrics", method="GET"))
        answer = await raw.answer()
        assert answer.status == 400
        assert answer.problem["title"] == "Bad request"
        assert answer.headers["connection"] == "close"
        assert await raw.ended() == b"", "the request behind it is not answered"


NO_REQUESTS = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10,  # TLS on a plain port
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\n\r\n",
    "no host": b"GET /metrics HTTP/1.1\r\n\r\n",
    "a tunnel": b"CONNECT www.fernwerk.example:443 HTTP/1.1\r\nHost: www.fernwerk.example\r\n\r\n",
    "chunks in 1.0": b"POST /v1/page HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": b"POST /v1/page HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("asked", NO_REQUESTS.values(), ids=NO_REQUESTS)
async def test_what_is_no_request_is_a_400(soon: FrontDoor, asked: bytes) -> None:
    raw = await soon.connect()
    await raw.send(asked)
    assert (await raw.answer()).problem["status"] == 400
    await raw.ended()
    assert await served(soon)


async def test_a_body_no_service_takes_is_refused_before_it_is_read(soon: FrontDoor) -> None:
    raw = await soon.connect()
    await raw.send(head("/metrics", length=3_000_000))
    assert (await raw.answer()).problem["status"] == 413


async def test_chunks_without_end_are_stopped(soon: FrontDoor) -> None:
    for path in ("/v1/batch", "/metrics"):
        raw = await soon.connect()
        await raw.send(head(path, "Transfer-Encoding: chunked"))
        chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"

        async def pour(raw: Raw = raw, chunk: bytes = chunk) -> None:
            try:
                for _ in range(100):
                    await raw.send(chunk)
            except ConnectionError:
                pass

        pouring = asyncio.create_task(pour())
        answer = await raw.answer()
        assert answer.status in (413, 200), path
        assert path == "/metrics" or answer.status == 413
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        raw.close()
    assert await soon.metric("leadlight_http_held_bytes") == 0
