"""Bytes that become calls: cleaned, bounded, and otherwise the same."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.intake.calls import DEPTH, Call, Unreadable, clean, read_post, shallow
from leadlight.core.records import EventType

characters = st.characters(codec=None, exclude_categories=[]) | st.sampled_from(
    '\x00\ud800\udbff\udc00\udfff\\"u0000{}[]'
)
texts = st.lists(characters, max_size=12).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def replaced(value: Any) -> Any:
    """What cleaning should do, said of values instead of bytes."""
    if isinstance(value, str):
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return "".join("\ufffd" if char == "\x00" or 0xD800 <= ord(char) < 0xE000 else char for char in whole)
    if isinstance(value, list):
        return [replaced(one) for one in value]
    if isinstance(value, dict):
        return {replaced(key): replaced(one) for key, one in value.items()}
    return value


@given(values)
def test_cleaning_replaces_what_databases_refuse_and_nothing_else(value: Any) -> None:
    assert json.loads(clean(json.dumps(value).encode())) == replaced(json.loads(json.dumps(value)))


@given(values)
def test_cleaning_twice_is_cleaning_once(value: Any) -> None:
    once = clean(json.dumps(value).encode())
    assert clean(once) == once


@given(st.dictionaries(texts, values, max_size=5))
def test_a_call_says_after_reading_what_it_said_before(properties: dict[str, Any]) -> None:
    post = read_post(json.dumps({"properties": properties}).encode(), EventType.PAGE)
    [call] = post.calls
    assert isinstance(call, Call)
    assert call.properties == replaced(json.loads(json.dumps(properties)))


@given(st.binary(max_size=300), st.sampled_from([None, *EventType]))
def test_no_bytes_break_the_reader(body: bytes, kind: EventType | None) -> None:
    with suppress(Unreadable):
        assert kind is None or len(read_post(body, kind).calls) == 1


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b'"' + b"{[" * 50 + b'\\"' + b'"' + b"}" * levels


@pytest.mark.parametrize(("levels", "expected"), [(1, True), (DEPTH, True), (DEPTH + 1, False), (2_000, False)])
def test_depth_counts_what_is_nested_not_what_stands_in_texts(levels: int, expected: bool) -> None:
    assert shallow(deep(levels)) is expected


def test_width_is_not_depth() -> None:
    assert shallow(b"[" + b",".join([b"{}"] * 500) + b"]")
