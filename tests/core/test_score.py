"""The score: it decays, it explains itself, and its band remembers without depending on the order of arrival."""

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadlight.core.scoring.grade import Fit, advice, grade_of
from leadlight.core.scoring.ledger import Line, hour_of
from leadlight.core.scoring.rules import Rules, parse_rules
from leadlight.core.scoring.score import Intent, decayed, heat_of, reasons, rounded, score_at, standing
from tests.core.browsing import DAY, HOUR, MINUTE, NOON

HALF_LIFE = 14 * 24 * 3600.0

RULES = parse_rules(
    """
half_life_days: 14
rules:
  - {name: a, when: {event: A}, points: 33, again: 7, cap: 2, text: A}
  - {name: b, when: {event: B}, points: 28, cap: 1, text: B}
  - {name: c, when: {event: C}, points: -25, cap: 2, text: C}
  - {name: d, when: {event: D}, points: 5.5, cap: 3, text: D}
"""
)

lines = st.builds(
    lambda rule, hours, count: Line(rule, hour_of(NOON) - hours, NOON - hours * HOUR, count),
    st.sampled_from("abcd"),
    st.one_of(st.integers(0, 30), st.integers(0, 2000), st.integers(3000, 4000)),
    st.integers(1, 3),
)
ledgers = st.lists(lines, max_size=25, unique_by=lambda line: line.key)


def plain_total(ledger: Sequence[Line], rules: Rules, at: datetime, *, now: datetime) -> float:
    """The total at a moment, from nothing but the definition: each rule's latest lines, each decayed on its own."""
    total = []
    for rule in rules.rules:
        own = [line for line in ledger if line.rule == rule.name and line.at <= at]
        own = [line for line in own if hour_of(now) - line.hour <= 140 * 24]
        own.sort(key=lambda line: line.at)
        for line in own[-rule.cap :]:
            total.append(rule.points_of(line.count) * 0.5 ** ((at - line.at).total_seconds() / HALF_LIFE))
    return math.fsum(total)


def plain_intent(ledger: Sequence[Line], now: datetime) -> Intent:
    """Hot: some moment's score reached 70, and none since was below 60. Moments just before each line count too."""
    moments = sorted({line.at for line in ledger if hour_of(now) - line.hour <= 140 * 24} | {now})
    hot = False
    for moment in moments:
        before = plain_total([line for line in ledger if line.at < moment], RULES, moment, now=now)
        hot = hot and before >= 59.5
        total = plain_total(ledger, RULES, moment, now=now)
        assume(all(abs(value - edge) > 1e-6 for value in (before, total) for edge in (39.5, 59.5, 69.5)))
        hot = total >= 69.5 or (hot and total >= 59.5)
    if hot:
        return Intent.HOT
    return Intent.WARM if plain_total(ledger, RULES, now, now=now) >= 39.5 else Intent.COLD


@given(ledgers, st.integers(0, 60))
def test_the_band_is_what_the_definition_says(ledger: list[Line], days: int) -> None:
    now = NOON + days * DAY
    assert standing(ledger, RULES, now).intent is plain_intent(ledger, now)


@given(ledgers.flatmap(lambda ledger: st.tuples(st.just(ledger), st.permutations(ledger))), st.integers(0, 60))
def test_the_order_of_lines_does_not_matter(ledgers: tuple[list[Line], list[Line]], days: int) -> None:
    now = NOON + days * DAY
    ledger, shuffled = ledgers
    assert standing(shuffled, RULES, now) == standing(ledger, RULES, now)
    assert reasons(shuffled, RULES, now) == reasons(ledger, RULES, now)


@given(ledgers, st.integers(0, 60))
def test_current_points_add_up_to_the_score(ledger: list[Line], days: int) -> None:
    now = NOON + days * DAY
    where = standing(ledger, RULES, now)
    total = decayed(where.points, age_seconds=(now - where.as_of).total_seconds(), half_life_seconds=HALF_LIFE)
    told = math.fsum(reason.points for reason in reasons(ledger, RULES, now))
    assert told == pytest.approx(total, rel=1e-12, abs=1e-12)
    assert told == pytest.approx(plain_total(ledger, RULES, now, now=now), rel=1e-9, abs=1e-9)


@given(ledgers, st.integers(0, 60))
def test_the_next_change_is_told_in_advance_to_the_millisecond(ledger: list[Line], days: int) -> None:
    now = NOON + days * DAY
    where = standing(ledger, RULES, now)
    if where.intent is Intent.COLD:
        assert where.next_change_at is None
        return
    assert where.next_change_at is not None
    assert where.next_change_at > now
    kept = [line for line in ledger if hour_of(where.next_change_at) - line.hour <= 140 * 24]
    assume(kept == ledger)  # a line that stops counting after ten half-lives is worth a thousandth
    assert standing(ledger, RULES, where.next_change_at + timedelta(milliseconds=1)).intent is not where.intent
    if where.next_change_at > now + timedelta(milliseconds=2):
        assert standing(ledger, RULES, where.next_change_at - timedelta(milliseconds=2)).intent is where.intent


@given(st.floats(-500, 500), st.integers(0, 10**9), st.integers(0, 10**9))
def test_decaying_in_two_steps_is_decaying_in_one(points: float, first: int, second: int) -> None:
    stepwise = decayed(
        decayed(points, age_seconds=first, half_life_seconds=HALF_LIFE),
        age_seconds=second,
        half_life_seconds=HALF_LIFE,
    )
    at_once = decayed(points, age_seconds=first + second, half_life_seconds=HALF_LIFE)
    assert stepwise == pytest.approx(at_once, rel=1e-9, abs=1e-200)


@given(st.floats(0.01, 500), st.integers(0, 1000), st.floats(0.01, 500), st.integers(0, 1000), st.integers(0, 2000))
def test_heat_sorts_by_current_score_at_every_time(
    points: float, hours: int, other: float, other_hours: int, later: int
) -> None:
    now = NOON + later * HOUR
    ages = (now - (NOON - hours * HOUR)).total_seconds(), (now - (NOON - other_hours * HOUR)).total_seconds()
    current = [
        decayed(total, age_seconds=age, half_life_seconds=HALF_LIFE)
        for total, age in zip((points, other), ages, strict=True)
    ]
    assume(abs(math.log2(current[0] / current[1])) > 1e-6)
    heats = [
        heat_of(total, as_of=NOON - age * HOUR, half_life_seconds=HALF_LIFE) or 0.0
        for total, age in ((points, hours), (other, other_hours))
    ]
    assert (current[0] > current[1]) == (heats[0] > heats[1])


def test_half_is_left_after_14_days() -> None:
    assert score_at(80, as_of=NOON, now=NOON + 14 * DAY, half_life_seconds=HALF_LIFE) == 40
    assert score_at(80, as_of=NOON, now=NOON - MINUTE, half_life_seconds=HALF_LIFE) == 80


@pytest.mark.parametrize(
    ("total", "score"), [(-30.0, 0), (0.0, 0), (0.4, 0), (0.5, 1), (61.5, 62), (62.5, 63), (100.2, 100), (400.0, 100)]
)
def test_the_score_is_cut_and_rounded_when_read(total: float, score: int) -> None:
    assert rounded(total) == score


def test_hot_lasts_until_the_score_falls_below_60() -> None:
    ledger = [Line("a", hour_of(NOON) - 1, NOON - HOUR, 2), Line("a", hour_of(NOON), NOON, 2)]
    intents = [standing(ledger, RULES, NOON + days * DAY).intent for days in (0, 5, 6, 14, 15)]
    assert intents == [Intent.HOT, Intent.HOT, Intent.WARM, Intent.WARM, Intent.COLD]
    assert standing(ledger, RULES, NOON).hot_since == NOON


def test_a_score_between_60_and_70_is_hot_or_warm_by_its_past() -> None:
    risen = [Line("a", hour_of(NOON), NOON), Line("b", hour_of(NOON), NOON)]
    fallen = [*risen, Line("a", hour_of(NOON) - 1, NOON - HOUR)]
    week = NOON + 7 * DAY
    assert 60 < standing(risen, RULES, NOON).points < 70
    assert standing(risen, RULES, NOON).intent is Intent.WARM
    assert 60 < math.fsum(reason.points for reason in reasons(fallen, RULES, week)) < 70
    assert standing(fallen, RULES, week).intent is Intent.HOT


@pytest.mark.parametrize(("cooled", "intent"), [(1, Intent.HOT), (9, Intent.WARM)])
def test_what_cools_a_hot_visitor_to_64_leaves_them_hot_but_64_reached_from_below_is_warm(
    cooled: int, intent: Intent
) -> None:
    rises = [("a", 3, 2), ("a", 4, 1), ("d", 5, 1), ("d", 6, 1), ("d", 7, 1), ("c", cooled, 1)]
    ledger = [Line(rule, hour_of(NOON) - hours, NOON - hours * HOUR, count) for rule, hours, count in rises]
    where = standing(ledger, RULES, NOON)
    assert 63 < where.points < 66
    assert where.intent is intent
    assert where.hot_since == (NOON - 3 * HOUR if intent is Intent.HOT else None)


def test_a_line_beyond_the_cap_replaces_the_oldest_one_and_never_adds() -> None:
    ledger = [Line("b", hour_of(NOON) - hours, NOON - hours * HOUR) for hours in (0, 500)]
    assert [reason.at for reason in reasons(ledger, RULES, NOON)] == [NOON]


def test_the_grade_is_read_off_fit_and_intent() -> None:
    table = [[grade_of(fit, intent) for intent in Intent] for fit in (90, 50, 10, None)]
    assert table == [["C", "B", "A"], ["D", "C", "B"], ["E", "D", "C"], ["D", "C", "B"]]
    told = {advice(fit, intent, known=False) for fit in (90, 50, 10, None) for intent in Intent}
    assert len(told) == len(Fit) * len(Intent)


@pytest.mark.parametrize("intent", list(Intent))
def test_nobody_is_sent_to_find_out_who_has_said_who_they_are(intent: Intent) -> None:
    assert re.search("nobody known|who they are", advice(None, intent, known=False))
    assert not re.search("nobody known|who they are", advice(None, intent, known=True))
    assert advice(90, intent, known=True) == advice(90, intent, known=False)
