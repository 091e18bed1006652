"""Whose a browser was, and when."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.people.links import Claim, Interval, intervals

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def claim(minute: int, target: str, event_id: str = "") -> Claim:
    return Claim(at(minute), event_id or f"m-{minute}", target)


def test_the_first_claim_reaches_back_to_the_beginning() -> None:
    assert intervals([claim(5, "ada")]) == [Interval("ada", None, None)]


def test_nobody_said_who_it_is() -> None:
    assert intervals([]) == []


def test_a_second_person_begins_the_next_interval() -> None:
    assert intervals([claim(9, "bela"), claim(5, "ada"), claim(7, "ada")]) == [
        Interval("ada", None, at(9)),
        Interval("bela", at(9), None),
    ]


def test_the_first_person_may_come_back() -> None:
    turns = intervals([claim(1, "ada"), claim(2, "bela"), claim(3, "ada")])
    assert [turn.target for turn in turns] == ["ada", "bela", "ada"]


def test_of_two_claims_at_one_moment_the_last_by_event_id_holds() -> None:
    assert intervals([claim(1, "ada", "b"), claim(1, "bela", "a")]) == [Interval("ada", None, None)]


claims = st.lists(
    st.builds(claim, st.integers(0, 12), st.sampled_from(["ada", "bela", "chidi"]), st.sampled_from("abcd")),
    max_size=12,
)


@given(claims, st.randoms())
def test_order_and_repeats_change_nothing(given_claims: list[Claim], random: object) -> None:
    shuffled = given_claims + given_claims[:3]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert intervals(shuffled) == intervals(given_claims)


@given(claims.filter(bool), st.integers(-5, 20))
def test_every_moment_has_one_owner_the_one_claimed_last_before_it(given_claims: list[Claim], minute: int) -> None:
    [owner] = [turn.target for turn in intervals(given_claims) if turn.covers(at(minute))]
    ordered = sorted(given_claims, key=lambda claim: (claim.at, claim.event_id, claim.target))
    first = [one for one in ordered if one.at == ordered[0].at][-1]
    until_then = [one for one in ordered if one.at <= at(minute)]
    assert owner == (until_then[-1] if until_then else first).target


@given(claims)
def test_neighbours_differ_and_meet(given_claims: list[Claim]) -> None:
    turns = intervals(given_claims)
    for left, right in pairwise(turns):
        assert left.target != right.target
        assert left.until == right.since is not None
    if turns:
        assert turns[0].since is None
        assert turns[-1].until is None
