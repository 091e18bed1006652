"""Whatever anybody sends: a clear answer, the same process afterwards, and no more memory than before."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadlight.core.intake.calls import DEPTH
from tests.services.collector.front_door import READ_KEY, WRITE_KEY, Answer, FrontDoor, basic
from tests.services.collector.fuzz.conftest import Installation

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
MEGABYTE = 1_000_000
PATHS = ("/v1/batch", "/v1/page", "/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/v1/screen", "/v1/m", "/v1/b")

# JSON as no library writes it, but parsers meet it: repeated names, half characters, numbers that are none, depth.
names = st.sampled_from(
    ["type", "anonymousId", "userId", "event", "properties", "context", "batch", "writeKey", "sentAt"]
)
strings = st.text(max_size=8).map(json.dumps) | st.sampled_from(
    [
        r'"\ud800"',
        r'"\udc00\ud800"',
        r'"\u0000"',
        '"\x00"',
        r'"\x"',
        '"unfinished',
        '"\ud83d"',
        "''",
        '"\\',
        '"' + "é" * 40 + '"',
    ]
)
numbers = st.sampled_from(
    [
        "NaN",
        "-Infinity",
        "Infinity",
        "1e999",
        "-0",
        "00",
        "1.",
        ".5",
        "+1",
        "0x1",
        "9" * 400,
        "1e-400",
        "18446744073709551616",
    ]
)
scalars = st.sampled_from(["true", "false", "null", "True", "nul", "undefined"]) | numbers | strings
texts = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(names.map(json.dumps) | strings, inner), max_size=5).map(
            lambda pairs: "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"
        )
    ),
    max_leaves=15,
)
nested = st.integers(1, 3_000).flatmap(
    lambda depth: st.sampled_from(["[" * depth, "[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth])
)
bodies = (
    texts | nested | texts.map(lambda text: f'{{"batch":[{text}]}}') | nested.map(lambda text: f'{{"batch":[{text}]}}')
).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=100)
charsets = st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1", "utf-7"])
packings = st.sampled_from(["", "identity", "gzip", "GZIP", " gzip ", "deflate", "br", "gzip, gzip", "zstd", "x" * 300])
kinds = st.sampled_from(
    [
        "application/json",
        "text/plain",
        "text/plain;charset=UTF-8",
        "",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        ";",
        "text/html",
        "a" * 300,
    ]
)


@pytest.fixture
async def client(installation: Installation) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(installation.address) as opened:
        yield opened


async def post(client: aiohttp.ClientSession, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    async with client.post(path, data=body, headers=headers, skip_auto_headers=["Content-Type"]) as response:
        return Answer(response.status, response.headers, await response.read())


def well_answered(answer: Answer) -> None:
    """Not a failure; stored and counted, or refused with a reason."""
    assert answer.status in (200, 400, 401, 413, 415), (answer.status, answer.body)
    if answer.status == 200:
        assert json.loads(answer.body) == {"success": True}
    else:
        assert answer.problem["title"]


@FUZZ
@given(body=bodies, path=st.sampled_from(PATHS), packing=packings, kind=kinds, charset=charsets, pack=st.booleans())
async def test_any_body_in_any_wrapping_is_answered(
    client: aiohttp.ClientSession,
    installation: Installation,
    body: bytes,
    path: str,
    packing: str,
    kind: str,
    charset: str,
    pack: bool,
) -> None:
    headers = basic(installation.write_key)
    if packing:
        headers["Content-Encoding"] = packing
    if kind:
        headers["Content-Type"] = kind
    if charset != "utf-8":
        body = body.decode("utf-8", "replace").encode(charset, "replace")
    well_answered(await post(client, path, gzip.compress(body) if pack else body, headers))


@FUZZ
@given(cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), max_size=3))
async def test_a_gzipped_body_with_damage_is_answered(
    client: aiohttp.ClientSession, installation: Installation, cut: int, flips: list[tuple[int, int]]
) -> None:
    call = {"type": "page", "anonymousId": "a", "properties": {str(n): n for n in range(60)}}
    packed = bytearray(gzip.compress(json.dumps({"batch": [call]}).encode()))
    for place, mask in flips:
        packed[place % len(packed)] ^= mask
    body = bytes(packed[: len(packed) - cut % len(packed)])
    well_answered(await post(client, "/v1/batch", body, {**basic(installation.write_key), "Content-Encoding": "gzip"}))


async def test_bombs_and_depth_leave_no_memory_behind(
    client: aiohttp.ClientSession, installation: Installation
) -> None:
    """Unpacked and in full these posts would be 60 GB; with all of them under way at a time the process stays small."""
    headers = {**basic(installation.write_key), "Content-Encoding": "gzip"}
    zeros = zlib.compressobj(9, wbits=31)
    bomb = b"".join(zeros.compress(b" " * 10 * MEGABYTE) for _ in range(20)) + zeros.flush()
    twice = gzip.compress(bomb)
    deep = gzip.compress(b'{"batch":[' + b'{"a":' * 80_000 + b"1" + b"}" * 80_000 + b"]}")
    wide = gzip.compress(b'{"batch":[' + b",".join([b'{"a":"\\ud800"}'] * 2_400) + b"]}")
    await asyncio.gather(*(post(client, "/v1/batch", wide, headers) for _ in range(20)))
    before = installation.resident_bytes()
    largest = before
    for _ in range(3):
        posts = [post(client, "/v1/batch", body, headers) for body in (bomb, twice, deep, wide) for _ in range(25)]
        for done in asyncio.as_completed(posts):
            well_answered(await done)
            largest = max(largest, installation.resident_bytes())
    assert largest - before < 100 * MEGABYTE, "bodies under way are bounded to 64 MB, and each to 500 KB"


async def test_many_keys_that_nobody_has_leave_no_memory_behind(
    client: aiohttp.ClientSession, installation: Installation
) -> None:
    body = json.dumps({"anonymousId": "a"}).encode()

    async def try_keys(first: int) -> None:
        for number in range(first, first + 100):
            answer = await post(client, "/v1/page", body, basic(f"wk_guess_{number:0180d}"))
            assert answer.status in (401, 503)

    await asyncio.gather(*(try_keys(first) for first in range(0, 500, 100)))
    before = installation.resident_bytes()
    await asyncio.gather(*(try_keys(first) for first in range(500, 1_500, 100)))
    assert installation.resident_bytes() - before < 30 * MEGABYTE


async def test_the_answer_does_not_tell_how_near_a_guessed_key_came(door: FrontDoor) -> None:
    """A key that may only read, one that is nearly right, one that is nothing like it: byte for byte the same."""
    guesses = [
        WRITE_KEY[:-1],
        WRITE_KEY + "x",
        WRITE_KEY.upper(),
        "wk_",
        "x",
        READ_KEY,
        READ_KEY + "x",
        "llk_",
        "ä",
        "a" * 200,
    ]
    page = {"anonymousId": "a"}
    answers = [await door.post("/v1/page", page, key=guess) for guess in guesses]
    answers += [await door.post("/v1/page", page | {"writeKey": guess}, key=None) for guess in guesses]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1
    assert len({tuple(name for name in answer.headers if name != "Date") for answer in answers}) == 1
    images = [await door.request("GET", f"/v1/pixel.gif?writeKey={guess}") for guess in guesses if guess != "ä"]
    assert len({(answer.status, answer.headers["Leadlight-Refused"]) for answer in images}) == 1


@pytest.mark.parametrize(
    "body", [b"{", b'{"batch": 5}', b"[" * 9_000, b'{"batch":[1' + b",1" * 2_600 + b"]}", b" " * 600_000]
)
async def test_a_broken_body_is_answered_alike_whoever_sends_it(door: FrontDoor, body: bytes) -> None:
    """Otherwise a body that is never stored would tell which keys there are."""
    answers = [await door.post("/v1/batch", body, key=key) for key in (WRITE_KEY, WRITE_KEY + "x", "nobody's")]
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert answers[0].status in (400, 413)


@pytest.mark.parametrize("depth", [DEPTH - 2, DEPTH + 1])
async def test_depth_is_counted_the_same_in_every_place(door: FrontDoor, depth: int) -> None:
    inner: Any = 1
    for _ in range(depth):
        inner = {"a": inner}
    calls = [
        {"type": "page", "anonymousId": f"v{n}", **place}
        for n, place in enumerate(
            ({"properties": inner}, {"context": {"unread": inner}}, {"unread": inner}, {"properties": {"b": [inner]}})
        )
    ]
    answer = await door.post("/v1/batch", {"batch": calls})
    assert answer.status == 200
    assert len(await door.stored()) + answer.dropped.get("too_deep", 0) == 4
    assert (answer.dropped == {"too_deep": 4}) == (depth > DEPTH)
