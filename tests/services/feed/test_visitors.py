"""What an integrator reads of visitors."""

import asyncio
from datetime import datetime, timedelta

import pytest

from leadlight.core import ids
from leadlight.store.owners import keys
from services.feed.keyring import REMEMBERED_SECONDS
from tests.core.browsing import DAY, MINUTE, SECOND, SITE, Browser, third_visit
from tests.services.feed.reader import Reader
from tests.services.shop import ELSEWHERE_KEY, READ_KEY, WRITE_KEY, Clock, Shop

WEEKS = (21 * DAY, 10 * DAY, 5 * MINUTE)


async def test_a_hot_visitor_is_shown_whole(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=WEEKS)
    await shop.take(browser.events)
    visitor = await feed.get(f"/visitors/{browser.visitor}")
    assert list(visitor)[:23] == [
        "id",
        "site",
        "anonymous_id",
        "bot",
        "first_seen_at",
        "last_seen_at",
        "updated_at",
        "visits",
        "page_views",
        "activities",
        "engaged_seconds",
        "elapsed_seconds",
        "score",
        "intent",
        "fit",
        "grade",
        "stage",
        "contact",
        "company",
        "location",
        "agent",
        "signals",
        "reasons",
    ]
    assert visitor["id"] == browser.visitor
    assert (visitor["site"], visitor["anonymous_id"], visitor["bot"]) == (SITE, "a-1", False)
    assert (visitor["visits"], visitor["page_views"], visitor["activities"]) == (3, 6, 6)
    assert visitor["engaged_seconds"] == 6 * 9
    assert (visitor["intent"], visitor["fit"], visitor["grade"], visitor["stage"]) == ("hot", None, "B", "lead")
    assert visitor["contact"] == {
        "id": ids.contact_id(SITE, "ada@mill.example"),
        "email": "ada@mill.example",
        "name": None,
        "phone": None,
        "job_title": None,
        "method": "identify",
        "confidence": 0.9,
        "evidence": {},
        "role": False,
    }
    assert visitor["company"]["domain"] == "mill.example"
    assert (visitor["company"]["method"], visitor["company"]["confidence"]) == ("work_email", 0.95)
    assert visitor["location"] == {
        "country": None,
        "region": None,
        "city": None,
        "accuracy_km": None,
        "accuracy": None,
    }
    assert set(visitor["agent"]) == {"device", "browser", "system"}
    pricing = next(signal for signal in visitor["signals"] if signal["kind"] == "pricing_read")
    assert pricing["count"] == 2
    assert datetime.fromisoformat(pricing["first_at"]) < datetime.fromisoformat(pricing["last_at"])


async def test_the_reasons_add_up_to_the_score(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = Browser()
    browser.read(clock.now - 3 * DAY, "/pricing")
    browser.read(clock.now - 2 * DAY, "/case-studies/mill")
    await shop.take(browser.events)
    visitor = await feed.get(f"/visitors/{browser.visitor}")
    assert len(visitor["reasons"]) >= 2
    assert abs(sum(reason["points"] for reason in visitor["reasons"]) - visitor["score"]) <= 0.6
    assert visitor["reasons"][0]["text"]


async def test_a_score_decays_while_nothing_happens(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=WEEKS)
    await shop.take(browser.events)
    before = await feed.get(f"/visitors/{browser.visitor}")
    clock.pass_by(days=14)
    after = await feed.get(f"/visitors/{browser.visitor}")
    assert 0 < after["score"] < before["score"]
    assert after["updated_at"] == before["updated_at"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_a_walk_shows_everybody_once_in_order(
    shop: Shop, feed: Reader, clock: Clock, order: str, limit: int
) -> None:
    browsers = [Browser(f"a-{number}") for number in range(7)]
    for number, browser in enumerate(browsers):
        browser.page(clock.now - MINUTE, "/")
        await shop.take(browser.events)
        clock.pass_by(milliseconds=number % 2)  # some share their time of update
    walked = [visitor async for visitor in feed.walk("/visitors", limit=limit, order=order)]
    assert sorted(visitor["id"] for visitor in walked) == sorted(browser.visitor for browser in browsers)
    places = [(datetime.fromisoformat(visitor["updated_at"]), visitor["id"]) for visitor in walked]
    assert places == sorted(places, reverse=order == "desc")


async def test_a_walk_misses_nobody_who_changes_meanwhile(shop: Shop, feed: Reader, clock: Clock) -> None:
    browsers = [Browser(f"a-{number}") for number in range(10)]
    for browser in browsers:
        browser.page(clock.now - MINUTE, "/")
        await shop.take(browser.events)
        clock.pass_by(milliseconds=1)
    seen: list[str] = []
    async for visitor in feed.walk("/visitors", limit=3):
        seen.append(visitor["id"])
        if len(seen) in (1, 5):  # somebody read already, and somebody still to come
            for browser in (browsers[0], browsers[9]):
                clock.pass_by(milliseconds=1)
                browser.page(clock.now, "/pricing")
                await shop.take(browser.events[-1:])
    assert set(seen) == {browser.visitor for browser in browsers}
    assert seen.count(browsers[5].visitor) == 1


async def test_filters_find_whom_they_name(shop: Shop, feed: Reader, clock: Clock) -> None:
    hot, cold, bot = third_visit(clock.now, starts=WEEKS, anonymous_id="hot"), Browser("cold"), Browser("bot", bot=True)
    cold.page(clock.now - MINUTE, "/blog/1")
    bot.page(clock.now - MINUTE, "/")
    await shop.take(cold.events + bot.events)
    clock.pass_by(seconds=1)
    await shop.take(hot.events)

    async def found(**query: object) -> set[str]:
        return {visitor["anonymous_id"] async for visitor in feed.walk("/visitors", **query)}

    score = (await feed.visitor("hot"))["score"]
    assert await found() == {"hot", "cold"}
    assert await found(bot="true") == {"bot"}
    assert await found(bot="any") == {"hot", "cold", "bot"}
    assert await found(anonymous_id="bot") == {"bot"}
    assert await found(anonymous_id="bot", bot="false") == set()
    assert await found(email=" Ada@Mill.example") == {"hot"}
    assert await found(email="nobody") == set()
    assert await found(company="MILL.example") == {"hot"}
    assert await found(company="other.example") == set()
    assert await found(intent="hot") == {"hot"}
    assert await found(intent="cold") == {"cold"}
    assert await found(grade="B") == {"hot"}
    assert await found(min_score=score) == {"hot"}
    assert await found(min_score=0) == {"hot", "cold"}
    assert score == 100 or await found(min_score=score + 1) == set()
    assert await found(since=clock.now.isoformat()) == {"hot"}
    assert await found(updated_since=(clock.now + SECOND).isoformat()) == set()
    assert await found(email="ada@mill.example", intent="cold") == set()


async def test_visits_come_newest_first_with_their_pages(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = Browser()
    start = clock.now - 2 * DAY
    browser.page(start, "/", referrer="https://search.example/", campaign={"source": "letter", "medium": "email"})
    browser.read(start + MINUTE, "/pricing", 48 * SECOND)
    browser.read(clock.now - MINUTE, "/contact", 1500 * timedelta(milliseconds=1))
    await shop.take(browser.events)
    visits = [visit async for visit in feed.walk(f"/visitors/{browser.visitor}/visits", limit=1)]
    assert [visit["page_views"] for visit in visits] == [1, 2]
    latest, first = visits
    assert [page["path"] for page in first["pages"]] == ["/", "/pricing"]
    assert [page["engaged_seconds"] for page in first["pages"]] == [0, 48]
    assert (first["engaged_seconds"], first["source"], first["medium"]) == (48, "letter", "email")
    assert datetime.fromisoformat(first["started_at"]) == start
    assert datetime.fromisoformat(first["ended_at"]) == start + MINUTE + 48 * SECOND
    assert (latest["engaged_seconds"], latest["source"]) == (1, None)
    assert datetime.fromisoformat(latest["pages"][0]["at"]) == clock.now - MINUTE


async def test_activity_for_three_days_on_end_is_three_visits(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = Browser()
    for quarter in range(3 * 24 * 4):
        browser.page(clock.now - 3 * DAY + quarter * 15 * MINUTE, f"/{quarter}")
    await shop.take(browser.events)
    visitor = await feed.get(f"/visitors/{browser.visitor}")
    visits = [visit async for visit in feed.walk(f"/visitors/{browser.visitor}/visits")]
    assert visitor["visits"] == len(visits) == 3
    assert sum(visit["page_views"] for visit in visits) == visitor["page_views"]


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_the_timeline_tells_everything_in_order(shop: Shop, feed: Reader, clock: Clock, limit: int) -> None:
    browser = Browser()
    start = clock.now - 10 * MINUTE
    browser.page(start, "/")
    browser.track(start, "Video Played")
    browser.identify(start + MINUTE)
    browser.track(start + MINUTE, "Form Submitted")
    browser.read(start + 2 * MINUTE, "/pricing")
    await shop.take(browser.events)
    path = f"/visitors/{browser.visitor}/timeline"
    moments = [moment async for moment in feed.walk(path, limit=limit)]
    assert [moment["type"] for moment in moments] == ["page_view", "event", "event", "identified", "page_view"]
    assert moments[1]["name"] == "Video Played"
    assert moments[3]["contact"]["email"] == "ada@mill.example"
    assert (moments[4]["path"], moments[4]["engaged_seconds"]) == ("/pricing", 9)
    backwards = [moment async for moment in feed.walk(path, limit=limit, order="desc")]
    assert [moment["id"] for moment in backwards] == [moment["id"] for moment in reversed(moments)]


@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_the_timeline_tells_once_who_somebody_is_until_somebody_else_is_there(
    shop: Shop, feed: Reader, clock: Clock, limit: int
) -> None:
    browser = Browser()
    start = clock.now - 20 * MINUTE
    said = ["ada@mill.example"] * 3 + ["ben@mill.example"] * 2 + ["ada@mill.example"]
    for number, email in enumerate(said):
        browser.identify(start + number * MINUTE, email)
    await shop.take(browser.events)
    path = f"/visitors/{browser.visitor}/timeline"
    moments = [moment async for moment in feed.walk(path, limit=limit)]
    introductions = [(moment["type"], moment["contact"]["email"]) for moment in moments]
    assert introductions == [("identified", said[0]), ("identified", said[3]), ("identified", said[5])]
    backwards = [moment async for moment in feed.walk(path, limit=limit, order="desc")]
    assert [moment["id"] for moment in backwards] == [moment["id"] for moment in reversed(moments)]


async def test_a_contact_is_one_person_on_two_devices(shop: Shop, feed: Reader, clock: Clock) -> None:
    phone, laptop = Browser("phone"), Browser("laptop")
    for browser, path in ((phone, "/pricing"), (laptop, "/demo")):
        browser.read(clock.now - 10 * MINUTE, path)
        browser.identify(clock.now - 5 * MINUTE)
        await shop.take(browser.events)
    contact = await feed.get(f"/contacts/{ids.contact_id(SITE, 'ada@mill.example')}")
    assert set(contact["visitors"]) == {phone.visitor, laptop.visitor}
    assert (contact["visits"], contact["page_views"], contact["engaged_seconds"]) == (1, 2, 18)
    assert contact["company"]["domain"] == "mill.example"
    alone = await feed.visitor("phone")
    assert contact["score"] > alone["score"]


async def test_what_has_not_changed_is_not_sent_again(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=WEEKS)
    await shop.take(browser.events)
    path = f"/visitors/{browser.visitor}"
    first = await feed.ask(path)
    clock.pass_by(seconds=30)
    again = await feed.ask(path, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (again.status, again.body) == (304, b"")
    browser.page(clock.now, "/")
    await shop.take(browser.events[-1:])
    assert (await feed.ask(path, headers={"If-None-Match": first.headers["ETag"]})).status == 200


async def test_a_site_never_sees_anothers_visitors(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=WEEKS)
    await shop.take(browser.events)
    async with Reader.at(feed.address, key=ELSEWHERE_KEY) as other:
        for path in ("", "/visits", "/timeline"):
            assert (await other.ask(f"/visitors/{browser.visitor}{path}")).problem["status"] == 404
        assert (await other.ask(f"/contacts/{ids.contact_id(SITE, 'ada@mill.example')}")).problem["status"] == 404
        assert (await other.get("/visitors", anonymous_id="a-1"))["data"] == []
        assert (await other.get("/alerts"))["data"] == []
        assert (await other.get("/changes"))["data"] == []
    assert len((await feed.get("/alerts"))["data"]) == 1


async def test_a_page_of_two_hundred_is_answered_whole(shop: Shop, feed: Reader, clock: Clock) -> None:
    events = []
    for number in range(230):
        browser = third_visit(clock.now, starts=WEEKS, anonymous_id=f"a-{number}")
        events += browser.events
    await shop.take(events)
    page = await feed.get("/visitors", limit=200)
    assert len(page["data"]) == 200
    assert all(visitor["reasons"] and visitor["contact"] for visitor in page["data"])
    rest = await feed.get("/visitors", limit=200, cursor=page["next_cursor"])
    assert (len(rest["data"]), rest["next_cursor"]) == (30, None)


@pytest.mark.parametrize(
    ("header", "status", "challenge"),
    [
        (None, 401, 'Bearer realm="leadlight"'),
        ("Basic bGxrOg==", 401, 'Bearer realm="leadlight"'),
        ("Bearer", 401, 'Bearer realm="leadlight"'),
        ("Bearer llk_wrong\u00e9", 401, 'Bearer realm="leadlight", error="invalid_token"'),
        (f"Bearer {WRITE_KEY}", 403, 'Bearer realm="leadlight", error="insufficient_scope", scope="read"'),
    ],
)
async def test_who_may_not_read_is_told_why(feed: Reader, header: str | None, status: int, challenge: str) -> None:
    headers = {"Authorization": header} if header else {}
    async with Reader.at(feed.address) as stranger:
        stranger.client.headers.popall("Authorization")
        answer = await stranger.ask("/visitors", headers=headers)
    assert answer.problem["status"] == status
    assert answer.headers["WWW-Authenticate"] == challenge


async def test_a_revoked_key_soon_stops_working(shop: Shop, feed: Reader, clock: Clock) -> None:
    assert (await feed.ask("/visitors")).status == 200
    async with shop.database.begin() as connection:
        await keys.revoke(connection, SITE, READ_KEY, now=clock.now)
    await asyncio.sleep(REMEMBERED_SECONDS)
    assert (await feed.ask("/visitors")).problem["status"] == 401


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/visitors", {"limit": "0"}, 422),
        ("/visitors", {"limit": "201"}, 422),
        ("/visitors", {"limit": "many"}, 422),
        ("/visitors", {"intent": "boiling"}, 422),
        ("/visitors", {"min_score": "101"}, 422),
        ("/visitors", {"since": "yesterday"}, 422),
        ("/visitors", {"order": "random"}, 422),
        ("/visitors", {"cursor": "x"}, 400),
        ("/visitors", {"cursor": "%%%"}, 400),
        ("/visitors", {"cursor": "\u2603"}, 400),
        ("/visitors", {"cursor": "WyJ2aXNpdHMiLCIyMDI2LTAxLTAxVDAwOjAwOjAwWiJd"}, 400),  # one of the visits
        ("/visitors", {"cursor": "WyJsaXN0IiwiMjAyNi0wMS0wMVQwMDowMDowMCIsIngiLGZhbHNlXQ"}, 400),  # without a zone
        ("/visitors", {"cursor": "WyJsaXN0IiwiMjAyNi0wMS0wMVQwMDowMDowMFoiLCJcdTAwMDAiLGZhbHNlXQ"}, 400),  # NUL
        ("/changes", {"cursor": "WyJjaGFuZ2VzIix7IngiOi0xfV0"}, 400),
        ("/changes", {"cursor": "WyJjaGFuZ2VzIix7IngiOjk5OTk5OTk5OTk5OTk5OTk5OTk5fV0"}, 400),
        ("/visitors", {"anonymous_id": "a\x00b"}, 400),
        ("/visitors/nobody", {}, 404),
        ("/visitors/a\x00b", {}, 400),
        ("/visitors/nobody/visits", {}, 404),
        ("/contacts/nobody", {}, 404),
        ("/nothing", {}, 404),
    ],
)
async def test_nonsense_is_refused_with_the_reason(feed: Reader, path: str, query: dict[str, str], status: int) -> None:
    answer = await feed.ask(path, query)
    assert answer.problem["status"] == status


async def test_strange_but_possible_questions_find_nobody(feed: Reader) -> None:
    for query in (
        {"anonymous_id": "\U0001f600" * 200},
        {"anonymous_id": ""},
        {"email": "\ud83d\ude00@x".encode("utf-16", "surrogatepass").decode("utf-16")},
        {"company": "..."},
        {"since": "0001-01-01T00:00:00+14:00", "anonymous_id": "nobody"},
        {"since": "9999-12-31T23:59:59-12:00"},
    ):
        assert (await feed.get("/visitors", **query))["data"] == []


async def test_who_asks_too_often_is_told_when_to_come_back(feed: Reader) -> None:
    async def ask(_number: int) -> tuple[int, str | None]:
        answer = await feed.ask("/alerts", {"limit": 1})
        return answer.status, answer.headers.get("Retry-After")

    answers = await asyncio.gather(*(ask(number) for number in range(600)))
    assert {status for status, _ in answers} == {200, 429}
    assert all(retry is not None and int(retry) >= 1 for status, retry in answers if status == 429)
