"""The first-party graph: colleagues who introduced themselves from one connection make their company a candidate for the
next anonymous visitor there.

A pure function of sightings and the day. Any order and any repetition of the same sightings gives the same candidates;
one person more never lowers their company's confidence, somebody of elsewhere never raises it, and with time alone it only
falls.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name

HALF_LIFE_DAYS = 60
"""Offices move and addresses are handed on: what was seen two months ago counts half."""

HORIZON_DAYS = 10 * HALF_LIFE_DAYS
"""Older sightings weigh less than a thousandth, and are not asked for."""

CERTAIN = 0.89
"""However many people were seen: still the next one may be a guest."""

NAMED_FROM = 0.5
"""Below it a candidate is a possibility, and nobody is named. One person's word never reaches it, on however many days:
they may have been at home, at a customer's, or lying."""

PEOPLE_NEEDED = 2
PER_PERSON = 1.1
FREE_MAIL_WEIGHT = 0.35
"""Of a person with an address that anybody can have: colleagues have those too, so they contradict only a little."""

SHARED_LINE = 0.93
"""On the line of an internet provider, or of a network that nobody knows: it may be a home."""

STEP = 20
"""Confidence is told in twentieths, so that it does not change every day."""


class Sighting(Struct, frozen=True, gc=False):
    """A person who introduced themselves was seen on a connection on one UTC day.

    `domain` is their company's, empty for an address that anybody can have.
    """

    domain: str
    contact: str
    visitor: str
    day: date


class Candidate(Struct, frozen=True):
    """A company that people seen on a connection belong to."""

    domain: str
    confidence: float  # 0-1, not yet rounded
    people: int
    days: int
    others: int  # people of other companies, and those of none
    last: date

    @property
    def named(self) -> bool:
        return self.people >= PEOPLE_NEEDED and self.confidence >= NAMED_FROM


def candidates(sightings: Iterable[Sighting], today: date, *, shared_line: bool) -> list[Candidate]:
    """The companies of those seen on a connection, the most likely first."""
    seen = set(sightings)
    strength, everybody = _strengths(seen, today), {each.contact for each in seen}
    by_domain: defaultdict[str, list[Sighting]] = defaultdict(list)
    for each in seen:
        by_domain[each.domain].append(each)
    found = []
    for domain in sorted(by_domain.keys() - {""}):
        own = by_domain[domain]
        against = sum(
            strength[other] * (1 if other else FREE_MAIL_WEIGHT) for other in sorted(strength) if other != domain
        )
        people, days = strength[domain], _weights(((each.day, each.day) for each in own), today)
        share = people / (people + against)
        confidence = (
            CERTAIN
            * (1 - 2 ** (-PER_PERSON * people))
            * (1 - 0.2 * 2 ** (-days / 2))
            * share**2
            * (SHARED_LINE if shared_line else 1)
        )
        theirs = {each.contact for each in own}
        count = min(len(theirs), len({each.visitor for each in own}))
        last = max(each.day for each in own)
        found.append(
            Candidate(domain, confidence, count, len({each.day for each in own}), len(everybody - theirs), last)
        )
    return sorted(found, key=lambda each: (-each.confidence, each.domain))


def answer_of(candidate: Candidate) -> Answer:
    """What a candidate that is named says."""
    return Answer(
        domain=candidate.domain,
        name=derived_name(candidate.domain),
        method=Method.FIRST_PARTY,
        confidence=int(candidate.confidence * STEP) / STEP,
        evidence={
            "people": str(candidate.people),
            "days": str(candidate.days),
            "others": str(candidate.others),
            "last_seen": candidate.last.isoformat(),
        },
    )


def _strengths(seen: Iterable[Sighting], today: date) -> dict[str, float]:
    """By domain, how many people were seen lately, those of long ago in fractions.

    Somebody who writes two addresses into one browser is one person, and so is somebody with two browsers.
    """
    contacts: defaultdict[str, list[tuple[str, date]]] = defaultdict(list)
    visitors: defaultdict[str, list[tuple[str, date]]] = defaultdict(list)
    for each in seen:
        contacts[each.domain].append((each.contact, each.day))
        visitors[each.domain].append((each.visitor, each.day))
    return {domain: min(_weights(contacts[domain], today), _weights(visitors[domain], today)) for domain in contacts}


def _weights(dated: Iterable[tuple[object, date]], today: date) -> float:
    """How much things count of which each was seen last on a day: 1 for today, half of it after each half-life."""
    latest: dict[object, date] = {}
    for what, day in dated:
        if what not in latest or day > latest[what]:
            latest[what] = day
    return sum(2 ** (-(today - day).days / HALF_LIFE_DAYS) for day in sorted(latest.values()))
