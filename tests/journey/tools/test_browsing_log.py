"""The browsing log is the same for its seed, and holds each difficulty it promises."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.journey.browsing_log import BrowsingLog, browsing_log
from tests.journey.oracle import Expected, Received, recompute
from tests.journey.visitors import cast
from tests.journey.visitors.sender import Event

NOW = datetime(2026, 3, 20, 14, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def log() -> BrowsingLog:
    return browsing_log(NOW)


@pytest.fixture(scope="module")
def expected(log: BrowsingLog) -> dict[str, Expected]:
    return recompute(_received(log))


def _received(log: BrowsingLog) -> list[Received]:
    return [Received(post, None if post.clock_error is None else NOW + post.clock_error, NOW) for post in log.posts]


def _key(event: Event) -> str:
    return str(event.get("anonymousId") or event["userId"])


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event.get("timestamp") or event["originalTimestamp"])


def test_the_same_seed_makes_the_same_log(log: BrowsingLog) -> None:
    assert browsing_log(NOW).posts == log.posts
    assert browsing_log(NOW, seed=8).posts != log.posts


def test_it_is_a_thousand_visitors_with_some_ten_thousand_events(
    log: BrowsingLog, expected: dict[str, Expected]
) -> None:
    different = {(_key(event), event.get("messageId") or repr(event)) for event in log.events}
    assert 1000 <= len(expected) <= 1010
    assert 9_000 <= len(different) <= 12_000
    assert len(log.events) > len(different) * 1.05
    assert max(Counter(key for key, _ in different).values()) < 200


def test_every_post_is_json_and_keeps_the_size_limits(log: BrowsingLog) -> None:
    for post in log.posts:
        assert len(json.dumps(post.stamped(NOW))) < 500_000
        assert all(len(json.dumps(event)) < 32_000 for event in post.events)


def test_visits_pause_around_half_an_hour_to_the_second(expected: dict[str, Expected]) -> None:
    pauses: Counter[float] = Counter()
    for visitor in expected.values():
        points = sorted([(read.at, read.until) for read in visitor.reads])
        pauses.update((later - end).total_seconds() for (_, end), (later, _) in pairwise(points))
    assert all(pauses[seconds] > 10 for seconds in (1799, 1799.999, 1800, 1801))


def test_tabs_interleave_and_one_page_is_kept_open_beside_another(expected: dict[str, Expected]) -> None:
    overlapping = 0
    for visitor in expected.values():
        overlapping += any(later.at < earlier.until for earlier, later in pairwise(visitor.reads))
    assert overlapping > 50


def test_runs_over_a_day_count_a_visit_for_each_day_begun(expected: dict[str, Expected]) -> None:
    lengths = {(run.end - run.start, run.visits) for visitor in expected.values() for run in visitor.runs}
    assert (timedelta(hours=24), 1) in lengths
    assert (timedelta(hours=24, seconds=1), 2) in lengths
    assert (timedelta(hours=50), 3) in lengths


def test_engaged_time_repeats_cumulatively_and_comes_before_after_and_without_its_page_view(log: BrowsingLog) -> None:
    viewed: set[tuple[str, str]] = set()
    before, repeats = 0, Counter[tuple[str, str]]()
    told = set()
    for event in log.events:
        if event["type"] == "page":
            viewed.add((_key(event), event.get("messageId", "")))
        elif event.get("event") == "Page Engaged":
            page = (_key(event), event["properties"]["page_view_id"])
            before += page not in viewed
            repeats[page] += 1
            told.add(page)
    assert before > 100
    assert sum(count > 1 for count in repeats.values()) > 500
    assert told - viewed


def test_posts_and_events_come_twice_late_and_out_of_order(log: BrowsingLog) -> None:
    bodies = Counter(repr((post.path, post.body)) for post in log.posts)
    assert sum(count > 1 for count in bodies.values()) > 100
    latest: dict[str, datetime] = {}
    backwards = 0
    lateness = []
    newest = datetime.min.replace(tzinfo=UTC)
    for post in log.posts:
        for event in post.events:
            if post.clock_error or "timestamp" not in event or _time(event) > NOW:
                continue
            key, at = _key(event), _time(event)
            backwards += at < latest.get(key, at)
            latest[key] = max(at, latest.get(key, at))
            newest = max(newest, at)
            lateness.append(newest - at)
    assert backwards > 500
    assert sum(late > timedelta(hours=1) for late in lateness) > 300
    assert sum(late > timedelta(days=1) for late in lateness) > 100


def test_one_person_has_two_devices_and_one_browser_two_people(log: BrowsingLog) -> None:
    browsers, addresses = defaultdict(set), defaultdict(set)
    for event in log.events:
        email = str(event.get("traits", {}).get("email") or event.get("userId")).lower()
        if "@" in email and "anonymousId" in event:
            browsers[email].add(event["anonymousId"])
            addresses[event["anonymousId"]].add(email)
    assert sum(len(found) == 2 for found in browsers.values()) >= 25
    assert sum(len(found) == 2 for found in addresses.values()) >= 15


def test_generic_ids_are_tried_and_identify_no_one(log: BrowsingLog, expected: dict[str, Expected]) -> None:
    generic = {event.get("userId") for event in log.events if event["type"] == "identify"}
    assert set(cast.NOBODY) <= generic
    named = [visitor.email for visitor in expected.values() if visitor.email]
    assert not {email for email in named if "@" not in email}


def test_there_are_people_with_work_addresses_with_free_mail_and_crawlers(expected: dict[str, Expected]) -> None:
    visitors = list(expected.values())
    assert sum(visitor.company_domain is not None for visitor in visitors) > 80
    assert sum(visitor.email is not None and visitor.company_domain is None for visitor in visitors) > 20
    assert 25 <= sum(visitor.bot for visitor in visitors) <= 35


def test_clocks_are_wrong_by_seconds_and_by_years(log: BrowsingLog) -> None:
    errors = {abs(post.clock_error) for post in log.posts if post.clock_error is not None}
    assert {error for error in errors if timedelta(0) < error < timedelta(seconds=30)}
    assert {error for error in errors if error > timedelta(days=365)}
    assert any(post.clock_error is None for post in log.posts)


def test_some_events_come_from_the_future_without_a_time_or_from_long_ago(log: BrowsingLog) -> None:
    timed = [event for event in log.events if "timestamp" in event or "originalTimestamp" in event]
    assert len(timed) < len(log.events)
    assert any(_time(event) > NOW + timedelta(days=10_000) for event in timed)
    assert any(_time(event) < NOW - timedelta(days=400) for event in timed)


def test_what_depends_on_the_receipt_is_the_same_a_minute_later(log: BrowsingLog) -> None:
    def numbers(at: datetime) -> dict[str, tuple[int, int, int, float]]:
        shifted = [
            Received(arrival.post, None if (sent := arrival.sent_at) is None else sent + (at - NOW), at)
            for arrival in _received(log)
        ]
        found = recompute(shifted).values()
        return {each.key: (each.visits, each.page_views, each.activities, each.engaged_seconds) for each in found}

    assert numbers(NOW) == numbers(NOW + timedelta(minutes=1))


def test_ids_are_missing_or_shared_between_browsers(log: BrowsingLog) -> None:
    owners = defaultdict(set)
    for event in log.events:
        owners[event.get("messageId")].add(_key(event))
    assert len(owners[None]) >= 10
    assert len(owners["m-1"]) >= 10


def test_libraries_speak_for_many_visitors_and_servers_for_users(log: BrowsingLog) -> None:
    assert any(len({_key(event) for event in post.events}) > 1 for post in log.posts)
    assert any("anonymousId" not in event for event in log.events)
    assert any(event["type"] == "screen" for event in log.events)


def test_strangers_are_named_by_colleagues_alone_and_links_introduce_readers_alone(
    expected: dict[str, Expected],
) -> None:
    visitors = list(expected.values())
    ways = Counter(visitor.how for visitor in visitors)
    assert (ways["first_party"], ways["tracked_link"]) == (3, 6)
    landed = [visitor for visitor in visitors if any(read.link for read in visitor.reads)]
    assert Counter(visitor.email is None for visitor in landed) == {True: 18, False: 6}
    shared = Counter(address for visitor in visitors for address in visitor.addresses)
    unnamed = [v for v in visitors if v.how is None and v.email is None and any(shared[a] > 3 for a in v.addresses)]
    assert len(unnamed) == 15
