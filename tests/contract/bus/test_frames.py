"""Frames: what was written is read, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from leadlight.bus.embedded.frame import Corrupt, Frame, Incomplete, decode, encode

MAX = 10_000

records = st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=200)), min_size=1, max_size=6)
offsets = st.integers(min_value=0, max_value=2**48)


def frames(buffer: bytes) -> tuple[list[Frame], Frame | Incomplete | Corrupt | None]:
    found: list[Frame] = []
    position = 0
    while position < len(buffer):
        frame = decode(buffer, position, max_bytes=MAX)
        if not isinstance(frame, Frame):
            return found, frame
        found.append(frame)
        position = frame.end
    return found, None


@given(records, offsets)
def test_a_group_comes_back_as_it_was(group: list[tuple[bytes, bytes]], first: int) -> None:
    found, rest = frames(encode(group, first_offset=first))
    assert rest is None
    assert [(frame.key, frame.value) for frame in found] == group
    assert [frame.offset for frame in found] == list(range(first, first + len(group)))
    assert [frame.opens_group for frame in found] == [True] + [False] * (len(group) - 1)


@given(records, offsets, st.data())
def test_a_group_cut_short_gives_its_whole_frames_and_says_how_much_is_missing(
    group: list[tuple[bytes, bytes]], first: int, data: st.DataObject
) -> None:
    whole = encode(group, first_offset=first)
    cut = data.draw(st.integers(min_value=1, max_value=len(whole) - 1))
    found, rest = frames(whole[:cut])
    ends = [frame.end for frame in frames(whole)[0]]
    assert len(found) == sum(end <= cut for end in ends)
    assert (rest is None) == (cut in ends)
    if isinstance(rest, Incomplete) and rest.bytes_needed > 22:
        assert (found[-1].end if found else 0) + rest.bytes_needed in ends


@given(records, offsets, st.data())
def test_a_flipped_bit_never_yields_a_record_that_was_not_written(
    group: list[tuple[bytes, bytes]], first: int, data: st.DataObject
) -> None:
    whole = encode(group, first_offset=first)
    bit = data.draw(st.integers(min_value=0, max_value=8 * len(whole) - 1))
    garbled = bytearray(whole)
    garbled[bit // 8] ^= 1 << bit % 8
    written = {(frame.offset, frame.key, frame.value) for frame in frames(whole)[0]}
    found, _rest = frames(bytes(garbled))
    assert {(frame.offset, frame.key, frame.value) for frame in found} <= written
