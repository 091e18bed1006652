"""Links made for one person: who follows them is told as a fact, and the page that they lead to can be tied to it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from leadlight.core.ids import contact_id
from leadlight.core.intake import tracked_links
from leadlight.core.intake.landings import Opened, merge_hash, merge_hash_of, opened
from leadlight.core.intake.tracked_links import Link, link_id
from leadlight.core.records import Event, decode_event, encode
from leadlight.core.sites.settings import Privacy, SiteSettings
from leadlight.settings import Settings
from tests.services.collector.door.visits import kept
from tests.services.collector.front_door import BROWSER, SITE, Answer, FrontDoor, open_front_door
from tests.services.collector.pages.test_links import follow

MARA = "mara@norrvik.example"
OLD_TOKEN = "iptAtcA5afgJJSMU5YxNGqD74aK0fytfTg80qGWxWxxLhHIaf4iMgj9BXSw3ywfasmFx6emmbZnXhUnl3NtnUdQ-ppPkqMSMCWP17UUZ"
TARGET = "https://www.fernwerk.example/angebot?a=1&b=%C3%A4#preise"


def link_for(door: FrontDoor, *, person: str = MARA, honeypot: bool = False, site: str = SITE) -> str:
    until = door.runtime.now() + timedelta(days=1)
    link = Link(site, TARGET, int(until.timestamp()), "spring", person, honeypot)
    return tracked_links.mint(link, door.runtime.secret)


def landing_of(answer: Answer) -> str:
    [token] = parse_qs(urlsplit(answer.headers["Location"]).query)["ll"]
    return token


def what_is_told(event: Event, door: FrontDoor) -> Opened:
    assert event.link is not None
    found = opened(event.link, door.runtime.secret, site=event.site, at=event.occurred_at)
    assert found is not None
    return found


async def test_a_click_leads_on_with_a_token_of_its_own_and_is_told_as_the_recipients(door: FrontDoor) -> None:
    token = link_for(door)
    answer = await follow(door, token)
    assert answer.status == 302
    landing = landing_of(answer)
    assert answer.headers["Location"] == TARGET.replace("#", f"&ll={landing}#")
    assert landing != landing_of(await follow(door, token)), "each click has its own"

    event = (await door.stored())[0]
    assert (event.name, event.anonymous_id) == ("Link Clicked", f"recipient:{contact_id(SITE, MARA)}")
    assert event.of_recipient
    assert event.properties == {
        "url": TARGET.removesuffix("#preise"),
        "campaign": "spring",
        "link": link_id(token),
        "method": "GET",
    }
    assert event.campaign == {"name": "spring"}
    assert event.link == landing
    told = what_is_told(event, door)
    assert (told.person, told.link, told.campaign, told.click, told.seen) == (
        MARA,
        link_id(token),
        "spring",
        event.id,
        (),
    )
    assert event.page is not None
    assert "ll=" not in event.page.url


async def test_the_page_that_a_click_led_to_is_tied_to_it_and_its_address_is_clean(door: FrontDoor) -> None:
    leads_to = (await follow(door, link_for(door))).headers["Location"]
    search = f"?{urlsplit(leads_to).query}"
    page = {"url": leads_to, "search": search, "referrer": "https://mail.example/?ll=48.1,11.5"}
    view = await kept(door, {"type": "page", "anonymousId": "b-1", "properties": page, "context": {"page": page}})
    click = (await door.stored())[0]
    assert what_is_told(view, door).click == click.id
    assert view.page is not None
    assert view.page.search == "?a=1&b=%C3%A4"
    assert view.page.referrer == "https://mail.example/"
    assert "ll=" not in str([view.page, view.properties])


async def test_what_readers_do_not_do_is_under_the_seal(door: FrontDoor) -> None:
    await follow(door, link_for(door), method="HEAD")
    await follow(door, link_for(door), headers={"Sec-Purpose": "prefetch"})
    await follow(door, link_for(door, honeypot=True))
    events = sorted(await door.stored(), key=lambda event: event.received_at)
    assert [what_is_told(event, door).seen for event in events] == [("head_request",), ("prefetch",), ("honeypot",)]
    assert [event.properties["method"] for event in events] == ["HEAD", "GET", "GET"]
    assert events[1].properties["prefetch"] is True
    assert events[2].properties["honeypot"] is True
    assert len({event.visitor for event in events}) == 1, "whoever followed them, they are one recipient's"
    assert len({what_is_told(event, door).link for event in events}) == 2, "a honeypot is a link of its own"


@pytest.mark.parametrize(
    ("decided", "asked"),
    [
        (SiteSettings(privacy=Privacy.PSEUDONYMOUS), {}),
        (SiteSettings(privacy_by_country={"unknown": Privacy.COMPANY_ONLY}), {}),
        (SiteSettings(excluded_emails=("*@norrvik.example",)), {}),
        (SiteSettings(), {"Sec-GPC": "1"}),
    ],
)
async def test_where_nobody_may_be_known_a_link_leads_on_and_tells_nobody(
    tmp_path: Path, decided: SiteSettings, asked: dict[str, str]
) -> None:
    async with open_front_door(Settings(data=tmp_path), decided=decided) as door:
        answer = await follow(door, link_for(door), headers=asked)
        assert (answer.status, answer.headers["Location"]) == (302, TARGET)
        for event in await door.stored():
            assert (event.link, event.of_recipient) == (None, False)
            assert "link" not in event.properties


async def test_a_person_is_told_of_only_where_they_may_be_known(tmp_path: Path) -> None:
    async with open_front_door(Settings(data=tmp_path)) as door:
        url = f"https://www.fernwerk.example/?ll={link_for(door)}"
        call = {"type": "page", "anonymousId": "b-1", "properties": {"url": url}}
        assert (await kept(door, call)).link is not None
        refusal = {"context": {"consent": {"categoryPreferences": {"analytics": True, "marketing": False}}}}
        for event in (await kept(door, call | refusal), await kept(door, call | {"properties": {"referrer": url}})):
            assert event.link is None
            assert "ll=" not in str(event)


async def test_unmodified_sdks_and_servers_tell_the_token_by_the_address_they_send(door: FrontDoor) -> None:
    token = link_for(door)
    address = f"https://www.fernwerk.example/preise?ll={token}&a=1"
    in_context = {"type": "track", "event": "Opened", "anonymousId": "b-1", "context": {"page": {"url": address}}}
    by_path = {"type": "page", "anonymousId": "b-1", "context": {"page": {"path": "/preise", "search": f"?ll={token}"}}}
    for call in (in_context, by_path):
        for headers in (BROWSER, {}):
            event = await kept(door, call, headers)
            assert event.link == token
            assert event.page is not None
            assert token not in str([event.page, event.properties])


async def test_what_cannot_be_a_token_is_taken_out_all_the_same(door: FrontDoor) -> None:
    for value in ("48.1,11.5", "x", "y" * 5_000, "h.zz", "", "%00" * 40, "mara%40norrvik.example"):
        url = f"https://www.fernwerk.example/karte?ll={value}&zoom=3"
        event = await kept(door, {"type": "page", "anonymousId": "b-1", "properties": {"url": url}})
        assert event.link is None
        assert event.page is not None
        assert "ll=" not in event.page.url
    hashed = "h." + merge_hash(b"key", MARA).upper()
    url = f"https://www.fernwerk.example/?ll={hashed}"
    event = await kept(door, {"type": "page", "anonymousId": "b-1", "properties": {"url": url}})
    assert event.link == hashed
    assert merge_hash_of(event.link) == merge_hash(b"key", MARA)


async def test_a_token_says_nothing_of_another_site_nor_when_its_time_is_over_nor_once_changed(door: FrontDoor) -> None:
    token, now, secret = link_for(door), door.runtime.now(), door.runtime.secret
    landing = landing_of(await follow(door, token))
    for one in (token, landing):
        assert opened(one, secret, site=SITE, at=now) is not None
        assert opened(one, secret, site="site-2", at=now) is None
        assert opened(one, secret, site=SITE, at=now + timedelta(days=2)) is None
        assert opened(one, b"another installation's secret...", site=SITE, at=now) is None
        for place in range(len(one) - 1):  # the last letter has bits that no byte holds
            changed = one[:place] + ("A" if one[place] != "A" else "B") + one[place + 1 :]
            assert opened(changed, secret, site=SITE, at=now) is None
    assert opened(landing, secret, site=SITE, at=now + timedelta(minutes=14)) is not None
    assert opened(landing, secret, site=SITE, at=now + timedelta(minutes=16)) is None
    plain = tracked_links.mint(Link(SITE, TARGET, 2**31), secret)
    assert opened(plain, secret, site=SITE, at=now) is None, "made for nobody in particular"


async def test_a_recipient_is_led_on_while_the_log_is_away_and_the_page_can_still_be_tied(door: FrontDoor) -> None:
    token = link_for(door)
    assert (await follow(door, token)).status == 302
    await door.runtime.bus.close()
    async with asyncio.timeout(4):
        answer = await follow(door, token)
    assert answer.status == 302
    assert opened(landing_of(answer), door.runtime.secret, site=SITE, at=door.runtime.now()) is not None


async def test_the_person_stands_nowhere_in_a_link(door: FrontDoor) -> None:
    token = link_for(door)
    answer = await follow(door, token)
    for text in (token, answer.headers["Location"], str(answer.headers), answer.body.decode()):
        assert "mara" not in text.lower()
        assert "norrvik" not in text.lower()


def test_links_made_before_there_were_persons_stay_what_they_were() -> None:
    link = Link("site-1", "https://www.fernwerk.example/angebot?a=1", 1_800_000_000, "spring")
    assert tracked_links.mint(link, b"s" * 64) == OLD_TOKEN
    assert tracked_links.read(OLD_TOKEN, b"s" * 64) == link
    assert opened(OLD_TOKEN, b"s" * 64, site="site-1", at=datetime(2026, 5, 4, tzinfo=UTC)) is None


def test_records_written_before_there_were_tokens_are_read() -> None:
    old = b'{"site":"s","visitor":"v","id":"e","type":"track","anonymous_id":"a","occurred_at":"2026-05-04T12:00:00Z",'
    old += b'"received_at":"2026-05-04T12:00:01Z","name":"Page Engaged","engagement":{"page_view_id":"p",'
    old += b'"engaged_ms":5000,"active_until":"2026-05-04T12:00:00Z","scroll_percent":10},"v":1}'
    event = decode_event(old)
    assert (event.link, event.of_recipient) == (None, False)
    assert event.engagement is not None
    assert event.engagement.touched is False
    assert b"link" not in encode(event)
    with_token = decode_event(old.replace(b'"v":1', b'"link":"c.abc","of tomorrow":1,"v":1'))
    assert decode_event(encode(with_token)).link == "c.abc"
