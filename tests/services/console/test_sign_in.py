"""The way into the console: links that work once, and sessions that other sites' pages cannot use."""

from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from leadlight.store.owners.users import SESSION_LIFETIME, SIGN_IN_LIFETIME
from tests.infra.parts import free_port
from tests.services.console.conftest import Clock, Visit
from tests.services.console.stage import Stage, open_stage


async def test_a_link_signs_in_once(stage: Stage, stranger: Visit) -> None:
    link = await stage.sign_in_link()
    assert await stranger.sign_in(link) == 303
    assert "ines@fernhall.example" in await stranger.read("/")
    assert await stranger.sign_in(link) == 410


async def test_a_scanner_that_opens_the_link_does_not_use_it_up(stage: Stage, stranger: Visit) -> None:
    link = await stage.sign_in_link()
    path = link.removeprefix(stage.url)
    for _ in range(3):
        assert "works once" not in await stranger.read(path)
    assert stranger.http.cookie_jar.filter_cookies(link) == SimpleCookie()  # type: ignore[arg-type]
    assert await stranger.sign_in(link) == 303


async def test_an_old_link_says_how_to_get_a_new_one(stage: Stage, stranger: Visit, clock: Clock) -> None:
    link = await stage.sign_in_link()
    clock.ahead = SIGN_IN_LIFETIME + timedelta(minutes=1)
    said = await stranger.read(link.removeprefix(stage.url), status=410)
    assert "no longer works" in said
    assert "leadlight user add" in said
    assert await stranger.sign_in(link) == 410


@pytest.mark.parametrize("token", ["unknown", "%00", "a" * 5_000, "%f0%9f%92%a1"])
async def test_a_link_that_was_never_given_is_refused(stranger: Visit, token: str) -> None:
    assert await stranger.sign_in(f"{stranger.url}/sign-in/{token}") in (404, 410)


async def test_without_a_session_every_page_leads_to_the_way_in(stranger: Visit) -> None:
    for path in ("/", "/visitors", "/visitors/x", "/alerts", "/set-up", "/health"):
        async with stranger.http.get(stranger.url + path, allow_redirects=False) as answer:
            assert (path, answer.status, answer.headers.get("Location")) == (path, 303, "/sign-in")
    assert "leadlight user add" in await stranger.read("/sign-in")


async def test_without_a_session_a_page_that_does_not_exist_is_said_to_be_none(stranger: Visit) -> None:
    for path in ("/nothing", "/v1/batches", "/static/none.js"):
        async with stranger.http.get(stranger.url + path, allow_redirects=False) as answer:
            assert (path, answer.status) == (path, 404)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/v1/batches", 404),
        ("POST", "/b", 404),
        ("POST", "/visitors", 404),
        ("POST", "/visitors/x", 404),
        ("POST", "/static/console.js", 404),
        ("PUT", "/alerts/seen", 404),
        ("OPTIONS", "/v1/p", 404),
        ("POST", "/alerts/seen", 401),
        ("POST", "/set-up/sites", 401),
        ("POST", "/site", 401),
        ("POST", "/sign-out", 401),
    ],
)
async def test_an_sdk_with_a_wrong_path_never_believes_its_events_stored(
    stranger: Visit, method: str, path: str, status: int
) -> None:
    async with stranger.http.request(method, stranger.url + path, json={"batch": []}) as answer:
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        assert answer.history == ()
        problem = await answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert "/v1/batch." in problem["detail"]


async def test_whose_session_ends_while_a_page_is_open_is_told_in_words(stranger: Visit) -> None:
    async with stranger.http.post(stranger.url + "/alerts/seen", headers={"Accept": "text/html"}) as answer:
        assert answer.status == 401
        assert "You are signed out" in await answer.text()


async def test_a_page_that_refreshes_itself_is_led_to_the_way_in_as_a_whole(stranger: Visit) -> None:
    async with stranger.http.get(stranger.url + "/", headers={"HX-Request": "true"}) as answer:
        assert answer.headers["HX-Redirect"] == "/sign-in"


async def test_signing_out_ends_the_session_on_the_server(stage: Stage, admin: Visit) -> None:
    kept = {cookie.key: cookie.value for cookie in admin.http.cookie_jar}
    async with admin.http.post(stage.url + "/sign-out", allow_redirects=False) as answer:
        assert answer.status == 303
    async with (
        ClientSession(cookies=kept, cookie_jar=CookieJar(unsafe=True)) as thief,
        thief.get(stage.url + "/", allow_redirects=False) as answer,
    ):
        assert answer.headers["Location"] == "/sign-in"


async def test_a_session_ends_after_thirty_days(stage: Stage, admin: Visit, clock: Clock) -> None:
    clock.ahead = SESSION_LIFETIME + timedelta(minutes=1)
    async with admin.http.get(stage.url + "/", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/sign-in"


async def test_scripts_and_other_sites_cannot_use_the_cookie(stage: Stage, stranger: Visit) -> None:
    async with stranger.http.post(await stage.sign_in_link(), allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()


async def test_behind_https_the_cookie_never_travels_in_the_clear(tmp_path: Path) -> None:
    async with (
        open_stage(tmp_path, free_port(), public_url="https://leads.fernhall.example") as stage,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as http,
        http.post(await stage.sign_in_link(), allow_redirects=False) as answer,
    ):
        assert "secure" in answer.headers["Set-Cookie"].lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_sites_page_cannot_sign_anybody_out(stage: Stage, admin: Visit, headers: dict[str, str]) -> None:
    async with admin.http.post(stage.url + "/sign-out", headers=headers, allow_redirects=False) as answer:
        assert answer.status == 403
    assert "Sign out" in await admin.read("/")


async def test_one_person_of_two_sites_can_change_between_them(stage: Stage, admin: Visit) -> None:
    other = await stage.another_site("Kestrel Museums", "kestrel.example")
    foreign = await stage.another_site("Not hers", "foreign.example")
    await stage.sign_in_link(site=other)
    assert "Kestrel Museums" in await admin.read("/")
    async with admin.http.post(stage.url + "/site", data={"site": other.id}) as answer:
        assert answer.status == 200
    assert "kestrel.example" in await admin.read("/set-up")
    async with admin.http.post(stage.url + "/site", data={"site": foreign.id}) as answer:
        assert answer.status == 200
    assert "kestrel.example" in await admin.read("/set-up")
