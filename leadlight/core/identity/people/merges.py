"""Contacts that an owner has declared one person, and browsers that an owner has declared not theirs.

Claims stay as they were said; who is meant is worked out anew each time, so taking a merge back leaves no trace.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from leadlight.core.identity.companies.methods import Method
from leadlight.core.records import Identified

MOST_MERGED: Final = 20
"""Further addresses of one person. People have a handful; whoever merges by rule would make one person of a company."""


@dataclass(frozen=True, slots=True)
class Merge:
    """An owner's word that `contact` is the person `into`."""

    id: str
    contact: str
    into: str
    at: datetime


class Refusal(StrEnum):
    """Why two contacts are not merged, or not taken apart. The text is for the owner."""

    UNKNOWN = "There is no such contact on this site."
    ITSELF = "That is the same contact twice."
    ONE_ALREADY = "The two are one person already."
    TOO_MANY = (
        f"A person can hold {MOST_MERGED} further addresses at most: more than that is nearly always a list merged by "
        "mistake. Take some apart first."
    )
    NOT_MERGED = "This contact has not been merged into another one."
    OTHERS_MERGED_IN = (
        "This is the contact that others were merged into: name the one to take out of it (leadlight contacts merges)."
    )


def persons(merges: Iterable[Merge]) -> dict[str, str]:
    """Every contact named in a merge, and the contact that stands for its person.

    Depends on the set of merges only, not on the order in which they come: a later one joins the persons that the
    earlier ones made, under the name of the one it merges into. No set of merges goes in a circle.
    """
    above: dict[str, str] = {}

    def top(contact: str) -> str:
        while above.setdefault(contact, contact) != contact:
            contact = above[contact]
        return contact

    for merge in sorted(set(merges), key=lambda merge: (merge.at, merge.id, merge.contact, merge.into)):
        lower, upper = top(merge.contact), top(merge.into)
        above[lower] = upper
    return {contact: top(contact) for contact in above}


def members(found: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The contacts of each person that has several, by the one that stands for it."""
    groups: dict[str, set[str]] = {}
    for contact, person in found.items():
        groups.setdefault(person, {person}).add(contact)
    return {person: frozenset(group) for person, group in groups.items()}


def refusal(contact: str, into: str, merges: Iterable[Merge]) -> Refusal | None:
    """Why `contact` cannot be merged into `into`, given what is merged already; None: it can."""
    if contact == into:
        return Refusal.ITSELF
    found = persons(merges)
    one, other = found.get(contact, contact), found.get(into, into)
    if one == other:
        return Refusal.ONE_ALREADY
    groups = members(found)
    together = groups.get(one, {one}) | groups.get(other, {other})
    return Refusal.TOO_MANY if len(together) - 1 > MOST_MERGED else None


@dataclass(frozen=True, slots=True)
class People:
    """Owners' word on who is whom, as far as it bears on what is at hand."""

    persons: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By site and contact, the contact that stands for the person; those left out stand for themselves."""
    taken_back: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)
    """By site, visitor and contact: claims up to then do not hold."""

    def person_of(self, site: str, contact: str) -> str:
        return self.persons.get((site, contact), contact)

    def took_back(self, site: str, visitor: str, contact: str, at: datetime) -> bool:
        """Whether an owner has said that the visitor was not this contact at that time."""
        until = self.taken_back.get((site, visitor, contact))
        return until is not None and at <= until

    def reading(self, identified: Identified) -> Identified:
        """The event as it counts: its contact the person meant; none, nor their company, where that was taken back."""
        contact, event = identified.contact, identified.event
        if contact is None:
            return identified
        if self.took_back(event.site, event.visitor, contact.id, event.occurred_at):
            company = identified.company
            if company is not None and company.method == Method.WORK_EMAIL:
                company = None
            return replace(identified, contact=None, company=company)
        person = self.person_of(event.site, contact.id)
        return identified if person == contact.id else replace(identified, contact=replace(contact, id=person))


NOBODY_MERGED: Final = People()
