"""Whatever is posted: a clear 4xx or a counted drop, nothing that databases refuse later, and never a 5xx."""

import asyncio
import gc
import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadlight.core.intake.calls import BATCH_BYTES, EVENT_BYTES, Call
from leadlight.core.intake.drops import Drop
from tests.services.collector.front_door import WRITE_KEY, FrontDoor, basic
from tests.services.collector.raw import post

JSON = {"Content-Type": "application/json", **basic(WRITE_KEY)}


UNREADABLE = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b"nonsense",
    b'{"batch": 1}',
    b'{"batch": {}}',
    b'{"batch": null}',
    b"{}",
    b'{"batch": [{"type": "page", "anonymousId": "a", "n": NaNa}]}',
    b'{"batch": [{"type": "page", "anonymousId": "a"}]} {}',
    b'{"batch": [], "context": 5}',
    b'{"batch": ["\xff\xfe"]}',
    b'{"batch": ["\xed\xa0\x80"]}',
    b'{"batch": ["\x00"]}',
    '{"batch": []}'.encode("utf-16"),
    b"[" * 200_000,
    b'{"batch": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    b'{"unknown": ' + b'{"a":' * 60_000 + b"1" + b"}" * 60_000 + b', "batch": []}',
    b'{"batch": [], "context": {"traits": "' + b"x" * 10_000 + b'"}}',
)


async def test_a_body_that_cannot_be_read_is_a_400_that_says_why(door: FrontDoor) -> None:
    for body in UNREADABLE:
        answer = await door.request("POST", "/v1/batch", data=body, headers=JSON)
        assert answer.status == 400, body[:40]
        assert answer.problem["title"] == "Unreadable"
    assert await door.stored() == []


async def test_text_that_postgresql_refuses_is_cleaned_wherever_it_stands(door: FrontDoor) -> None:
    event = (
        rb'{"type":"track","event":"a\u0000b","anonymousId":"id\ud800","messageId":"\u0000","properties":'
        rb'{"k\udc00\u0000ey":["\ud83d\ude00","\ud83dx","\udc00\ud83d","\\u0000","\\\u0000"]},'
        rb'"context":{"page":{"url":"https://x.example/?utm_source=%00","title":"\ud83d\ud83d\ude00"}}}'
    )
    answer = await door.request("POST", "/v1/batch", data=b'{"batch":[' + event + b"]}", headers=JSON)
    assert (answer.status, answer.dropped) == (200, {})
    [stored] = await door.stored()
    assert stored.name == "a\ufffdb"
    assert stored.anonymous_id == "id\ufffd"
    assert stored.id == "\ufffd"
    assert stored.properties == {"k\ufffd\ufffdey": ["\U0001f600", "\ufffdx", "\ufffd\ufffd", "\\u0000", "\\\ufffd"]}
    assert stored.page is not None
    assert stored.page.title == "\ufffd\U0001f600"
    assert stored.campaign == {"source": "\ufffd"}


async def test_numbers_of_any_size_are_taken_or_dropped(door: FrontDoor) -> None:
    numbers = (b"1e999", b"-1e999", b"9" * 5_000, b"1" + b"0" * 400, b"-0", b"1e-999", b"18446744073709551616")
    events = [b'{"type":"page","anonymousId":"a","properties":{"n":' + number + b"}}" for number in numbers]
    answer = await door.request("POST", "/v1/batch", data=b'{"batch":[' + b",".join(events) + b"]}", headers=JSON)
    assert answer.status == 200
    assert answer.dropped == {Drop.WRONG_TYPE: 3}
    assert [event.properties["n"] for event in await door.stored()] == [10**400, 0, 0, 2**64]


async def test_a_members_last_word_counts(door: FrontDoor) -> None:
    body = b'{"anonymousId":"a","anonymousId":"b","properties":{"k":1,"k":2}}'
    await door.request("POST", "/v1/page", data=body, headers=JSON)
    [event] = await door.stored()
    assert (event.anonymous_id, event.properties) == ("b", {"k": 2})


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"])
async def test_a_10_mb_form_is_refused_fast(door: FrontDoor, kind: str) -> None:
    answer = await door.request(
        "POST", "/v1/page", data=b"a=" + b"x" * 10_000_000, headers=JSON | {"Content-Type": kind}
    )
    assert answer.problem["status"] == 415


async def test_json_that_a_command_line_client_calls_a_form_is_json(door: FrontDoor) -> None:
    form = JSON | {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await door.request("POST", "/v1/page", data=b' {"anonymousId":"a"}', headers=form)).status == 200
    assert (await door.request("POST", "/v1/page", data=b"anonymousId=a", headers=form)).problem["status"] == 415
    [event] = await door.stored()
    assert event.anonymous_id == "a"


async def test_json_that_a_command_line_client_calls_a_form_is_taken_all_the_same(door: FrontDoor) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await door.post("/v1/page", {"anonymousId": "a"}, headers=headers)).status == 200
    assert (await door.post("/v1/page", b"anonymousId=a&type=page", headers=headers)).problem["status"] == 415


async def test_a_body_over_the_limit_is_refused_before_it_is_read(door: FrontDoor) -> None:
    for path, size in (("/v1/batch", BATCH_BYTES + 1), ("/v1/page", EVENT_BYTES + 1), ("/v1/batch", 10_000_000)):
        answer = await door.request("POST", path, data=b" " * size, headers=JSON)
        assert answer.problem["status"] == 413


async def test_a_body_of_unknown_length_is_read_up_to_the_limit(door: FrontDoor) -> None:
    async def endless() -> Any:
        for _ in range(200):
            yield b" " * 10_000

    answer = await door.request("POST", "/v1/batch", data=endless(), headers=JSON)
    assert answer.problem["status"] == 413


async def test_a_body_in_pieces_is_put_together(door: FrontDoor) -> None:
    async def pieces() -> Any:
        for piece in (b'{"batch":[{"type":"pa', b'ge","anonymousId":"a"}', b"]}"):
            yield piece
            await asyncio.sleep(0.01)

    assert (await door.request("POST", "/v1/batch", data=pieces(), headers=JSON)).status == 200
    assert len(await door.stored()) == 1


async def test_a_gzip_bomb_is_stopped_at_the_limit(door: FrontDoor) -> None:
    bomb = gzip.compress(b" " * 300_000_000, 9)
    assert len(bomb) < 500_000
    answer = await door.request("POST", "/v1/batch", data=bomb, headers=JSON | {"Content-Encoding": "gzip"})
    assert answer.problem["status"] == 413


@pytest.mark.parametrize("body", [b"", b"plain", gzip.compress(b'{"batch":[]}')[:-6], gzip.compress(b"{}") + b"more"])
async def test_a_body_that_is_not_the_gzip_it_says_is_a_400(door: FrontDoor, body: bytes) -> None:
    answer = await door.request("POST", "/v1/batch", data=body, headers=JSON | {"Content-Encoding": "gzip"})
    assert answer.problem["status"] == 400


async def test_an_unknown_encoding_is_a_415(door: FrontDoor) -> None:
    answer = await door.request("POST", "/v1/batch", data=b"{}", headers=JSON | {"Content-Encoding": "br"})
    assert answer.problem["status"] == 415


async def test_a_batch_of_too_many_calls_is_refused(door: FrontDoor) -> None:
    answer = await door.post("/v1/batch", {"batch": [1] * 2_501})
    assert answer.problem["status"] == 413


async def test_a_long_address_is_cut(door: FrontDoor) -> None:
    url = "https://fernwerk.example/" + "x" * 20_000
    await door.post(
        "/v1/page", {"anonymousId": "a", "properties": {"url": url, "title": "t" * 9_000}, "name": "n" * 999}
    )
    [event] = await door.stored()
    assert event.page is not None
    assert event.page.url == url[:8_192]
    assert (len(event.page.path), len(event.page.title), len(event.name or "")) == (2_048, 512, 256)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://[", "data:text/html,x", "//x", "\x7f", "file:///etc"])
async def test_what_is_no_web_address_is_left_out(door: FrontDoor, url: str) -> None:
    await door.post("/v1/page", {"anonymousId": "a", "properties": {"url": url, "title": "kept"}})
    [event] = await door.stored()
    assert event.page is not None
    assert (event.page.url, event.page.title) == ("", "kept")


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "yesterday",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        1e300,
        -(10**40),
        {},
        [],
        False,
        "1970-01-01",
    ],
)
async def test_a_time_that_makes_no_sense_becomes_the_time_of_receipt(door: FrontDoor, timestamp: object) -> None:
    for sent_at in (None, "0001-01-01", timestamp):
        answer = await door.post("/v1/page", {"anonymousId": "a", "timestamp": timestamp, "sentAt": sent_at})
        assert answer.status == 200
    assert all(event.occurred_at == event.received_at for event in await door.stored())


async def test_a_post_that_stops_halfway_holds_nothing_up(door: FrontDoor) -> None:
    address = door.client._base_url
    assert address is not None
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" + b'{"batch":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    del reader
    assert (await door.post("/v1/page", {"anonymousId": "a"})).status == 200


async def test_the_heaviest_bodies_within_the_limits_are_answered(door: FrontDoor) -> None:
    heavy = (
        b'{"batch":[' + b"1," * 240_000 + b"1]}",
        b'{"batch":["' + b"\\u0000" * 80_000 + b'"]}',
        b'{"batch":[{"properties":{' + b",".join(b'"%d":{}' % n for n in range(2_000)) + b"}}]}",
        b'{"batch":[' + b",".join([b'{"type":"page","anonymousId":"a"}'] * 2_500) + b"]}",
        b'{"batch":[NaN],"x":"' + b'\\"' * 240_000,
        b'{"batch":[NaN],"x":"' + b'\\"' * 240_000 + b"\\",
    )
    assert [(await door.post("/v1/batch", body)).status for body in heavy] == [413, 200, 200, 200, 400, 400]


@pytest.mark.parametrize(
    "line", ["Origin: https://%s", "Authorization: Basic %s", "User-Agent: %s", "Content-Type: %s", "Cookie: %s"]
)
async def test_what_strangers_write_into_headers_is_not_kept_in_memory(door: FrontDoor, line: str) -> None:
    def body(agent: str) -> bytes:
        context = {"cookieless": True, "userAgent": agent}
        call = {"writeKey": WRITE_KEY, "type": "page", "context": context}
        return json.dumps({"batch": [call], "writeKey": WRITE_KEY}).encode()

    async def answered(letters: str) -> None:
        long = letters * 10_000
        await raw.send(post("/v1/batch", body(long[:30_000]), line % long, "Sec-Fetch-Site: same-site"))
        assert (await raw.answer()).status < 500

    raw = await door.connect()
    await answered("once")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(100):
            await answered(f"{number:04d}")
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["null", "\x00", "\ud800", "0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [*Call.__struct_fields__, "batch"]
calls = st.dictionaries(st.sampled_from(FIELDS), values, max_size=10) | values
kinds = st.sampled_from(["page", "track", "identify", "screen", "group", "alias", "x"])
typed = st.builds(
    lambda call, kind: {"anonymousId": "a", **call, "type": kind} if isinstance(call, dict) else call, calls, kinds
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda batch: json.dumps({"batch": batch}).encode(), st.lists(typed, max_size=5)),
    st.builds(lambda call: json.dumps(call).encode(), typed),
    st.builds(lambda call: json.dumps(call, ensure_ascii=False).encode("utf-8", "surrogatepass"), typed),
)
PATHS = ("/v1/batch", "/v1/page", "/v1/track", "/v1/identify", "/v1/group", "/v1/alias", "/v1/screen")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, path=st.sampled_from(PATHS), zipped=st.booleans())
async def test_no_body_gives_a_5xx_or_leaves_what_a_database_refuses(
    door: FrontDoor, body: bytes, path: str, zipped: bool
) -> None:
    headers = JSON | ({"Content-Encoding": "gzip"} if zipped else {})
    answer = await door.request("POST", path, data=gzip.compress(body) if zipped else body, headers=headers)
    assert answer.status in (200, 400, 413), answer.body


async def test_everything_that_was_admitted_can_be_read_back_and_holds_nothing_that_databases_refuse(
    door: FrontDoor,
) -> None:
    ugly = ["\x00", "\ud800", "\udfff", "a\x00b", "\U0001f600"]
    batch = [
        {
            "type": "page",
            "anonymousId": a,
            "userId": b,
            "name": a,
            "properties": {a: b, "url": f"https://x.example/{a}"},
        }
        for a in ugly
        for b in ugly
    ]
    assert (await door.post("/v1/batch", {"batch": batch})).status == 200
    stored = await door.stored()
    assert len(stored) == len(batch)
    for event in stored:
        assert "\x00" not in repr(event).replace("\\x00", "\x00")
        repr(event).encode()
