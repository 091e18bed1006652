"""What the site's owner does not want: foreign pages, the own office, the own people."""

from typing import Any

import pytest

from leadlight.core.intake.drops import Drop
from tests.services.collector.door.conftest import Decided
from tests.services.collector.door.visits import coming_from, kept, refused
from tests.services.collector.front_door import BROWSER, SECRET_KEY

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
    "call",
    [
        {"type": "identify", "userId": "7", "traits": {"email": " Ben@Fernwerk.example "}},
        {"type": "identify", "userId": "ben@fernwerk.example"},
        {"type": "track", "event": "X", "userId": "7", "context": {"traits": {"email": "ben@fernwerk.example"}}},
    ],
)
async def test_the_own_people_are_left_out_when_they_say_who_they_are(decided: Decided, call: dict[str, Any]) -> None:
    async with decided(excluded_emails=("*@fernwerk.example",)) as door:
        assert await refused(door, call) == Drop.EXCLUDED_EMAIL
        await kept(door, {"type": "identify", "userId": "8", "traits": {"email": "ann@mill.example"}})


async def test_the_own_people_are_let_in_with_their_browser_which_is_then_kept_apart(decided: Decided) -> None:
    async with decided(excluded_emails=("*@fernwerk.example",), excluded_companies=("rival.example",)) as door:
        for email in ("ben@fernwerk.example", "eve@rival.example"):
            await kept(door, {"type": "identify", "anonymousId": "a", "traits": {"email": email}})


async def test_people_of_a_left_out_company_are_told_by_their_address(decided: Decided) -> None:
    def identify(email: str) -> dict[str, Any]:
        return {"type": "identify", "userId": "7", "traits": {"email": email}}

    async with decided(excluded_companies=("rival.example",)) as door:
        assert await refused(door, identify("eve@rival.example")) == Drop.EXCLUDED_COMPANY
        assert await refused(door, identify("eve@uk.rival.example")) == Drop.EXCLUDED_COMPANY
        await kept(door, identify("eve@arrival.example"))


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
