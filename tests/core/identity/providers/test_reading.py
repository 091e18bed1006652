"""Whatever a provider answers, nothing but a plausible company comes of it."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from leadlight.core.identity.people.emails import MailDomains, ascii_form
from leadlight.core.identity.providers.reading import LEAST_CONFIDENCE, Told, names_operator, read_answer
from leadlight.core.identity.providers.shape import Asking, Confidence, KeyPlace, Shape, Telling
from leadlight.core.records import Network

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_suffixes = PublicSuffixList()
MAIL = MailDomains(
    registrable=lambda domain: _suffixes.privatesuffix(domain),
    free=frozenset({"gmail.com"}),
    disposable=frozenset(),
    relays=frozenset(),
)
ACCESS = frozenset({"norrnet.example"})
SHAPE = Shape(
    name="any",
    title="Any",
    request=Asking(path="/{address}", key=KeyPlace.BEARER),
    answer=Telling(
        domain=("a.0.b", "a", "b"),
        name=("c", "a.c"),
        industry=("d",),
        size=("e", "b"),
        country=("f",),
        site=("a",),
        type=("g",),
        no_companies=("isp",),
        not_if=("h",),
        operator=("c",),
        confidence=Confidence(otherwise=0.5, path=("e",), scale=100, values={"x": 0.9}),
    ),
)

_words = st.text(max_size=30) | st.sampled_from(
    [
        "kiln.example",
        "https://www.kiln.example/x",
        "gmail.com",
        "norrnet.example",
        "co.uk",
        "isp",
        "x",
        "Kiln Ltd",
        "xn--",
    ]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdefgh"), inner, max_size=4),
    max_leaves=12,
)
_bodies = st.dictionaries(st.sampled_from("abcdefgh"), _values, max_size=8) | _values
_networks = st.builds(
    Network,
    kind=st.sampled_from(["isp", "business", "unknown"]),
    name=st.none() | st.sampled_from(["Norrnet AB", "Kiln"]),
)


@settings(max_examples=400, deadline=None)
@given(_bodies, _networks)
def test_every_answer_is_a_plausible_company_or_nothing(body: Any, network: Network) -> None:
    found = read_answer(body, SHAPE, network, MAIL, access=ACCESS, provider="any", now=NOW)
    if not isinstance(found, Told):
        return
    answer = found.answer
    assert ascii_form(answer.domain) == answer.domain == MAIL.registrable(answer.domain)
    assert answer.domain not in ACCESS | {"gmail.com"}
    assert LEAST_CONFIDENCE <= answer.confidence <= SHAPE.answer.confidence.most
    assert answer.name == answer.name.strip()
    assert answer.name.isprintable()
    assert 0 < len(answer.name) <= 253
    for value in (found.facts.industry, found.facts.size, found.facts.country, found.facts.url):
        assert value is None or (value.isprintable() and 0 < len(value) <= 300)


def test_operators_are_known_by_name_and_domain() -> None:
    assert names_operator("Norrnet", "norrnet.example", "NORRNET-AS Norrnet Broadband AB")
    assert names_operator("Anything", "norrnet.example", "AS64500 NorrNet")
    assert names_operator("Norrnet Broadband", "nb.example", "Norrnet")
    assert names_operator("Anything", "norrnet.example", "norrnet.example")
    assert not names_operator("Harbor Mills", "harbor-mills.example", "Norrnet Broadband AB")
    assert not names_operator("Harbor Mills", "harbor-mills.example", "")
    assert not names_operator("The Group", "group.example", "Telecom Group Ltd")
