"""Who is one person by owners' word."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.people.merges import MOST_MERGED, Merge, Refusal, members, persons, refusal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PEOPLE = st.sampled_from("abcdef")
MERGES = st.lists(
    st.builds(
        lambda id, contact, into, minute: Merge(str(id), contact, into, NOON + timedelta(minutes=minute)),
        st.integers(0, 9),
        PEOPLE,
        PEOPLE,
        st.integers(0, 5),
    ),
    max_size=8,
)


def merge(contact: str, into: str, minute: int = 0) -> Merge:
    return Merge(f"{contact}>{into}", contact, into, NOON + timedelta(minutes=minute))


def test_whoever_is_merged_stands_under_the_other_name() -> None:
    assert persons([merge("bo", "ada")]) == {"bo": "ada", "ada": "ada"}


def test_chains_end_with_the_last_name() -> None:
    assert persons([merge("bo", "ada"), merge("ada", "cy", 1)]) == dict.fromkeys(("ada", "bo", "cy"), "cy")


def test_whoever_was_merged_before_moves_along_and_stays_when_the_later_merge_is_undone() -> None:
    first, second = merge("bo", "ada"), merge("ada", "cy", 1)
    assert members(persons([first, second])) == {"cy": {"ada", "bo", "cy"}}
    assert members(persons([first])) == {"ada": {"ada", "bo"}}


@given(MERGES, st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(merges: list[Merge], random: Random) -> None:
    shuffled = merges + merges[:2]
    random.shuffle(shuffled)
    assert persons(shuffled) == persons(merges)


@given(MERGES)
def test_every_contact_has_one_person_who_stands_for_themselves(merges: list[Merge]) -> None:
    found = persons(merges)
    assert set(found) == {one for merge in merges for one in (merge.contact, merge.into)}
    assert all(found[person] == person for person in found.values())


@given(MERGES)
def test_those_are_together_whom_a_way_of_merges_joins(merges: list[Merge]) -> None:
    found = persons(merges)
    near: dict[str, set[str]] = {one: {one} for one in found}
    for _ in merges:
        for one in merges:
            near[one.contact] |= near[one.into]
            near[one.into] |= near[one.contact]
            for other in near[one.contact]:
                near[other] = near[other] | near[one.contact]
    assert {one: {other for other in found if found[other] == found[one]} for one in found} == near


@given(MERGES, PEOPLE, PEOPLE)
def test_what_is_allowed_joins_two_persons_under_the_second_and_a_circle_is_refused(
    merges: list[Merge], contact: str, into: str
) -> None:
    before = persons(merges)
    why = refusal(contact, into, merges)
    one, other = before.get(contact, contact), before.get(into, into)
    assert why == (Refusal.ITSELF if contact == into else Refusal.ONE_ALREADY if one == other else None)
    if why is None:
        after = persons([*merges, Merge("new", contact, into, NOON + timedelta(days=1))])
        assert after[contact] == after[into] == other


def test_a_person_ends_at_the_cap_whichever_side_is_large() -> None:
    full = [merge(f"p{number}", "ada", number) for number in range(MOST_MERGED)]
    assert refusal("one-more", "ada", full) is Refusal.TOO_MANY
    assert refusal("ada", "one-more", full) is Refusal.TOO_MANY
    assert refusal("one-more", "ada", full[1:]) is None
