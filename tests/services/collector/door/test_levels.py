"""The privacy ladder at the front door: what is kept of a visitor at each level."""

from typing import Any

import pytest

from leadlight.core.ids import visitor_id
from leadlight.core.intake.drops import Drop
from leadlight.core.privacy.sealing import COOKIELESS_PREFIX
from leadlight.core.records import EventType
from leadlight.core.sites.settings import Privacy
from tests.services.collector.door.conftest import Decided
from tests.services.collector.door.visits import coming_from, kept, refused, sealing
from tests.services.collector.front_door import BROWSER, SECRET_KEY, SITE, FrontDoor

ANN = "ann@mill.example"
TRACK: dict[str, Any] = {
    "type": "track",
    "event": f"Asked by {ANN}",
    "anonymousId": "browser-1",
    "userId": ANN,
    "properties": {"topic": f"Lamps for {ANN}", "phone": "+49 30 1234", "amount": 3},
    "context": {
        "traits": {"email": ANN, "name": "Ann"},
        "page": {"url": "https://www.fernwerk.example/ask?gclid=A1&plan=x", "title": f"Hello {ANN}"},
    },
}


def consenting(analytics: object = None, marketing: object = None) -> dict[str, Any]:
    asked = {"analytics": analytics, "marketing": marketing}
    return {"consent": {"categoryPreferences": {name: told for name, told in asked.items() if told is not None}}}


def nobody_is_named_in(event: object) -> bool:
    return "@" not in repr(event) and "Ann" not in repr(event) and "1234" not in repr(event)


async def test_at_the_top_everything_is_kept(decided: Decided) -> None:
    async with decided() as door:
        event = await kept(door, TRACK)
    assert (event.anonymous_id, event.user_id, event.name) == ("browser-1", ANN, TRACK["event"])
    assert event.traits == {"email": ANN, "name": "Ann"}
    assert event.properties == TRACK["properties"]
    assert event.click_ids == {"gclid": "A1"}


async def test_a_pseudonymous_visitor_is_known_again_and_never_by_name(decided: Decided) -> None:
    async with decided(privacy=Privacy.PSEUDONYMOUS) as door:
        event = await kept(door, TRACK)
        assert await refused(door, {"type": "identify", "anonymousId": "a", "traits": {}}) == Drop.PERSON_REFUSED
        assert await refused(door, {"type": "alias", "userId": "u", "previousId": "a"}) == Drop.PERSON_REFUSED
        assert await refused(door, {"type": "page", "userId": "u-7"}) == Drop.PERSON_REFUSED
        group = await kept(
            door, {"type": "group", "anonymousId": "a", "groupId": "g-1", "traits": {"name": "Mill", "owner": ANN}}
        )
    assert event.visitor == visitor_id(SITE, "browser-1")
    assert (event.user_id, event.traits) == (None, {})
    assert event.properties == {"topic": "Lamps for (email)", "amount": 3}
    assert event.click_ids == {"gclid": "A1"}
    assert nobody_is_named_in(event)
    assert (group.properties, group.traits) == ({"group_id": "g-1"}, {})


async def test_an_anonymous_id_that_is_somebodys_address_names_nobody_below_the_top(decided: Decided) -> None:
    async with decided(privacy=Privacy.PSEUDONYMOUS) as door:
        assert await refused(door, {"type": "page", "anonymousId": ANN}) == Drop.NO_IDENTITY


async def test_at_company_level_a_visitor_is_one_for_a_day_whatever_the_browser_says(decided: Decided) -> None:
    async with decided(privacy=Privacy.COMPANY_ONLY) as door:
        await sealing(door)
        there = coming_from("203.0.113.9")
        one = await kept(door, TRACK, there)
        other = await kept(door, TRACK | {"anonymousId": "browser-2"}, there)
        neighbour = await kept(door, TRACK, coming_from("203.0.113.10"))
        assert await refused(door, {"type": "identify", "traits": {"email": ANN}}, there) == Drop.PERSON_REFUSED
    assert one.anonymous_id.startswith(COOKIELESS_PREFIX)
    assert one.visitor == other.visitor == visitor_id(SITE, one.anonymous_id)
    assert neighbour.visitor != one.visitor
    assert nobody_is_named_in(one)
    assert one.address is not None
    assert one.page is not None
    assert (one.page.url, one.click_ids) == ("https://www.fernwerk.example/ask?plan=x", {})


async def test_at_the_bottom_nothing_is_kept(decided: Decided) -> None:
    async with decided(privacy=Privacy.NONE) as door:
        assert await refused(door, TRACK) == Drop.PRIVACY_NONE
        assert await refused(door, {"type": "page", "anonymousId": "a"}, {}, key=SECRET_KEY) == Drop.PRIVACY_NONE


@pytest.mark.parametrize("site", Privacy)
@pytest.mark.parametrize(
    ("consent", "ceiling"),
    [
        ({}, Privacy.IDENTIFIED),
        ({"consent": None}, Privacy.IDENTIFIED),
        ({"consent": {"categoryPreferences": {"C0001": False}}}, Privacy.IDENTIFIED),
        ({"consent": ["x"]}, Privacy.IDENTIFIED),
        (consenting(True, True), Privacy.IDENTIFIED),
        (consenting(True, False), Privacy.PSEUDONYMOUS),
        (consenting(True), Privacy.IDENTIFIED),
        (consenting(marketing=False), Privacy.PSEUDONYMOUS),
        (consenting(True, "yes"), Privacy.PSEUDONYMOUS),
        (consenting(False, True), Privacy.NONE),
        (consenting("denied", True), Privacy.NONE),
        ({"consent": {"categoryPreferences": {"Analytics": True, "Advertising": False}}}, Privacy.PSEUDONYMOUS),
    ],
)
async def test_the_lowest_of_the_sites_level_and_the_visitors_choice_counts(
    decided: Decided, site: Privacy, consent: dict[str, Any], ceiling: Privacy
) -> None:
    level = min(site, ceiling, key=list(Privacy).index)
    call = TRACK | {"context": TRACK["context"] | consent}
    async with decided(privacy=site) as door:
        if level is Privacy.NONE:
            assert await refused(door, call) in (Drop.PRIVACY_NONE, Drop.NO_CONSENT)
            return
        event = await kept(door, call)
    assert (event.user_id == ANN) == (level is Privacy.IDENTIFIED)
    assert event.anonymous_id.startswith(COOKIELESS_PREFIX) == (level is Privacy.COMPANY_ONLY)


async def test_a_refused_consent_is_told_as_such(door: FrontDoor) -> None:
    call = {"type": "page", "anonymousId": "a", "context": consenting(False, False)}
    assert await door.one_drop(call) == Drop.NO_CONSENT


COUNTRIES = {"DE": Privacy.COMPANY_ONLY, "FR": Privacy.NONE, "unknown": Privacy.PSEUDONYMOUS}


@pytest.mark.parametrize(
    ("headers", "user_id", "cookieless"),
    [
        ({"CF_IPCountry": "US"}, ANN, False),
        ({"CF_IPCountry": "DE"}, None, True),
        ({"CloudFront_Viewer_Country": "de"}, None, True),
        ({"X_Country_Code": "XX"}, None, False),
        ({}, None, False),
    ],
)
async def test_the_level_of_the_visitors_country_counts_as_the_proxy_tells_it(
    decided: Decided, headers: dict[str, str], user_id: str | None, cookieless: bool
) -> None:
    async with decided(privacy_by_country=COUNTRIES) as door:
        event = await kept(door, TRACK, coming_from("203.0.113.9", **headers))
        assert await refused(door, TRACK, coming_from("203.0.113.9", CF_IPCountry="FR")) == Drop.PRIVACY_NONE
    assert event.user_id == user_id
    assert event.anonymous_id.startswith(COOKIELESS_PREFIX) == cookieless


async def test_a_country_never_raises_the_sites_level(decided: Decided) -> None:
    async with decided(privacy=Privacy.PSEUDONYMOUS, privacy_by_country={"US": Privacy.IDENTIFIED}) as door:
        event = await kept(door, TRACK, coming_from("203.0.113.9", CF_IPCountry="US"))
    assert event.user_id is None


async def test_a_country_told_by_nobody_we_trust_is_unknown(door: FrontDoor) -> None:
    event = await kept(door, TRACK, BROWSER | {"CF-IPCountry": "FR"})
    assert event.user_id == ANN


async def test_without_an_id_and_with_nothing_stored_a_visitor_is_one_for_the_day(decided: Decided) -> None:
    call = {"type": "page", "context": {"cookieless": True, "userAgent": "Firefox 140"}}
    async with decided() as door:
        await sealing(door)
        there = coming_from("203.0.113.9")
        one, again = await kept(door, call, there), await kept(door, call | {"anonymousId": "b"}, there)
        without_anything = await kept(door, {"type": "page", "context": {"cookieless": True}}, {"Origin": "null"})
    assert one.visitor == again.visitor
    assert one.anonymous_id.startswith(COOKIELESS_PREFIX)
    assert without_anything.anonymous_id.startswith(COOKIELESS_PREFIX)
    assert one.user_id is None


async def test_a_cookieless_visitor_who_says_who_they_are_is_known_where_that_is_allowed(decided: Decided) -> None:
    async with decided() as door:
        event = await kept(door, {"type": "identify", "userId": ANN, "context": {"cookieless": True}})
    assert (event.type, event.user_id) == (EventType.IDENTIFY, ANN)
    assert event.anonymous_id.startswith(COOKIELESS_PREFIX)


async def test_a_server_that_names_nobody_and_no_place_has_no_visitor_to_tell_of(decided: Decided) -> None:
    call = {"type": "page", "anonymousId": "a", "userId": "u-1", "context": {"userAgent": "Firefox 140"}}
    async with decided(privacy=Privacy.COMPANY_ONLY) as door:
        assert await refused(door, call, {}) == Drop.NO_IDENTITY
        placed = call | {"context": {"userAgent": "Firefox 140", "ip": "203.0.113.9"}}
        event = await kept(door, placed, {}, key=SECRET_KEY)
    assert event.anonymous_id.startswith(COOKIELESS_PREFIX)
