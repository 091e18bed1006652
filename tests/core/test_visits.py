"""Visits, as the design counts them."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.scoring.visits import Run, elapsed, split_visits, unite, visit_at, visits_of, with_span
from tests.core.browsing import DAY, HOUR, MINUTE, NOON, SECOND

moments = st.integers(0, 4 * 24 * 60).map(lambda minute: NOON + minute * MINUTE)
spans = st.builds(
    lambda start, minutes: Run(start, start + minutes * MINUTE),
    moments,
    st.sampled_from([0, 0, 0, 1, 29, 30, 31, 24 * 60, 50 * 60]),
)
many_spans = st.lists(spans, max_size=12)


def point(at: timedelta) -> Run:
    return Run(NOON + at, NOON + at)


@pytest.mark.parametrize(
    ("pause", "visits"),
    [(29 * MINUTE + 59 * SECOND, 1), (timedelta(milliseconds=1799999), 1), (30 * MINUTE, 2), (31 * MINUTE, 2)],
)
def test_a_visit_ends_after_30_minutes_without_activity(pause: timedelta, visits: int) -> None:
    assert visits_of(unite([point(timedelta()), point(pause)])) == visits


def test_the_pause_counts_from_the_end_of_attention_not_from_the_page_view() -> None:
    assert visits_of(unite([Run(NOON, NOON + HOUR), point(HOUR + 29 * MINUTE)])) == 1


@pytest.mark.parametrize(
    ("length", "visits"),
    [(timedelta(), 1), (DAY, 1), (DAY + timedelta(milliseconds=1), 2), (2 * DAY, 2), (50 * HOUR, 3)],
)
def test_a_long_run_counts_one_visit_for_each_24_hours_begun(length: timedelta, visits: int) -> None:
    runs = [Run(NOON, NOON + length)]
    nothing: list[tuple[datetime, object]] = []
    assert visits_of(runs) == visits
    assert [visit.started_at for visit in split_visits(runs, nothing)] == [NOON + n * DAY for n in range(visits)]


def test_a_late_event_makes_two_runs_one() -> None:
    apart = unite([point(timedelta()), point(50 * MINUTE)])
    assert len(apart) == 2
    assert with_span(apart, point(25 * MINUTE)) == (Run(NOON, NOON + 50 * MINUTE),)


@given(many_spans, many_spans, many_spans)
def test_uniting_is_commutative_associative_and_idempotent(one: list[Run], two: list[Run], three: list[Run]) -> None:
    assert unite(one, two) == unite(two, one)
    assert unite(unite(one, two), three) == unite(one, unite(two, three))
    assert unite(unite(one), one) == unite(one)


@given(many_spans)
def test_spans_added_one_by_one_make_the_runs_of_all(given_spans: list[Run]) -> None:
    runs: tuple[Run, ...] = ()
    for span in given_spans:
        runs = with_span(runs, span)
    assert runs == unite(given_spans)


@given(many_spans)
def test_runs_lie_apart_and_hold_every_span(given_spans: list[Run]) -> None:
    runs = unite(given_spans)
    assert all(later.start - earlier.end >= 30 * MINUTE for earlier, later in pairwise(runs))
    for span in given_spans:
        assert any(run.start <= span.start and span.end <= run.end for run in runs)
    assert elapsed(runs) == sum((run.end - run.start for run in runs), timedelta())


@given(many_spans.filter(bool), st.lists(moments, max_size=8))
def test_every_item_is_read_in_exactly_one_visit(given_spans: list[Run], items: list[datetime]) -> None:
    runs = unite(given_spans)
    visits = split_visits(runs, [(item, item) for item in items])
    assert len(visits) == visits_of(runs)
    assert sorted(item for visit in visits for item in visit.items) == sorted(items)
    for visit in visits:
        for item in visit.items:
            assert visit_at(runs, item) == Run(visit.started_at, visit.ended_at)


def test_a_clock_two_thousand_years_off_makes_no_list_of_empty_days() -> None:
    start = NOON.replace(year=26)
    visits = split_visits([Run(start, NOON)], [(start + 800 * DAY, "read"), (NOON, "left")])
    assert [visit.items for visit in visits] == [(), ("read",), ("left",)]
    assert visits_of([Run(start, NOON)]) > 700_000
