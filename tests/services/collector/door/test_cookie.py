"""The first-party cookie: when it is set, with what, and when it is read."""

from typing import Any

import pytest

from leadlight.core.sites.settings import Privacy
from services.collector.door.cookie import shared_domain
from tests.services.collector.door.conftest import Decided
from tests.services.collector.door.visits import SAME_SITE, kept
from tests.services.collector.front_door import BROWSER, Answer, FrontDoor

ID = "8f14e45f-ceea-467f-a0d5-2d3f2f1b7a11"
PAGE: dict[str, Any] = {"type": "page", "anonymousId": ID}
OURS = {"Host": "leads.fernwerk.example"}


def set_by(answer: Answer) -> str | None:
    assert answer.status == 200
    return answer.headers.get("Set-Cookie")


async def test_a_page_of_the_same_site_gets_the_cookie_for_all_of_the_site(door: FrontDoor) -> None:
    answer = await door.post("/v1/page", PAGE, headers=BROWSER | SAME_SITE | OURS)
    assert set_by(answer) == (
        f"leadlight.id={ID}; Path=/; Max-Age=31536000; SameSite=Lax; Domain=fernwerk.example; Secure"
    )
    assert answer.headers["Access-Control-Allow-Origin"] == BROWSER["Origin"]
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


async def test_without_tls_it_is_not_marked_secure_and_one_host_keeps_it_to_itself(door: FrontDoor) -> None:
    headers = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin", "Host": "localhost:8000"}
    answer = await door.post("/v1/page", PAGE, headers=headers)
    assert set_by(answer) == f"leadlight.id={ID}; Path=/; Max-Age=31536000; SameSite=Lax"


@pytest.mark.parametrize(
    ("call", "headers"),
    [
        (PAGE, {"Sec-Fetch-Site": "cross-site"}),
        (PAGE, {"Sec-Fetch-Site": "none"}),
        (PAGE, {}),
        ({"type": "page", "context": {"cookieless": True}}, SAME_SITE),
        (PAGE | {"context": {"cookieless": True}}, SAME_SITE),
        (PAGE | {"anonymousId": "two words; Path=/x"}, SAME_SITE),
        ({"type": "page", "userId": "u-1"}, SAME_SITE),
        (PAGE | {"type": "unknown"}, SAME_SITE),
        (PAGE, SAME_SITE | {"Sec-GPC": "1"}),
        (PAGE | {"context": {"consent": {"categoryPreferences": {"analytics": False}}}}, SAME_SITE),
    ],
)
async def test_nobody_else_gets_one(door: FrontDoor, call: dict[str, Any], headers: dict[str, str]) -> None:
    answer = await door.post("/v1/batch", {"batch": [call]}, headers=BROWSER | OURS | headers)
    assert set_by(answer) is None


async def test_who_says_no_gets_none_for_what_was_allowed_before(door: FrontDoor) -> None:
    no = {"context": {"consent": {"categoryPreferences": {"analytics": False}}}}
    for batch in ([PAGE, PAGE | no], [PAGE | no, PAGE]):
        answer = await door.post("/v1/batch", {"batch": batch}, headers=BROWSER | OURS | SAME_SITE)
        assert answer.dropped == {"no_consent": 1}
        assert set_by(answer) is None


@pytest.mark.parametrize(
    ("level", "is_set"),
    [(Privacy.NONE, False), (Privacy.COMPANY_ONLY, False), (Privacy.PSEUDONYMOUS, True), (Privacy.IDENTIFIED, True)],
)
async def test_it_is_set_only_where_a_browser_may_be_known_again(
    decided: Decided, level: Privacy, is_set: bool
) -> None:
    async with decided(privacy=level) as door:
        answer = await door.post("/v1/page", PAGE, headers=BROWSER | SAME_SITE | OURS)
        assert (set_by(answer) is not None) == is_set


async def test_a_browser_that_has_lost_its_storage_is_known_by_its_cookie(door: FrontDoor) -> None:
    cookie = {"Cookie": f"theme=dark; leadlight.id={ID}; a=b"}
    event = await kept(door, {"type": "page"}, BROWSER | SAME_SITE | cookie)
    assert event.anonymous_id == ID
    event = await kept(door, {"type": "page", "anonymousId": "stated"}, BROWSER | SAME_SITE | cookie)
    assert event.anonymous_id == "stated"
    event = await kept(door, {"type": "page", "context": {"cookieless": True}}, BROWSER | SAME_SITE | cookie)
    assert event.anonymous_id != ID


async def test_a_page_may_read_every_answer_also_a_refusal(door: FrontDoor) -> None:
    for body in (PAGE, {"type": "page"}, b"{"):
        answer = await door.post("/v1/page", body, headers=BROWSER)
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Allow-Origin"] == BROWSER["Origin"]


@pytest.mark.parametrize(
    ("page", "ours", "domain"),
    [
        ("www.shop.example", "leads.shop.example", "shop.example"),
        ("shop.example", "shop.example", "shop.example"),
        ("a.b.shop.example", "x.b.shop.example", "b.shop.example"),
        ("SHOP.example", "leads.shop.EXAMPLE", "shop.example"),
        ("shop.example", "other.example", None),
        ("localhost", "localhost", None),
        ("192.0.2.1", "192.0.2.1", None),
        ("", "", None),
        ("shop.example", "collector", None),
    ],
)
def test_the_domain_is_what_both_hosts_share(page: str, ours: str, domain: str | None) -> None:
    assert shared_domain(page, ours) == domain
