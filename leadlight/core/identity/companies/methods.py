"""The ways in which a visitor's company becomes known, and which of them is believed."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from leadlight.core.records import Network


class Method(StrEnum):
    """How a company was found, the most believed first."""

    VISITOR_CORRECTION = "visitor_correction"  # somebody said so of this visitor
    WORK_EMAIL = "work_email"  # the visitor gave an address at the company's domain
    TRACKED_LINK = "tracked_link"  # the visitor followed a link that was sent to an address at the company's domain
    OVERRIDE = "override"  # the owner has laid down whose network it is
    CORRECTION = "correction"  # somebody said so of a visitor from the same range
    FIRST_PARTY = "first_party"  # colleagues introduced themselves from the same connection
    OWN_LIST = "own_list"  # the owner's list of companies names the network
    LABELLED_NETWORK = "labelled_network"  # a network that is known to be one company's own
    REVERSE_DNS = "reverse_dns"  # the address has a name that leads back to it
    PROVIDER = "provider"  # a paid service said so

    @property
    def precedence(self) -> int:
        """Larger is believed more."""
        return -_ORDER[self]


_ORDER = {method: number for number, method in enumerate(Method)}


def precedence_of(method: str) -> int:
    """Of a method as stored; one that this version does not know is believed least."""
    return Method(method).precedence if method in _ORDER else -len(_ORDER)


OF_PEOPLE = frozenset({Method.VISITOR_CORRECTION, Method.WORK_EMAIL, Method.TRACKED_LINK})
"""Methods that speak of the visitor; the others speak of the connection."""


def claim_key(method: str, event_id: str, network: Network) -> str:
    """Under which a company claim of an event is kept. What the network tells is one claim for each connection, of its
    latest event, so that it can be renewed without events."""
    connection = network.host or network.block
    return event_id if method in OF_PEOPLE or connection is None else f"network:{connection}"


class Answer(Struct, frozen=True, omit_defaults=True):
    """What one source says of whose network it is."""

    domain: str  # registrable, ASCII
    name: str
    method: Method
    confidence: float  # 0-1
    as_of: datetime | None = None  # when the source knew it; None: it has no date
    evidence: dict[str, str] = field(default_factory=dict)
