"""The oracle's scores on visitors small enough to work out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journey.oracle import Expected, Fact, PageRead, Run
from tests.journey.scoring import Line, Rules, category, default_rules, expected_score, intent, lines, total

NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
FORTNIGHT = timedelta(days=14)
RULES: Rules = {
    "half_life_days": 14,
    "categories": {"blog": ["/blog*"], "pricing": ["/pricing*", "*/pricing"]},
    "rules": [
        {"name": "price", "when": {"read": "pricing"}, "points": 50, "again": 5, "cap": 2},
        {"name": "back", "when": {"returned": True}, "points": 8, "cap": 1},
        {"name": "rested", "when": {"returned_after_days": 7}, "points": 10},
        {"name": "sent", "when": {"event": ["Form *"]}, "points": 30},
    ],
}


def _read(minutes: float, path: str = "/pricing", *, seconds: float = 9) -> PageRead:
    at = NOON + timedelta(minutes=minutes)
    return PageRead(f"view-{minutes}", path, at, at + timedelta(seconds=seconds), int(seconds * 1000))


def _points(visitor: Expected) -> list[tuple[str, float]]:
    return [(line.rule, line.points) for line in lines(visitor, RULES)]


def test_a_page_counts_from_five_seconds_on_once_an_hour_and_again_once() -> None:
    assert _points(Expected("v", reads=[_read(1, seconds=4.999)])) == []
    assert _points(Expected("v", reads=[_read(1, seconds=5)])) == [("price", 50)]
    assert _points(Expected("v", reads=[_read(1), _read(20), _read(59.9)])) == [("price", 55)]
    assert _points(Expected("v", reads=[_read(1), _read(60)])) == [("price", 50), ("price", 50)]


def test_only_the_latest_lines_of_a_rule_count() -> None:
    reads = [_read(0), _read(60), _read(120)]
    now = NOON + timedelta(minutes=120)
    assert total(lines(Expected("v", reads=reads), RULES), RULES, now, FORTNIGHT) == pytest.approx(
        50 + 50 * 0.5 ** (1 / 24 / 14)
    )


def test_points_halve_in_a_fortnight_and_are_known_to_an_hour() -> None:
    score = expected_score(Expected("v", reads=[_read(0)]), RULES, NOON + FORTNIGHT)
    assert 24.9 < score.least < 25 < score.most < 25.1
    assert score.allows(25)
    assert not score.allows(24)


def test_coming_back_counts_from_the_second_visit_and_more_after_a_week() -> None:
    day = timedelta(days=1)
    runs = [Run(NOON + day * start, NOON + day * start) for start in (0, 1, 7.9, 14.9)]
    assert _points(Expected("v", runs=runs)) == [("back", 8), ("back", 8), ("back", 8), ("rested", 10)]


def test_an_event_counts_by_its_name() -> None:
    tracks = [Fact("track", name, name, NOON, None, {}, "", False) for name in ("Form Sent", "Form", "Video Played")]
    assert _points(Expected("v", tracks=tracks)) == [("sent", 30)]


def test_hot_begins_at_seventy_and_lasts_until_sixty() -> None:
    def at(points: float, days: float) -> str:
        return intent([Line("price", points, NOON)], RULES, NOON + timedelta(days=days), FORTNIGHT)

    assert (at(69.4, 0), at(70, 0), at(70, 3), at(70, 3.5), at(69.4, 3)) == ("warm", "hot", "hot", "warm", "warm")
    assert (at(39.5, 0), at(39.5, 1)) == ("warm", "cold")


def test_what_speaks_against_a_purchase_is_never_less_than_nothing() -> None:
    rules = {**RULES, "rules": [{"name": "jobs", "when": {"read": "pricing"}, "points": -15}]}
    score = expected_score(Expected("v", reads=[_read(0)]), rules, NOON + timedelta(hours=1))
    assert score.allows(0)
    assert score.intents == {"cold"}


def test_the_first_category_that_fits_is_taken_and_every_default_condition_is_known() -> None:
    rules = default_rules()
    told = {
        path: category(path, rules["categories"]) for path in ("/", "/Pricing", "/docs/security", "/careers/welder")
    }
    assert told == {"/": None, "/Pricing": "pricing", "/docs/security": "security", "/careers/welder": "careers"}
    assert lines(Expected("v", reads=[_read(0)]), rules)[0].points == 25
