"""The privacy ladder as a law: a step further down keeps no more, and below the top nobody is named."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from msgspec.json import decode

from leadlight.core.intake.admit import Arrival, Whereabouts, admit
from leadlight.core.intake.calls import Call
from leadlight.core.privacy.levels import IDENTIFIED, NONE, PSEUDONYMOUS
from leadlight.core.privacy.sealing import COOKIELESS_PREFIX
from leadlight.core.privacy.secrets_in_text import holds_email
from leadlight.core.records import Channel, Event, encode

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
ADDRESS = "203.0.113.9"

emails = st.sampled_from(
    ["ann@mill.example", "ANN.B+c@Mill.example", "ann%40mill.example", "j\u00f6rg@m\u00fchle.example"]
)
texts = st.one_of(
    st.text(max_size=8),
    emails,
    emails.map(lambda email: f"Dear {email}, hello"),
    emails.map(lambda email: f"https://a.example/{email}?q={email}&x=1#{email}"),
    st.sampled_from(["/pricing", "https://a.example/?utm_source=x", "browser-1", "id 7"]),
)
values = st.recursive(
    texts | st.integers(0, 9) | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts | st.just("email"), inner, max_size=2),
    max_leaves=5,
)
pages = st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "path", "title", "referrer", "search"), texts))
people = st.dictionaries(st.sampled_from(["email", "name", "ip", "website"]), texts, max_size=3)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "page": pages,
        "traits": people,
        "campaign": st.dictionaries(st.sampled_from(["name", "source", "term"]), texts, max_size=2),
        "cookieless": st.booleans(),
        "ip": st.just(ADDRESS),
        "consent": st.fixed_dictionaries(
            {"categoryPreferences": st.dictionaries(st.sampled_from(["analytics", "marketing"]), st.booleans())}
        ),
    },
)
calls: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"type": st.sampled_from(["page", "track", "identify", "group", "alias", "screen"]), "messageId": st.just("m-1")},
    optional={
        "anonymousId": texts,
        "userId": texts,
        "groupId": texts,
        "previousId": texts,
        "event": texts,
        "name": texts,
        "properties": st.dictionaries(texts | st.just("url"), values, max_size=3),
        "traits": people,
        "context": contexts,
    },
)


def kept(call: dict[str, Any], step: int) -> Event | None:
    arrival = Arrival(
        "site-1",
        NOW,
        Channel.BROWSER,
        where=Whereabouts(ADDRESS, "2026-05-04.c2VhbGVk", step),
        pseudonym=lambda site, address, agent: f"{COOKIELESS_PREFIX}0f1e2d",
    )
    event = admit(convert(call, Call), arrival)
    return event if isinstance(event, Event) else None


def parts(event: Event) -> set[str]:
    """What is told of a visitor, field by field."""
    told: dict[str, Any] = decode(encode(event))
    return {
        *(name for name in ("user_id", "traits") if told.get(name)),
        *(f"clicked {name}" for name in event.click_ids),
        *(["browser"] if not event.anonymous_id.startswith(COOKIELESS_PREFIX) else []),
        *(f"property {name}" for name, value in event.properties.items() if value),
    }


@given(calls)
def test_below_the_top_no_event_names_anybody(call: dict[str, Any]) -> None:
    for step in range(IDENTIFIED):
        event = kept(call, step)
        if event is not None:
            told = decode(encode(event))
            assert not holds_email(repr(told))
            assert (event.user_id, event.traits) == (None, {})


@given(calls)
def test_each_step_down_keeps_no_more_than_the_one_above(call: dict[str, Any]) -> None:
    above = kept(call, IDENTIFIED)
    assert kept(call, NONE) is None
    for step in range(IDENTIFIED - 1, NONE, -1):
        below = kept(call, step)
        if below is not None and below.type.value != "group":
            assert above is not None or step < PSEUDONYMOUS  # a daily id needs nothing that the call must say
            if above is not None:
                masked = {part for part in parts(below) if "(email)" in part}
                assert parts(below) - masked <= parts(above)
        above = below


@given(calls)
def test_no_event_carries_its_visitors_address(call: dict[str, Any]) -> None:
    for step in range(NONE, IDENTIFIED + 1):
        event = kept(call, step)
        if event is not None:
            assert ADDRESS.encode() not in encode(event)
