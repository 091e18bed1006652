"""Visitors who send faster than people can, and all others."""

from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.intake.pace import BURST, RATE, Pace


def test_a_full_queue_after_hours_offline_is_no_machine() -> None:
    pace = Pace()
    assert not any(pace.too_fast(100.0, "a") for _ in range(BURST))
    assert pace.too_fast(100.0, "a")
    assert not pace.too_fast(100.0, "b")


def test_who_keeps_to_the_pace_may_go_on_for_ever_and_who_does_not_is_noticed() -> None:
    pace = Pace()
    assert not any(pace.too_fast(number / RATE, "steady") for number in range(5_000))
    fast = [pace.too_fast(number / (2 * RATE), "fast") for number in range(5_000)]
    assert not any(fast[: BURST * 2 - 2])
    assert sum(fast[-1_000:]) in range(499, 502)


def test_after_a_pause_the_burst_is_there_again() -> None:
    pace = Pace()
    assert sum(pace.too_fast(0.0, "a") for _ in range(BURST + 1)) == 1
    assert not any(pace.too_fast(10.0, "a") for _ in range(BURST))


def test_strangers_fill_no_memory_and_do_not_hide_a_machine() -> None:
    pace = Pace(remembered_visitors=100)
    found = False
    for number in range(20_000):
        pace.too_fast(0.0, f"stranger-{number}")
        if number % 10 == 0:
            found = pace.too_fast(0.0, "machine") or found
    assert found
    assert len(pace._due) + len(pace._older) <= 200


@given(st.lists(st.floats(0, 60), max_size=300))
def test_whoever_sends_less_than_a_burst_is_never_too_fast(times: list[float]) -> None:
    pace = Pace()
    assert not any(pace.too_fast(at, "a") for at in sorted(times))
