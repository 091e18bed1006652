"""The oracle on examples small enough to work out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.journey.oracle import Expected, Received, recompute
from tests.journey.visitors.sender import Post

NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
RECEIVED = NOON + timedelta(days=3)
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def _at(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def _page(minutes: float, message: str = "", **more: Any) -> dict[str, Any]:
    message = message or f"page-{minutes}"
    properties = {"path": "/pricing"}
    return {"type": "page", "messageId": message, "timestamp": _at(minutes), "properties": properties, **more}


def _engaged(view: str, seconds: float, until: float, **more: Any) -> dict[str, Any]:
    properties = {"page_view_id": view, "engaged_ms": int(seconds * 1000), "active_until": _at(until)}
    call = {"type": "track", "event": "Page Engaged", "timestamp": _at(until)}
    return {**call, "messageId": f"engaged-{view}-{seconds}-{until}", "properties": properties, **more}


def _identify(minutes: float, user_id: str | None = None, **traits: str) -> dict[str, Any]:
    call = {"type": "identify", "messageId": f"identify-{minutes}", "timestamp": _at(minutes), "traits": traits}
    return call | ({} if user_id is None else {"userId": user_id})


def _visitor(
    *events: dict[str, Any], clock_error: timedelta | None = None, headers: dict[str, str] | None = None
) -> Expected:
    mine = [
        event if "userId" in event and event["type"] != "identify" else {"anonymousId": "a", **event}
        for event in events
    ]
    post = Post("/v1/batch", headers or PERSON, {"batch": mine}, clock_error)
    sent_at = None if clock_error is None else RECEIVED + clock_error
    (only,) = recompute([Received(post, sent_at, RECEIVED)]).values()
    return only


def test_a_pause_of_half_an_hour_ends_the_visit_and_a_second_less_does_not() -> None:
    assert _visitor(_page(0), _page(30 - 1 / 60)).visits == 1
    assert _visitor(_page(0), _page(30)).visits == 2


def test_the_pause_counts_from_where_attention_ended() -> None:
    read = _visitor(_page(0, "p"), _engaged("p", 40, 10), _page(39.9))
    assert (read.visits, read.activities, read.engaged_seconds) == (1, 2, 40)
    assert read.elapsed_seconds == 39.9 * 60


def test_a_late_message_bridges_two_visits() -> None:
    apart = (_page(0, "p"), _page(50))
    assert _visitor(*apart).visits == 2
    assert _visitor(*apart, _engaged("p", 40, 25)).visits == 1


def test_a_visit_is_counted_for_each_day_begun() -> None:
    day = 24 * 60
    assert _visitor(_page(0, "p"), _engaged("p", 60, day)).visits == 1
    assert _visitor(_page(0, "p"), _engaged("p", 60, day + 1)).visits == 2


def test_the_largest_engaged_time_of_each_page_view_counts_and_strangers_do_not() -> None:
    read = _visitor(
        _page(0, "p"),
        _page(1, "q"),
        _engaged("p", 9, 0.5),
        _engaged("p", 4, 2),
        _engaged("q", 7.5, 3),
        _engaged("?", 60, 4),
    )
    assert (read.engaged_seconds, read.page_views, read.activities) == (16.5, 2, 2)
    assert read.last_seen_at == NOON + timedelta(minutes=3)


def test_attention_that_ends_before_its_page_view_takes_no_time() -> None:
    assert _visitor(_page(5, "p"), _engaged("p", 0, 4)).elapsed_seconds == 0


def test_identify_and_page_engaged_are_no_activities() -> None:
    read = _visitor(
        _page(0), _identify(0, email="ada@quillon.example"), {**_page(1), "type": "track", "event": "Form Submitted"}
    )
    assert (read.page_views, read.activities, read.visits) == (1, 2, 1)


def test_the_first_copy_of_an_event_counts() -> None:
    read = _visitor(_page(0, "p"), _page(90, "p"))
    assert (read.page_views, read.last_seen_at) == (1, NOON)


def test_events_without_an_id_are_known_by_their_content() -> None:
    nameless = {"type": "page", "timestamp": _at(0), "properties": {"path": "/"}}
    assert _visitor(nameless, dict(nameless), {**nameless, "timestamp": _at(1)}).page_views == 2


def test_the_latest_claim_names_the_contact_whatever_the_order() -> None:
    read = _visitor(_identify(9, email="Ada@mail.Quillon.example"), _identify(3, email="bela@gmail.com"))
    assert (read.email, read.company_domain) == ("ada@mail.quillon.example", "quillon.example")
    free = _visitor(_identify(3, email="bela@gmail.com"))
    assert (free.email, free.company_domain) == ("bela@gmail.com", None)


def test_generic_ids_and_opaque_user_ids_name_no_contact() -> None:
    for nobody in ("null", "anonymous", "undefined", "0", "[object Object]", "usr_42"):
        assert _visitor(_identify(0, nobody, email=nobody)).email is None


def test_server_events_are_a_visitor_of_their_own_by_user_id() -> None:
    opaque = _visitor({**_page(0), "userId": "acct_7"})
    assert (opaque.key, opaque.email) == ("user:acct_7", None)
    spoken = _visitor({**_page(0), "userId": "ada@quillon.example"})
    assert (spoken.key, spoken.email) == ("user:ada@quillon.example", "ada@quillon.example")


def test_a_clock_is_put_right_only_when_it_is_off_by_more_than_half_a_minute() -> None:
    wrong = _visitor(_page(60, "p"), _engaged("p", 8, 61), clock_error=timedelta(hours=1))
    assert (wrong.first_seen_at, wrong.last_seen_at) == (NOON, NOON + timedelta(minutes=1))
    assert wrong.receipt_counts
    nearly = _visitor(_page(60), clock_error=timedelta(seconds=30))
    assert (nearly.first_seen_at, nearly.receipt_counts) == (NOON + timedelta(hours=1), False)


def test_no_time_and_times_to_come_are_the_time_of_receipt() -> None:
    read = _visitor({**_page(0), "timestamp": None}, _page(60 * 24 * 9, "p"), _engaged("p", 5, 60 * 24 * 10))
    assert (read.first_seen_at, read.last_seen_at) == (RECEIVED, RECEIVED)


def test_an_agent_makes_a_bot_unless_it_is_only_the_librarys() -> None:
    library = {"User-Agent": "python-requests/2.32.3"}
    assert not _visitor(_page(0), headers=library).bot
    assert _visitor(_page(0), headers={**library, "Origin": "https://www.fernwerk.example"}).bot
    assert _visitor(_page(0, context={"userAgent": "Googlebot/2.1"}), headers=library).bot
