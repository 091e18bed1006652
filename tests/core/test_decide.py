"""The laws of the scorer's decision, without any store: order, copies and batches change nothing; states merge."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leadlight.core.records import EventType, Identified
from leadlight.core.scoring.decide import decide
from leadlight.core.scoring.profile import Profile, merge
from leadlight.core.scoring.state import Key, State
from leadlight.store.rules import default_rules
from tests.core.browsing import DAY, NOON, SITE
from tests.core.histories import arrivals, histories

RULES = {SITE: default_rules()}


def taken(batches: Iterable[Sequence[Identified]], now: datetime = NOON) -> dict[Key, State]:
    """The visitors that batches end in, each event applied once."""
    states: dict[Key, State] = {}
    seen: set[str] = set()
    for batch in batches:
        fresh = []
        for identified in batch:
            event = identified.event
            if event.engagement is None and event.id in seen:
                continue
            seen.add(event.id)
            fresh.append(identified)
            key = (event.site, event.visitor)
            states.setdefault(key, State(*key, partition=0))
        for _, after in decide(states, fresh, RULES, now).states:
            states[after.key] = after
    return states


def profile_of(history: list[Identified]) -> Profile:
    (state,) = taken([history]).values()
    return state.profile


@given(st.data())
def test_order_copies_and_batches_change_nothing(data: Any) -> None:
    history = data.draw(histories())
    assert taken(data.draw(arrivals(history))) == taken([history])


@given(st.data())
def test_copies_alone_change_nothing(data: Any) -> None:
    history = data.draw(histories())
    assert taken([history, history, history[::-1]]) == taken([history])


@given(histories(anonymous_id="a"), histories(anonymous_id="b"), histories(anonymous_id="c"))
def test_visitors_merge_into_a_person_in_any_order(
    one: list[Identified], two: list[Identified], three: list[Identified]
) -> None:
    a, b, c = profile_of(one), profile_of(two), profile_of(three)
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, Profile()) == a


@given(histories(anonymous_id="a"), histories(anonymous_id="b"))
def test_a_person_of_two_browsers_stands_where_one_browser_with_all_events_would(
    one: list[Identified], two: list[Identified]
) -> None:
    both = profile_of(one + [_moved(event, one[0]) for event in two])
    assert merge(profile_of(one), profile_of(two)).standing(RULES[SITE], NOON) == both.standing(RULES[SITE], NOON)


def _moved(identified: Identified, to: Identified) -> Identified:
    """The same event as if it had happened in another's browser."""
    event = replace(identified.event, visitor=to.event.visitor, anonymous_id=to.event.anonymous_id)
    return replace(identified, event=event)


@given(histories())
def test_deciding_leaves_the_states_given_as_they_were(history: list[Identified]) -> None:
    half = len(history) // 2
    states = taken([history[:half]])
    copy = taken([history[:half]])
    for identified in history[half:]:
        event = identified.event
        for known in (states, copy):
            known.setdefault((event.site, event.visitor), State(event.site, event.visitor, partition=0))
    decide(states, history[half:], RULES, NOON)
    assert states == copy


@given(histories())
def test_numbers_and_signals_are_what_a_plain_count_says(history: list[Identified]) -> None:
    """Counted again from the definition, with nothing incremental."""
    events = [identified.event for identified in history]
    reports = [event.engagement for event in events if event.engagement is not None]
    pages = {event.id: event for event in events if event.type is EventType.PAGE}
    longest = {id: max((r.engaged_ms for r in reports if r.page_view_id == id), default=0) for id in pages}
    seen = Counter[str]()
    for id, page in pages.items():
        assert page.page is not None
        category = RULES[SITE].category_of(page.page.path)
        if longest[id] >= 5000 and category:
            seen[f"{category}_read"] += 1
    for event in events:
        match event.name:
            case "Form Submitted":
                seen["form_sent"] += 1
            case "Demo Requested":
                seen["demo_requested"] += 1
            case "Price List Downloaded":
                seen["downloaded"] += 1
    seen["identified"] += sum(identified.contact is not None for identified in history)
    (state,) = taken([history]).values()
    profile = state.profile
    seen["returned"] += max(0, len(profile.runs) - 1)
    seen["returned_after_pause"] += sum(b.start - a.end >= 7 * DAY for a, b in pairwise(profile.runs))
    assert (profile.page_views, profile.engaged_ms) == (len(pages), sum(longest.values()))
    assert profile.activities == sum(event.is_activity for event in events)
    assert {kind: signal.count for kind, signal in state.signals.items()} == {k: n for k, n in seen.items() if n}
