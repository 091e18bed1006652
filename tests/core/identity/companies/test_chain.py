"""Who is believed about whose connection it is, and where nobody is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from leadlight.core.identity.companies.chain import BARRED, Outcome, Sources, resolve
from leadlight.core.identity.companies.corrections import Correction, Said, Scope, taken_together
from leadlight.core.identity.companies.graph import Candidate
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.records import Network

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OFFICE = Network("business", "asn_class", 64500, "Kiln Works", "203.0.113.0/24", "h1")
LINE = Network("isp", "name:carrier", 64501, "Example Broadband", "198.51.100.0/24", "h2")


def answer(method: Method, domain: str = "kiln.example", **evidence: str) -> Answer:
    return Answer(domain, domain, method, 0.8, evidence=evidence)


def everybody() -> Sources:
    """Each source names a company of its own."""
    return Sources(
        override=answer(Method.OVERRIDE, "override.example"),
        said=Said(answer(Method.CORRECTION, "correction.example")),
        candidates=[Candidate("graph.example", 0.7, 3, 3, 0, date(2026, 5, 4))],
        others=[
            answer(Method.PROVIDER, "provider.example", type="business"),
            answer(Method.REVERSE_DNS, "ptr.example"),
            answer(Method.LABELLED_NETWORK, "label.example"),
            answer(Method.OWN_LIST, "list.example", range="203.0.113.0/28"),
        ],
    )


ORDER = ["override", "correction", "graph", "list", "label", "ptr", "provider"]


@pytest.mark.parametrize("silent", range(len(ORDER)))
def test_the_sources_are_believed_in_order(silent: int) -> None:
    rejected = frozenset(f"{name}.example" for name in ORDER[:silent])
    sources = everybody()
    said = Said(sources.said.answer, rejected)
    found = resolve(OFFICE, Sources(sources.override, said, sources.candidates, sources.others))
    assert found.answer is not None
    assert found.answer.domain == f"{ORDER[silent]}.example"


@pytest.mark.parametrize("kind", sorted(BARRED))
def test_where_strangers_share_addresses_only_a_persons_word_counts(kind: str) -> None:
    network = Network(kind, "range:somebody", block="203.0.113.0/24", host="h1")
    sources = everybody()
    assert resolve(network, Sources(candidates=sources.candidates, others=sources.others)).answer is None
    for said in (Sources(override=sources.override), Sources(said=sources.said)):
        assert resolve(network, said).answer is not None


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (answer(Method.OWN_LIST, asn="AS64501"), False),
        (answer(Method.OWN_LIST, range="198.51.100.16/28"), True),
        (answer(Method.LABELLED_NETWORK), False),
        (answer(Method.REVERSE_DNS), True),
        (answer(Method.PROVIDER), False),
        (answer(Method.PROVIDER, type="isp"), False),
        (answer(Method.PROVIDER, type="business"), True),
    ],
)
def test_on_a_providers_line_only_what_speaks_of_the_customer_counts(told: Answer, named: bool) -> None:
    assert (resolve(LINE, Sources(others=[told])).answer is not None) == named


def test_nobody_knowing_anything_is_an_answer_too() -> None:
    found = resolve(OFFICE, Sources())
    assert found.answer is None
    assert {step.outcome for step in found.steps} == {Outcome.SILENT}


def test_the_explanation_says_who_decided_who_was_skipped_and_who_was_not_asked() -> None:
    sources = Sources(said=Said(None, frozenset({"label.example"})), others=everybody().others)
    steps = {step.source: step for step in resolve(LINE, sources).steps}
    assert steps[Method.OVERRIDE].outcome is Outcome.SILENT
    assert steps[Method.OWN_LIST].outcome is Outcome.NAMED
    assert steps[Method.LABELLED_NETWORK].outcome is Outcome.NOT_ASKED
    rejected = Sources(said=Said(None, frozenset({"list.example"})), others=everybody().others)
    step = next(step for step in resolve(LINE, rejected).steps if step.source is Method.OWN_LIST)
    assert (step.outcome, step.domain) == (Outcome.SKIPPED, "list.example")
    assert "not them" in step.why


def test_a_candidate_that_is_only_possible_is_told_and_not_named() -> None:
    possible = Candidate("kiln.example", 0.44, 1, 5, 0, date(2026, 5, 4))
    found = resolve(OFFICE, Sources(candidates=[possible]))
    assert found.answer is None
    step = next(step for step in found.steps if step.source is Method.FIRST_PARTY)
    assert "possible at 0.44" in step.why


def correction(domain: str, minute: int, scope: Scope = Scope.RANGE, *, wrong: bool = False) -> Correction:
    return Correction(f"c{minute}", scope, "x", domain, wrong, None, "rep", NOON + timedelta(minutes=minute))


def test_the_latest_word_counts_and_the_narrower_over_the_wider() -> None:
    assert taken_together([]) == Said()
    told = taken_together([correction("b.example", 2), correction("a.example", 1)])
    assert told.answer is not None
    assert told.answer.domain == "b.example"
    told = taken_together([correction("b.example", 2), correction("a.example", 1, Scope.VISITOR)])
    assert told.answer is not None
    assert (told.answer.domain, told.answer.method) == ("a.example", Method.VISITOR_CORRECTION)
    told = taken_together([correction("a.example", 1), correction("a.example", 2, wrong=True)])
    assert (told.answer, told.rejected) == (None, frozenset({"a.example"}))
    told = taken_together([correction("a.example", 1, wrong=True), correction("a.example", 2)])
    assert told.answer is not None
    assert told.rejected == frozenset()
