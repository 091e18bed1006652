"""A person's state is a fold of their browsers' states: in any order, however grouped."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from leadlight.core.scoring.profile import Profile, merge
from tests.core.histories import histories
from tests.core.test_decide import taken


def profiles_of(data: DataObject, number: int) -> list[Profile]:
    found = []
    for browser in range(number):
        [state] = taken([data.draw(histories(anonymous_id=f"b-{browser}"))]).values()
        found.append(state.profile)
    return found


@given(st.data())
def test_merging_is_commutative_and_associative_and_nothing_adds_nothing(data: DataObject) -> None:
    one, two, three = profiles_of(data, 3)
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, Profile()) == one


@given(st.data())
def test_browsers_folded_in_any_order_make_the_same_person(data: DataObject) -> None:
    found = profiles_of(data, 4)
    assert reduce(merge, data.draw(st.permutations(found))) == reduce(merge, found)
