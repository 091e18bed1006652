"""What the site's owner does not want: foreign pages, the own office, the own people."""

from typing import Any

import pytest

from leadlight.core.intake.drops import Drop
from leadlight.core.sites.exclusions import exclusions_of
from leadlight.core.sites.settings import Privacy, SiteSettings
from tests.services.collector.door.conftest import Decided
from tests.services.collector.door.visits import coming_from, kept, refused
from tests.services.collector.front_door import BROWSER, SECRET_KEY, SITE

PAGE: dict[str, Any] = {"type": "page", "anonymousId": "a"}


@pytest.mark.parametrize(
    "origin", ["https://www.fernwerk.example", "http://fernwerk.example:8080", "https://WWW.Fernwerk.example"]
)
async def test_pages_of_allowed_hosts_are_taken(decided: Decided, origin: str) -> None:
    async with decided(allowed_origins=("fernwerk.example", "*.fernwerk.example")) as door:
        await kept(door, PAGE, BROWSER | {"Origin": origin})


@pytest.mark.parametrize(
    "origin",
    [
        "https://other.example",
        "https://fernwerk.example.evil.example",
        "null",
        "https://[",
        "https://evilfernwerk.example",
    ],
)
async def test_pages_of_other_hosts_are_not(decided: Decided, origin: str) -> None:
    async with decided(allowed_origins=("fernwerk.example", "*.fernwerk.example")) as door:
        assert await refused(door, PAGE, BROWSER | {"Origin": origin}) == Drop.FOREIGN_ORIGIN


async def test_servers_have_no_origin_and_are_taken(decided: Decided) -> None:
    async with decided(allowed_origins=("fernwerk.example",)) as door:
        await kept(door, PAGE, {})


async def test_a_star_stands_for_hosts_below_and_not_for_the_domain_itself(decided: Decided) -> None:
    async with decided(allowed_origins=("*.fernwerk.example",)) as door:
        assert await refused(door, PAGE, BROWSER | {"Origin": "https://fernwerk.example"}) == Drop.FOREIGN_ORIGIN


async def test_the_own_office_is_left_out(decided: Decided) -> None:
    async with decided(excluded_networks=("203.0.113.0/24", "2001:db8::1")) as door:
        assert await refused(door, PAGE, coming_from("203.0.113.77")) == Drop.EXCLUDED_NETWORK
        assert await refused(door, PAGE, coming_from("2001:db8::1")) == Drop.EXCLUDED_NETWORK
        at_home = PAGE | {"context": {"ip": "203.0.113.77"}}
        assert await refused(door, at_home, {}, key=SECRET_KEY) == Drop.EXCLUDED_NETWORK
        await kept(door, PAGE, coming_from("198.51.100.1"))
        await kept(door, at_home, coming_from("198.51.100.1"))  # not the page's to say


@pytest.mark.parametrize("path", ["/intern", "/intern/", "/Intern/a", "/preview/x/draft"])
async def test_what_happens_on_left_out_pages_is_left_out(decided: Decided, path: str) -> None:
    url = f"https://www.fernwerk.example{path}"
    async with decided(excluded_paths=("/intern", "/intern/*", "*/draft")) as door:
        assert await refused(door, PAGE | {"properties": {"url": url}}) == Drop.EXCLUDED_PATH
        track = {"type": "track", "event": "X", "anonymousId": "a", "context": {"page": {"path": path}}}
        assert await refused(door, track) == Drop.EXCLUDED_PATH
        await kept(door, PAGE | {"properties": {"url": "https://www.fernwerk.example/international"}})


@pytest.mark.parametrize(
    "said",
    [
        {"userId": "ben@fernwerk.example"},
        {"context": {"traits": {"email": " Ben@Fernwerk.example "}}},
        {"userId": "u-1", "traits": {"email": "ben@uk.rival.example"}},
        {"type": "identify", "traits": {"email": "eve@rival.example"}},
    ],
)
async def test_people_whom_the_owner_leaves_out_are_dropped_where_nobody_could_tell_them_later(
    decided: Decided, said: dict[str, Any]
) -> None:
    call = {"type": "track", "event": "X", "anonymousId": "a", **said}
    exclusions = {"excluded_emails": ("*@fernwerk.example",), "excluded_companies": ("rival.example",)}
    expected = Drop.EXCLUDED_COMPANY if "rival" in repr(said) else Drop.EXCLUDED_EMAIL
    async with decided(privacy=Privacy.PSEUDONYMOUS, **exclusions) as door:
        assert await refused(door, call) == expected
        await kept(door, call | {"userId": "ann@arrival.example", "traits": {}, "context": {}, "type": "track"})


async def test_a_servers_calls_about_the_own_people_are_left_out(decided: Decided) -> None:
    def identify(email: str) -> dict[str, Any]:
        return {"type": "identify", "userId": "7", "traits": {"email": email}}

    async with decided(excluded_emails=("*@fernwerk.example",), excluded_companies=("rival.example",)) as door:
        assert await refused(door, identify("ben@fernwerk.example"), {}) == Drop.EXCLUDED_EMAIL
        assert await refused(door, {"type": "page", "userId": "ben@fernwerk.example"}, {}) == Drop.EXCLUDED_EMAIL
        assert await refused(door, identify("eve@uk.rival.example"), {}) == Drop.EXCLUDED_COMPANY
        await kept(door, identify("eve@arrival.example"), {})


async def test_where_people_may_be_known_the_call_that_names_them_is_taken_and_keeps_their_visitor_apart(
    decided: Decided,
) -> None:
    async with decided(excluded_emails=("*@fernwerk.example",)) as door:
        event = await kept(door, {"type": "identify", "anonymousId": "a", "traits": {"email": "ben@fernwerk.example"}})
    exclusions = exclusions_of(SITE, SiteSettings(excluded_emails=("*@fernwerk.example",)))
    assert exclusions.visitor(emails=[event.traits["email"]], company_id=None) is not None


async def test_a_sites_own_parameters_are_stripped_wherever_addresses_stand(decided: Decided) -> None:
    url = "https://www.fernwerk.example/a?customer=12&plan=x&email=ann%40mill.example#top"
    call = PAGE | {
        "properties": {"url": url, "referrer": url, "search": "?customer=12&plan=x"},
        "context": {"page": {"url": url}},
    }
    async with decided(stripped_parameters=("customer",)) as door:
        event = await kept(door, call)
    clean = "https://www.fernwerk.example/a?plan=x"
    assert event.page is not None
    assert (event.page.url, event.page.referrer, event.page.search) == (clean, clean, "?plan=x")
    assert event.properties == {"url": clean, "referrer": clean, "search": "?plan=x"}
