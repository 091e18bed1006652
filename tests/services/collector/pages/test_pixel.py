"""A view without script and the opening of a mail, told by an image."""

import asyncio
import base64
import json
from urllib.parse import quote, urlencode

import pytest

from leadlight.core.records import Channel, EventType
from tests.services.collector.door.visits import sealing
from tests.services.collector.front_door import SECRET_KEY, WRITE_KEY, Answer, FrontDoor

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
KEY = {"writeKey": WRITE_KEY}


async def look(
    door: FrontDoor, headers: dict[str, str] | None = None, path: str = "/v1/pixel.gif", **query: str
) -> Answer:
    given = {"User-Agent": AGENT, **(headers or {})}
    answer = await door.request("GET", f"{path}?{urlencode(KEY | query)}", headers=given)
    assert len(answer.body) == 43
    assert answer.body[:6] == b"GIF89a"
    assert answer.headers["Content-Type"] == "image/gif"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


async def test_a_page_without_script_is_a_page_view(door: FrontDoor) -> None:
    answer = await look(
        door,
        {"Referer": "https://www.fernwerk.example/preise?utm_source=brief", "Cookie": "a=b; leadlight.id=visitor-1"},
    )
    assert (answer.status, answer.dropped) == (200, {})
    [event] = await door.stored()
    assert (event.type, event.channel, event.anonymous_id) == (EventType.PAGE, Channel.BROWSER, "visitor-1")
    assert event.page is not None
    assert event.page.path == "/preise"
    assert event.campaign == {"source": "brief"}
    assert event.user_agent == AGENT


async def test_what_the_address_says_comes_before_what_the_request_says(door: FrontDoor) -> None:
    url = "https://www.fernwerk.example/angebot/ä?x=1"
    await look(
        door,
        {"Referer": "https://elsewhere.example/", "Cookie": "leadlight.id=other"},
        url=url,
        anonymousId="a",
        title="Angebot",
    )
    [event] = await door.stored()
    assert event.anonymous_id == "a"
    assert event.page is not None
    assert (event.page.url, event.page.title) == (url, "Angebot")


async def test_a_mail_that_is_opened_is_a_track_call_with_its_campaign(door: FrontDoor) -> None:
    await look(door, event="Email Opened", userId="kunde-17", campaign="Frühling", messageId="m1", mail="letter-3")
    [event] = await door.stored()
    assert (event.type, event.name, event.id, event.user_id) == (EventType.TRACK, "Email Opened", "m1", "kunde-17")
    assert event.campaign == {"name": "Frühling"}
    assert event.properties == {"campaign": "Frühling", "mail": "letter-3"}


@pytest.mark.parametrize(
    ("agent", "proxy"),
    [
        ("Mozilla/5.0", "Apple Mail"),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "Gmail"),
        ("YahooMailProxy; mail", "Yahoo Mail"),
    ],
)
async def test_a_mail_that_a_proxy_opened_says_so(door: FrontDoor, agent: str, proxy: str) -> None:
    await look(door, {"User-Agent": agent}, event="Email Opened", anonymousId="a")
    [event] = await door.stored()
    assert event.properties["opened_by"] == proxy


@pytest.mark.parametrize(
    "header", ["Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "X-Moz: prefetch", "Sec-Purpose: preview"]
)
async def test_what_is_fetched_before_anybody_looks_counts_nothing(door: FrontDoor, header: str) -> None:
    name, _, value = header.partition(": ")
    assert (await look(door, {name: value}, anonymousId="a")).status == 200
    assert await door.stored() == []


async def test_a_monitor_that_asks_by_head_counts_nothing(door: FrontDoor) -> None:
    answer = await door.request("HEAD", f"/v1/pixel.gif?writeKey={WRITE_KEY}&anonymousId=a")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "43")
    assert await door.stored() == []


async def test_segments_own_pixel_address_is_taken_with_its_coded_call(door: FrontDoor) -> None:
    call = {
        "writeKey": WRITE_KEY,
        "anonymousId": "ü?>",
        "event": "Email Opened",
        "properties": {"n": 1},
        "messageId": "m",
    }
    coded = base64.b64encode(json.dumps(call).encode()).decode()
    for data in (quote(coded), coded.rstrip("="), quote(coded.replace("+", "-").replace("/", "_"))):
        answer = await door.request("GET", f"/v1/pixel/track?data={data}")
        assert (answer.status, answer.dropped) == (200, {})
    events = await door.stored()
    assert {(event.id, event.name, event.anonymous_id) for event in events} == {("m", "Email Opened", "ü?>")}
    assert len(events) == 3


async def test_what_is_dropped_and_what_is_refused_says_why_in_a_header(door: FrontDoor) -> None:
    assert (await look(door, event="", type="nonsense", anonymousId="a")).dropped == {"unknown_type": 1}
    assert (await look(door, type="track", anonymousId="a")).dropped == {"no_name": 1}
    for query, status, reason in (
        ({"writeKey": ""}, 401, "No write key"),
        ({"writeKey": "wk_nobody"}, 401, "Unknown write key"),
        ({"writeKey": SECRET_KEY}, 401, "Unknown write key"),
        ({"data": "%%%"}, 400, "Unreadable"),
        ({"data": base64.b64encode(b"[1]").decode()}, 400, "Unreadable"),
        ({"data": base64.b64encode(b'{"a":\xff}').decode()}, 400, "Unreadable"),
        ({"x": "y" * 33_000}, 414, "Too long"),
        ({f"p{n}": "1" for n in range(101)}, 400, "Unreadable"),
    ):
        answer = await look(door, None, **query)
        assert (answer.status, answer.headers["Leadlight-Refused"].partition(":")[0]) == (status, reason), query
        assert "WWW-Authenticate" not in answer.headers, "browsers would ask the reader for a password"
    assert await door.stored() == []


async def test_while_the_log_is_away_the_image_comes_with_a_503(door: FrontDoor) -> None:
    await look(door, anonymousId="a")
    await door.runtime.bus.close()
    async with asyncio.timeout(6):
        answer = await look(door, anonymousId="a")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_whoever_asked_not_to_be_followed_is_not_counted(door: FrontDoor) -> None:
    assert (await look(door, {"Sec-GPC": "1"}, anonymousId="a")).dropped == {"no_consent": 1}
    assert await door.stored() == []


async def test_a_page_seen_twice_is_two_views_unless_the_address_names_the_event(door: FrontDoor) -> None:
    for _ in range(2):
        await look(door, anonymousId="a", title="Preise")
    assert len({event.id for event in await door.stored()}) == 2


async def test_who_has_no_cookie_is_one_visitor_for_the_day_by_address_and_agent(door: FrontDoor) -> None:
    await sealing(door)
    for agent in (AGENT, AGENT, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Firefox/140.0"):
        answer = await look(door, {"User-Agent": agent}, title="Preise")
        assert (answer.status, answer.dropped) == (200, {})
        assert "Set-Cookie" not in answer.headers
    first, second, third = (await door.stored())[-3:]
    assert first.visitor == second.visitor != third.visitor


async def test_no_depth_of_nesting_is_an_error_of_ours(door: FrontDoor) -> None:
    for depth in range(800, 1_000):
        call = '{"type":"unknown","properties":' + '{"a":' * depth + "1" + "}" * depth + "}"
        answer = await look(door, data=base64.b64encode(call.encode()).decode())
        assert answer.status in (400, 401), depth
