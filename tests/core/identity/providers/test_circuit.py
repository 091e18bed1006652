"""When a source outside may be asked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.providers.circuit import (
    FAILURES_TO_OPEN,
    LONGEST_OPEN,
    REFUSED_WAIT,
    Allowance,
    Breaker,
    Circuit,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def broken(times: int = FAILURES_TO_OPEN) -> tuple[Circuit, datetime]:
    """A circuit that failed so often, and the moment at which it may be asked again."""
    circuit, now = Circuit(), NOW
    for _ in range(times):
        now = max(now, circuit.not_before or now)
        assert circuit.may_ask(now)
        circuit.failed(now, "oops", chance=0)
    assert circuit.not_before is not None
    return circuit, circuit.not_before


def test_single_failures_are_followed_by_pauses_that_double() -> None:
    pauses = []
    for times in range(1, FAILURES_TO_OPEN):
        circuit, after = broken(times)
        assert circuit.state is Breaker.CLOSED
        assert not circuit.may_ask(after - SECOND / 10)
        before = broken(times - 1)[1] if times > 1 else NOW
        pauses.append(after - before)
    assert pauses == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]


def test_after_too_many_it_is_left_alone_and_tried_with_one_question() -> None:
    circuit, after = broken()
    assert circuit.state is Breaker.OPEN
    assert not circuit.may_ask(after - SECOND)
    assert circuit.may_ask(after)
    assert not circuit.may_ask(after), "one question at a time"
    circuit.succeeded()
    assert all(circuit.may_ask(after) for _ in range(10))


def test_a_question_that_was_not_asked_leaves_the_place_to_the_next() -> None:
    circuit, after = broken()
    assert circuit.may_ask(after)
    circuit.undecided()
    assert circuit.may_ask(after)


def test_each_failed_try_leaves_it_alone_for_longer_up_to_a_bound() -> None:
    circuit, after = broken()
    waits = []
    for _ in range(12):
        assert circuit.may_ask(after)
        circuit.failed(after, "oops", chance=0)
        assert circuit.not_before is not None
        waits.append(circuit.not_before - after)
        after = circuit.not_before
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] == LONGEST_OPEN


def test_who_asks_for_time_gets_it_within_a_day() -> None:
    circuit = Circuit()
    circuit.failed(NOW, "429", chance=0, wait=timedelta(minutes=10))
    assert not circuit.may_ask(NOW + timedelta(minutes=9))
    assert circuit.may_ask(NOW + timedelta(minutes=10))
    circuit.failed(NOW, "429", chance=0, wait=timedelta(days=4000))
    assert circuit.may_ask(NOW + timedelta(days=1, seconds=1))
    circuit = Circuit()
    circuit.failed(NOW, "429", chance=0, wait=timedelta(days=-4000))
    assert circuit.may_ask(NOW + SECOND)


def test_a_refused_key_is_not_tried_again_at_once() -> None:
    circuit = Circuit()
    circuit.refused(NOW, "401")
    assert (circuit.state, circuit.error) == (Breaker.OPEN, "401")
    assert not circuit.may_ask(NOW + REFUSED_WAIT - SECOND)
    assert circuit.may_ask(NOW + REFUSED_WAIT)


@pytest.mark.parametrize("per_minute", [1, 6, 60, 600])
def test_no_more_is_asked_in_any_minute_than_allowed_but_for_what_may_come_at_once(per_minute: int) -> None:
    allowance = Allowance(per_minute)
    asked = [wait for _ in range(5 * per_minute) if (wait := allowance.take(NOW, patience=timedelta(minutes=3)))]
    first = [wait for wait in asked if wait <= timedelta(minutes=1)]
    assert len(first) <= per_minute
    assert max(asked) <= timedelta(minutes=3)


@given(st.lists(st.floats(0, 600), min_size=1, max_size=200))
def test_turns_are_never_closer_than_the_pace(moments: list[float]) -> None:
    allowance = Allowance(60)
    turns = []
    for moment in sorted(moments):
        now = NOW + timedelta(seconds=moment)
        wait = allowance.take(now, patience=timedelta(hours=1))
        assert wait is not None
        turns.append(now + wait)
    for start in range(len(turns)):
        within = [turn for turn in turns if turns[start] <= turn < turns[start] + timedelta(minutes=1)]
        assert len(within) <= 60 + 10
