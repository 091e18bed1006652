"""The console's words and its curve, as pure functions."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from leadlight.core.objects import Agent, CompanyRef, ContactRef, Location, Reason, Signal, Visitor
from leadlight.core.scoring.ledger import Line, hour_of
from leadlight.core.scoring.score import reasons
from leadlight.store.rules import default_rules
from services.console import curve, words
from services.console.guard import from_our_own_page
from services.console.live import frame
from services.console.render import web_address

NOW = datetime(2026, 11, 22, 9, 12, tzinfo=UTC)


def visitor(contact: ContactRef | None = None, company: CompanyRef | None = None, city: str | None = None) -> Visitor:
    return Visitor(
        id="v",
        site="s",
        anonymous_id="a",
        bot=False,
        first_seen_at=None,
        last_seen_at=None,
        updated_at=NOW,
        visits=1,
        page_views=1,
        activities=1,
        engaged_seconds=0,
        elapsed_seconds=0,
        score=0,
        intent="cold",
        fit=None,
        grade="D",
        stage="lead",
        contact=contact,
        company=company,
        location=Location(None, None, city),
        agent=Agent("laptop or desktop", "Firefox 144", None),
        signals=[],
        reasons=[],
        bot_reasons=[],
        bot_evidence=[],
        demo=False,
        hot_since=None,
        network=None,
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (108, "1 min 48 s"),
        (725, "12 min"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (86_400, "1 day"),
        (900_000, "10 days"),
    ],
)
def test_durations_are_said_in_two_units_at_the_most(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=9), "now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=6, seconds=50), "6 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(hours=25), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=29), "24 October"),
        (timedelta(days=400), "18 October 2025"),
    ],
)
def test_times_are_said_relative_to_now(ago: timedelta, said: str) -> None:
    assert words.ago(NOW - ago, NOW) == said


def test_who_it_is_is_said_as_surely_as_it_is_known() -> None:
    mara = ContactRef("c", "mara@norrvik.example", "Mara Lindqvist", None, "Head of Purchasing")
    mail = ContactRef("c", "mara@norrvik.example")
    norrvik = CompanyRef("n", "norrvik.example", "Norrvik Foods", "work_email", 0.95)
    assert words.who(visitor(mara, norrvik)) == "Mara Lindqvist"
    assert words.what_else(visitor(mara, norrvik)) == "Head of Purchasing, Norrvik Foods"
    assert words.who(visitor(mail)) == "mara@norrvik.example"
    assert words.who(visitor(None, norrvik)) == "Someone at Norrvik Foods"
    assert words.what_else(visitor(None, norrvik, "Oslo")) == "By work e-mail, 0.95 sure · Oslo"
    assert words.who(visitor()) == "Unknown visitor"
    assert words.what_else(visitor(city="Lyon")) == "Lyon · Computer, Firefox 144"


@pytest.mark.parametrize(
    ("points", "score", "whole"),
    [
        ((24.6, 12.4, 7.3, -4.7, 0.2), 40, [25, 13, 7, -5, 0]),
        ((40.25, 44.25), 84, [40, 44]),  # 84.4996, rounded for readers
        ((60.5, 61.4), 100, [61, 61]),
        ((-15.0, 3.2), 0, [-15, 3]),
        ((), 0, []),
    ],
)
def test_whole_points_add_up_to_the_score(points: tuple[float, ...], score: int, whole: list[int]) -> None:
    given = [Reason("a", each, NOW, "") for each in points]
    assert words.whole_points(given, score) == whole
    assert sum(whole) == score or score in (0, 100)


def test_longer_times_in_reasons_are_said_as_people_do() -> None:
    assert (
        words.reason("Read a comparison for 242 s, twice within the hour")
        == "Read a comparison for 4 min 2 s, twice within the hour"
    )
    assert words.reason("Read the blog for 9 s") == "Read the blog for 9 s"
    assert (
        words.together(["Read the pricing page for 48 s", "Said who they are"])
        == "Read the pricing page for 48 s, said who they are"
    )


def test_how_often_a_sign_was_given_is_said_shortly() -> None:
    assert words.signal(Signal("pricing_read", 1, NOW, NOW)) == "Pricing read"
    assert words.signal(Signal("pricing_read", 3, NOW, NOW)) == "Pricing read \u00d73"
    assert words.signal(Signal("identified", 57, NOW, NOW)) == "Said who they are"
    assert words.signal(Signal("own_rule", 1_200, NOW, NOW)) == "Own rule \u00d71,200"


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ("https://www.fernhall.example/pricing", True),
        ("http://127.0.0.1:8001/", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("https://[bad", False),
        ("https:", False),
        ("/pricing", False),
        ("", False),
        (None, False),
    ],
)
def test_only_whole_web_addresses_may_become_links(given: str | None, link: bool) -> None:
    assert web_address(given) == (given if link else None)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "https://leads.example"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "https://leads.example"}, True),
        ({"origin": "https://leads.example.evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, True),
    ],
)
def test_only_our_own_pages_may_change_anything(headers: dict[str, str], ours: bool) -> None:
    assert from_our_own_page(headers, hosts={"leads.example"}) is ours


def test_an_event_of_several_lines_stays_one() -> None:
    assert frame("toast", "<div>\n</div>", "b.1") == "id: b.1\nevent: toast\ndata: <div>\ndata: </div>\n\n"
    assert frame("visitors", "", "b.1") == "id: b.1\nevent: visitors\ndata: \n\n"


def line(rule: str, ago: timedelta) -> Line:
    at = NOW - ago
    return Line(rule, hour_of(at), at, 1, 30_000)


def test_the_curve_ends_where_the_reasons_add_up_to() -> None:
    rules = default_rules()
    lines = [line("pricing_read", timedelta(days=n)) for n in (20, 9, 3, 0.5)] + [line("identified", timedelta(days=2))]
    total = curve.total_at(lines, rules, NOW)
    assert total == pytest.approx(sum(reason.points for reason in reasons(lines, rules, NOW)))
    drawn = curve.draw(lines, rules, now=NOW)
    assert drawn is not None
    last = float(drawn.path.rsplit(" ", 1)[1])
    assert last == pytest.approx(curve.y(total), abs=0.1)
    assert drawn.hot_y == curve.y(70)


def test_the_curve_jumps_at_each_line_and_falls_in_between() -> None:
    drawn = curve.draw(
        [line("pricing_read", timedelta(days=10)), line("demo_read", timedelta(days=4))], default_rules(), now=NOW
    )
    assert drawn is not None
    corners = [tuple(map(float, part.strip("M").split())) for part in drawn.path.split(" L")]
    heights = [y for _, y in corners]
    rises = [later < before for before, later in pairwise(heights)]
    assert sum(rises) == 2
    assert [x for x, _ in corners] == sorted(x for x, _ in corners)


def test_without_points_there_is_no_curve() -> None:
    assert curve.draw([], default_rules(), now=NOW) is None
