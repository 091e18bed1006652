"""Tracked links lead where they were minted for, and nowhere else."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from leadlight.core.intake import tracked_links
from leadlight.core.intake.tracked_links import Link, NoAddress
from leadlight.core.records import Channel, EventType
from tests.services.cli.command import leadlight
from tests.services.collector.door.visits import sealing
from tests.services.collector.front_door import SITE, Answer, FrontDoor

TARGET = "https://www.fernwerk.example/angebot?a=1&b=%C3%A4#preise"
READER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Sec-Fetch-Site": "cross-site"}
SECRET = b"s" * 64


def token_for(door: FrontDoor, *, days: float = 1, site: str = SITE, campaign: str | None = "spring") -> str:
    until = door.runtime.now() + timedelta(days=days)
    return tracked_links.mint(Link(site, TARGET, int(until.timestamp()), campaign), door.runtime.secret)


async def follow(door: FrontDoor, token: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
    given = READER | (headers or {})
    async with door.client.request(method, f"/l/{token}", headers=given, allow_redirects=False) as response:
        return Answer(response.status, response.headers, await response.read())


def lost_clicks() -> float:
    return REGISTRY.get_sample_value("leadlight_collector_lost_clicks_total") or 0


async def test_a_click_leads_on_and_is_told_with_its_campaign(door: FrontDoor) -> None:
    answer = await follow(door, token_for(door), headers={"Cookie": "leadlight.id=visitor-1"})
    assert (answer.status, answer.headers["Location"]) == (302, TARGET)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    [event] = await door.stored()
    assert (event.site, event.type, event.name, event.channel) == (
        SITE,
        EventType.TRACK,
        "Link Clicked",
        Channel.BROWSER,
    )
    assert event.anonymous_id == "visitor-1"
    assert event.properties == {"url": TARGET.removesuffix("#preise"), "campaign": "spring"}
    assert event.campaign == {"name": "spring"}
    assert event.user_agent == READER["User-Agent"]


async def test_the_command_makes_a_link_that_the_collector_follows(door: FrontDoor) -> None:
    folder = door.runtime.settings.data
    words = ("link", "add", TARGET, "--site", "fernwerk.example", "--campaign", "spring", "--expires", "30", "--json")
    made = (await asyncio.to_thread(leadlight, folder, *words)).json
    assert (made["url"], made["campaign"]) == (TARGET, "spring")
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=30) < left <= timedelta(days=31), "the whole of its last day"
    answer = await follow(door, made["link"].rpartition("/l/")[2])
    assert (answer.status, answer.headers["Location"]) == (302, TARGET)
    for address in ("javascript:alert(1)", "fernwerk.example"):
        refused = await asyncio.to_thread(leadlight, folder, "link", "add", address, "--site", "fernwerk.example")
        assert refused.code == 2
        assert "is not a web address" in refused.err


async def test_each_click_counts_for_itself(door: FrontDoor) -> None:
    token = token_for(door)
    for _ in range(2):
        await follow(door, token, headers={"Cookie": "leadlight.id=visitor-1"})
    first, second = await door.stored()
    assert first.id != second.id


async def test_a_click_without_a_cookie_is_told_of_the_visitor_of_the_day(door: FrontDoor) -> None:
    await sealing(door)
    for _ in range(2):
        assert (await follow(door, token_for(door))).status == 302
    first, second = (await door.stored())[-2:]
    assert first.visitor == second.visitor


async def test_head_and_prefetch_lead_on_and_count_nothing(door: FrontDoor) -> None:
    for method, headers in (("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch"}), ("GET", {"X-Moz": "prefetch"})):
        answer = await follow(door, token_for(door), method=method, headers=headers)
        assert (answer.status, answer.headers["Location"]) == (302, TARGET)
    assert await door.stored() == []


async def test_an_expired_link_is_a_410_in_plain_words_and_leads_nowhere(door: FrontDoor) -> None:
    answer = await follow(door, token_for(door, days=-1))
    assert answer.status == 410
    assert "Location" not in answer.headers
    assert "This link is no longer valid" in answer.body.decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert await door.stored() == []


async def test_a_forged_link_is_a_404_and_leads_nowhere(door: FrontDoor) -> None:
    good = token_for(door)
    body = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4))
    flipped = bytes([body[0] ^ 1]) + body[1:]
    elsewhere = tracked_links.mint(Link(SITE, "https://evil.example/", 2**31), b"another installation's secret...")
    for token in (
        "token",
        "x" * 9_000,
        good[:-4],
        good + "AAAA",
        base64.urlsafe_b64encode(flipped).decode(),
        elsewhere,
        base64.urlsafe_b64encode(b"https://evil.example/").decode(),
        "https:%2f%2fevil.example",
        "%0d%0aLocation:%20https:",
        "%00",
        "%ff",
    ):
        answer = await follow(door, token)
        assert answer.status == 404, token
        assert "Location" not in answer.headers
        assert "This link leads nowhere" in answer.body.decode()
    assert await door.stored() == []


async def test_a_reader_is_led_on_while_the_log_is_away_and_the_click_is_counted_as_lost(door: FrontDoor) -> None:
    token, before = token_for(door), lost_clicks()
    await door.runtime.bus.close()
    async with asyncio.timeout(4):
        answer = await follow(door, token, headers={"Cookie": "leadlight.id=visitor-1"})
    assert (answer.status, answer.headers["Location"]) == (302, TARGET)
    assert lost_clicks() == before + 1


async def test_a_link_of_a_site_that_is_gone_leads_on(door: FrontDoor) -> None:
    before = lost_clicks()
    answer = await follow(door, token_for(door, site="gone"))
    assert (answer.status, answer.headers["Location"]) == (302, TARGET)
    assert lost_clicks() == before + 1


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/",
        "/relative",
        "ftp://x.example/",
        "https:\\\\evil.example",
        "https://www.fernwerk.example\\@evil.example/",
        "https://www.fernwerk.example@evil.example/",
        "https://x.example/\r\nSet-Cookie: a=b",
        "https://x.example/a b",
        "https://x.example/\x00",
        "https:///path",
        "https://x.example:99999/",
        "https://[::1",
        "",
        "https://x.example/" + "x" * 2_048,
    ],
)
def test_what_is_no_plain_web_address_is_never_minted(address: str) -> None:
    with pytest.raises(NoAddress):
        tracked_links.mint(Link(SITE, address, 2**31), SECRET)


def test_other_alphabets_are_spelt_as_headers_need_them() -> None:
    token = tracked_links.mint(Link(SITE, "https://müller.example/größe?q=ü#ä", 2**31), SECRET)
    link = tracked_links.read(token, SECRET)
    assert link is not None
    assert link.url == "https://xn--mller-kva.example/gr%C3%B6%C3%9Fe?q=%C3%BC#%C3%A4"


@given(st.text(max_size=60), st.text(max_size=300))
def test_whatever_is_minted_fits_a_header_and_comes_back_and_nothing_else_is_read(address: str, token: str) -> None:
    try:
        minted = tracked_links.mint(Link(SITE, "https://x.example/" + address, 2**31), SECRET)
    except NoAddress:
        minted = None
    if minted is not None:
        link = tracked_links.read(minted, SECRET)
        assert link is not None
        assert link.url.startswith("https://x.example/")
        assert all("!" <= letter <= "~" for letter in link.url)
    assert tracked_links.read(token, SECRET) is None
