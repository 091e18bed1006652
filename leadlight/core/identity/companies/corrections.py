"""What people said of the company that a visitor was taken for: "wrong", or "this is ...", for one visitor or a range."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name

SAID_CONFIDENCE = 0.95
"""Of what a person has stated who knows better."""


class Scope(StrEnum):
    """For whom a correction holds, the widest first."""

    RANGE = "range"  # everybody from the address block
    CONNECTION = "connection"  # everybody from the same address
    VISITOR = "visitor"  # this browser alone


_WIDTH = {scope: number for number, scope in enumerate(Scope)}


class Correction(Struct, frozen=True):
    """One statement of a person that is in force. It says either whose the range is, or whose it is not."""

    id: str
    scope: Scope
    subject: str  # a block, a host's hash or a visitor's id
    domain: str  # registrable, ASCII
    wrong: bool  # the company is not this one
    name: str | None
    said_by: str
    said_at: datetime


class Said(Struct, frozen=True):
    """What corrections come to, taken together."""

    answer: Answer | None = None
    rejected: frozenset[str] = frozenset()  # domains that are skipped, whatever source names them


NOTHING_SAID = Said()


def taken_together(corrections: Iterable[Correction]) -> Said:
    """What holds for a visitor on a connection, given every correction that applies there.

    The narrower speaks over the wider, and of the same width the later over the earlier.
    """
    named: Correction | None = None
    rejected: set[str] = set()
    for one in sorted(corrections, key=lambda each: (_WIDTH[each.scope], each.said_at, each.id)):
        if one.wrong:
            rejected.add(one.domain)
            if named is not None and named.domain == one.domain:
                named = None
        else:
            rejected.discard(one.domain)
            named = one
    return Said(_answer(named) if named is not None else None, frozenset(rejected))


def _answer(one: Correction) -> Answer:
    return Answer(
        domain=one.domain,
        name=one.name or derived_name(one.domain),
        method=Method.VISITOR_CORRECTION if one.scope is Scope.VISITOR else Method.CORRECTION,
        confidence=SAID_CONFIDENCE,
        as_of=one.said_at,
        evidence={"said_by": one.said_by, "scope": one.scope.value},
    )
