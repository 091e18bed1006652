"""Passes by which a command asks the running process."""

from datetime import UTC, datetime, timedelta

import pytest

from leadlight.runtime.passes import LIFETIME, is_for, is_genuine, make_pass

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = b"only for tests, and long enough for them"
PASS = make_pass(SECRET, "replay", b"body", now=NOW)


def test_a_pass_is_good_for_its_purpose_its_body_and_a_minute() -> None:
    assert is_genuine(PASS, SECRET, "replay", now=NOW)
    assert is_genuine(PASS, SECRET, "replay", now=NOW + LIFETIME)
    assert is_for(PASS, b"body")
    assert not is_for(PASS, b"another body")
    assert not is_genuine(PASS, SECRET, "discard", now=NOW)
    assert not is_genuine(PASS, b"another secret", "replay", now=NOW)
    assert not is_genuine(PASS, SECRET, "replay", now=NOW + LIFETIME + timedelta(seconds=1))
    assert not is_genuine(PASS, SECRET, "replay", now=NOW - LIFETIME - timedelta(seconds=1))


@pytest.mark.parametrize(
    "given", ["", ".", "..", "1", "1.2", "1.2.3", "²." + PASS, PASS[:-1], PASS + "0", "9" * 400, "é.é.é"]
)
def test_what_is_no_pass_is_refused(given: str) -> None:
    assert not is_genuine(given, SECRET, "replay", now=NOW)
