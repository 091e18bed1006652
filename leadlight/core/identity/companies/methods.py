"""The ways in which a visitor's company becomes known, and which of them is believed."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class Method(StrEnum):
    """How a company was found, the most believed first."""

    VISITOR_CORRECTION = "visitor_correction"  # somebody said so of this visitor
    WORK_EMAIL = "work_email"  # the visitor gave an address at the company's domain
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


class Answer(Struct, frozen=True, omit_defaults=True):
    """What one source says of whose network it is."""

    domain: str  # registrable, ASCII
    name: str
    method: Method
    confidence: float  # 0-1
    as_of: datetime | None = None  # when the source knew it; None: it has no date
    evidence: dict[str, str] = field(default_factory=dict)
