"""What a line of a file of the past becomes."""

import json
from datetime import UTC, datetime

import pytest

from leadlight.core.imports.access_log import BadLine, Skip
from leadlight.core.imports.lines import Past, read_combined, read_segment

PAST = Past("shop.example", b"k" * 32, datetime(2026, 3, 2, 12, tzinfo=UTC))


def hit(reader: str = "203.0.113.9", at: str = "01/Mar/2026:10:00:00 +0000", agent: str = "Firefox") -> bytes:
    return f'{reader} - - [{at}] "GET /pricing?plan=b HTTP/1.1" 200 99 "-" "{agent}"\n'.encode()


def test_a_hit_is_a_page_view_of_whoever_had_this_address_and_agent_that_day() -> None:
    call = read_combined(hit(), PAST)
    assert not isinstance(call, Skip)
    assert call["properties"]["url"] == "https://shop.example/pricing?plan=b"
    assert (call["context"]["ip"], call["context"]["leadlight_import"]) == ("203.0.113.9", True)
    readers = {
        json.dumps(read_combined(line, PAST)["anonymousId"])  # type: ignore[index]
        for line in (
            hit(),
            hit(at="01/Mar/2026:23:59:59 +0000"),
            hit(at="02/Mar/2026:00:00:00 +0000"),
            hit(agent="Chrome"),
            hit(reader="203.0.113.10"),
        )
    }
    assert len(readers) == 4
    assert "203.0.113.9" not in call["anonymousId"]


def test_the_same_line_is_the_same_event_and_others_are_others() -> None:
    ids = [read_combined(line, PAST)["messageId"] for line in (hit(), hit().strip(), hit(agent="x"))]  # type: ignore[index]
    assert ids[0] == ids[1] != ids[2]


def test_a_call_keeps_what_it_says_and_loses_when_it_was_sent() -> None:
    line = {"type": "track", "event": "X", "userId": "u", "timestamp": "2026-03-01T10:00:00Z", "sentAt": "2026-03-01"}
    call = read_segment(json.dumps(line).encode(), PAST)
    assert not isinstance(call, Skip)
    assert (call["event"], call["timestamp"], "sentAt" in call) == ("X", "2026-03-01T10:00:00Z", False)
    assert call["messageId"] == read_segment(json.dumps(line).encode() + b"\n", PAST)["messageId"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[1]", "no JSON object"),
        (b'{"type": "page", "timestamp": NaN}', "no JSON object"),
        (b'{"batch": []}', "a line of its own"),
        (b'{"type": "visit", "timestamp": "2026-03-01T10:00:00Z"}', "`type` is 'visit'"),
        (b'{"type": "page"}', "nobody knows when"),
        (b'{"type": "page", "timestamp": "2026-03-02T14:00:00Z"}', "lies in the future"),
        (b'{"type": "page", "timestamp": "2026-03-01T10:00:00Z", "context": 3}', "`context` is no object"),
        (b'{"type": "page", "timestamp": "2026-03-01T10:00:00Z", "name": "' + b"x" * 33_000 + b'"}', "more than"),
    ],
)
def test_what_is_no_call_of_the_past_says_why(line: bytes, why: str) -> None:
    with pytest.raises(BadLine, match=why):
        read_segment(line, PAST)


def test_a_hit_of_tomorrow_is_none() -> None:
    with pytest.raises(BadLine, match="future"):
        read_combined(hit(at="03/Mar/2026:10:00:00 +0000"), PAST)
