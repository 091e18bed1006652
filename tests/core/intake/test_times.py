"""When an event happened, by clocks that are wrong in every way."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.intake.times import EARLIEST, SKEW, put_right, read_time, skew, to_milliseconds

NOW = datetime(2026, 5, 4, 12, 30, 15, 678_000, tzinfo=UTC)
MOMENT = datetime(2025, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04T05:06:07.890Z",
        "2025-03-04T05:06:07.890+00:00",
        "2025-03-04T07:06:07.890+02:00",
        "2025-03-04T05:06:07.890",
        "2025-03-04 05:06:07.890",
        "2025-03-04 05:06:07.890 UTC",
        "2025-03-04T05:06:07.890123456Z",
        "20250304T050607.890Z",
        " 2025-03-04T05:06:07.890Z ",
        "1741064767890",
        1741064767890,
        1741064767.890,
    ],
)
def test_a_time_is_read_in_every_spelling_that_libraries_use(text: Any) -> None:
    at = read_time(text)
    assert at is not None
    assert to_milliseconds(at) == MOMENT
    assert at.tzinfo is UTC


@pytest.mark.parametrize("value", ["", "now", "04.03.2025", None, True, [], {}, 1e308, -1e308, "2025-13-01", "9" * 400])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert read_time(value) is None


def test_a_clock_that_is_nearly_right_is_left_alone() -> None:
    for seconds in (-30, -1, 0, 1, 30):
        assert skew((NOW - timedelta(seconds=seconds)).isoformat(), NOW) is None


def test_a_clock_that_is_wrong_is_corrected_by_its_whole_error() -> None:
    for seconds in (-31, 31, 86_400 * 3_650):
        assert skew((NOW - timedelta(seconds=seconds)).isoformat(), NOW) == timedelta(seconds=seconds)


def test_nothing_happens_after_it_was_received() -> None:
    assert put_right("2031-01-01T00:00:00Z", received_at=NOW, error=None) == NOW


def test_clocks_without_a_battery_say_nothing() -> None:
    assert put_right("1970-01-01T00:00:12Z", received_at=NOW, error=None) is None


def test_a_clock_without_a_battery_can_be_put_right_by_its_post() -> None:
    error = skew("1970-01-01T01:00:00Z", NOW)
    assert put_right("1970-01-01T00:59:50Z", received_at=NOW, error=error) == NOW - timedelta(seconds=10)


moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=11))]))


@given(at=moments, sent=moments | st.none())
def test_a_corrected_time_is_never_in_the_future_and_has_whole_milliseconds(
    at: datetime, sent: datetime | None
) -> None:
    error = skew(sent.isoformat() if sent else None, NOW)
    right = put_right(at.isoformat(), received_at=NOW, error=error)
    if right is not None:
        assert EARLIEST <= right <= NOW
        assert right.microsecond % 1000 == 0
        assert right.utcoffset() == timedelta()


@given(at=moments, seconds=st.floats(-30, 30))
def test_a_retry_within_the_tolerance_does_not_move_an_event(at: datetime, seconds: float) -> None:
    assert abs(timedelta(seconds=seconds)) <= SKEW
    first = put_right(at.isoformat(), received_at=NOW, error=None)
    again = put_right(at.isoformat(), received_at=NOW, error=skew((NOW + timedelta(seconds=seconds)).isoformat(), NOW))
    assert again == first


@given(st.text() | st.integers() | st.floats(allow_nan=True))
def test_no_value_breaks_the_reader(value: Any) -> None:
    at = read_time(value)
    assert at is None or at.tzinfo is UTC
