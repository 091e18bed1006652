"""The chain that decides whose connection it is: sources are asked in order, the first that may speak and does, decides."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from leadlight.core.identity.companies.corrections import NOTHING_SAID, Said
from leadlight.core.identity.companies.graph import Candidate, answer_of
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.records import Network

BARRED = frozenset({"hosting", "vpn", "mobile", "relay", "security_proxy"})
"""Classes whose addresses are shared by strangers: nothing but a person's word names a company there."""

BUSINESS_LIKE = frozenset({"business", "education", "government"})
"""Classes in which a block belongs to one organisation, so that colleagues on neighbouring addresses count together."""

SPECIAL = "special:"
DOCUMENTATION = "special:documentation"


class Outcome(StrEnum):
    """What one source came to."""

    NAMED = "named"  # it decided
    SILENT = "silent"  # it knows nothing of this connection
    SKIPPED = "skipped"  # it named a company, and is not believed: `why` says so
    NOT_ASKED = "not_asked"  # one before it had decided


class Step(Struct, frozen=True, omit_defaults=True):
    """One source of the chain, for the explanation."""

    source: Method
    outcome: Outcome
    domain: str | None = None
    why: str = ""


class Resolution(Struct, frozen=True):
    """The company of a connection, or none: unknown is an answer. `steps` tell how it came about."""

    answer: Answer | None = None
    steps: Sequence[Step] = ()


class Sources(Struct, frozen=True):
    """What is known of one connection, source by source.

    `others` are the answers of the owner's list, the network's label, its reverse name and providers.
    """

    override: Answer | None = None
    said: Said = NOTHING_SAID
    candidates: Sequence[Candidate] = ()  # of the same host, or of the whole block in a network of one organisation
    others: Sequence[Answer] = ()


_ORDER = (
    Method.VISITOR_CORRECTION,
    Method.OVERRIDE,
    Method.CORRECTION,
    Method.FIRST_PARTY,
    Method.OWN_LIST,
    Method.LABELLED_NETWORK,
    Method.REVERSE_DNS,
    Method.PROVIDER,
)
_A_PERSONS_WORD = frozenset({Method.VISITOR_CORRECTION, Method.OVERRIDE, Method.CORRECTION})


def resolve(network: Network, sources: Sources) -> Resolution:
    """Whose connection it is. What was rejected for it is skipped, whatever source names it."""
    answers = _by_method(sources)
    steps: list[Step] = []
    decided: Answer | None = None
    for method in _ORDER:
        if decided is not None:
            steps.append(Step(method, Outcome.NOT_ASKED))
            continue
        given = answers.get(method, [])
        best: Step = Step(method, Outcome.SILENT, why=_silence(method, sources))
        for answer in given:
            why = _objection(answer, network, sources.said)
            if why is None:
                decided, best = answer, Step(method, Outcome.NAMED, answer.domain)
                break
            if best.outcome is Outcome.SILENT:
                best = Step(method, Outcome.SKIPPED, answer.domain, why)
        steps.append(best)
    return Resolution(decided, steps)


def graph_reach(network: Network) -> bool:
    """Whether colleagues on neighbouring addresses of the block count together."""
    return network.kind in BUSINESS_LIKE


def graph_is_barred(network: Network) -> bool:
    """Whether what people say who they are tells nothing of others on the same connection."""
    return network.kind in BARRED or (network.rule.startswith(SPECIAL) and network.rule != DOCUMENTATION)


def _by_method(sources: Sources) -> Mapping[Method, list[Answer]]:
    found: dict[Method, list[Answer]] = {}
    named = [answer_of(candidate) for candidate in sources.candidates if candidate.named]
    for answer in _all(sources, named):
        found.setdefault(answer.method, []).append(answer)
    for answers in found.values():
        answers.sort(key=lambda answer: (-answer.confidence, answer.domain))
    return found


def _all(sources: Sources, named: Iterable[Answer]) -> Iterable[Answer]:
    yield from (answer for answer in (sources.override, sources.said.answer) if answer is not None)
    yield from named
    yield from sources.others


def _objection(answer: Answer, network: Network, said: Said) -> str | None:
    """Why an answer is not believed for this connection; None if it is."""
    method, kind = answer.method, network.kind
    if answer.domain in said.rejected:
        return "somebody said that it is not them"
    if method in _A_PERSONS_WORD:
        return None
    if kind in BARRED:
        return f"addresses of a network of class {kind} are shared by strangers"
    if method is Method.FIRST_PARTY and graph_is_barred(network):
        return "the address is nobody's on the internet"
    if kind == "isp":
        if method is Method.OWN_LIST and "range" not in answer.evidence:
            return "the list names the provider's whole network, not this customer's addresses"
        if method is Method.LABELLED_NETWORK:
            return "the network is a provider's, and its customers are not the provider"
        if method is Method.PROVIDER and answer.evidence.get("type") != "business":
            return "the service does not say that a business is behind this line"
    if method is Method.LABELLED_NETWORK and kind == "unknown":
        return "nobody knows what kind of network it is"
    return None


def _silence(method: Method, sources: Sources) -> str:
    if method is not Method.FIRST_PARTY or not sources.candidates:
        return ""
    best = sources.candidates[0]
    return (
        f"{derived_name(best.domain)} is possible at {best.confidence:.2f}: {best.people} of theirs and "
        f"{best.others} others were seen here"
    )
