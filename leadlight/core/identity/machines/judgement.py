"""Whether a visitor is a machine: what was found, what they did, and what the site's owner has said and taught."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from leadlight.core.identity.machines.evidence import MARKED, Item, Kind, item_of, reasons_of

NO_ENGAGEMENT = "no_engagement"
"""Several pages over some time, none of them ever in use: a script that opens pages, and looks at none."""

INHUMAN_PACE = "inhuman_pace"
"""Page after page at a pace at which nobody has read the title."""

LEAST_VIEWS = 3
LEAST_TIME = timedelta(seconds=60)
"""A page's engaged time is told when it is left, or some seconds later: until then its silence says nothing."""

MANY_VIEWS = 30
VIEWS_A_SECOND = 1.0


class Decision(StrEnum):
    """What an owner has said of one visitor."""

    PERSON = "person"
    MACHINE = "machine"


class Lessons(Struct, frozen=True):
    """What a site's owners have said of its visitors, and what that teaches of others."""

    decided: Mapping[str, Decision] = {}  # by visitor
    people: frozenset[str] = frozenset()  # agents' shapes and address blocks that speak for no machine
    agents: frozenset[str] = frozenset()  # agents' shapes that do
    hosts: frozenset[str] = frozenset()  # keyed hashes of addresses that do


NO_LESSONS = Lessons()


class Watched(Struct, frozen=True, gc=False):
    """What a visitor did, as far as our own script watched it."""

    views: int  # page views whose engaged time would have been told
    engaged_ms: int
    touched: bool  # a pointer, a key or a scroll
    first_at: datetime | None
    last_at: datetime | None


def behaviour_of(watched: Watched) -> tuple[str, ...]:
    """What the numbers tell now; a later sign of a human takes it away, in whatever order things came."""
    if watched.touched or watched.first_at is None or watched.last_at is None:
        return ()
    found = []
    seconds = (watched.last_at - watched.first_at).total_seconds()
    if watched.views >= LEAST_VIEWS and watched.engaged_ms == 0 and seconds >= LEAST_TIME.total_seconds():
        found.append(NO_ENGAGEMENT)
    if watched.views >= MANY_VIEWS and seconds * VIEWS_A_SECOND < watched.views:
        found.append(INHUMAN_PACE)
    return tuple(found)


def taught_by(lessons: Lessons, network_host: str | None) -> tuple[str, ...]:
    """The evidence in where an event came from, if an owner has marked a visitor from there."""
    if network_host is None or network_host not in lessons.hosts:
        return ()
    return (str(Item(Kind.NETWORK, MARKED, network_host)),)


def counting(evidence: Iterable[str], lessons: Lessons) -> list[Item]:
    """The evidence less what an owner has taught to mean nothing, and with what they have taught to mean something."""
    found = []
    for item in map(item_of, evidence):
        if item.subject and item.subject in lessons.people:
            continue
        if item.kind == Kind.SEEN:
            if item.subject in lessons.agents:
                found.append(Item(Kind.AGENT, item.detail, item.subject))
        elif item.kind != Kind.NETWORK or item.detail != MARKED or item.subject in lessons.hosts:
            found.append(item)
    return found


def machine_reasons(
    visitor: str, evidence: frozenset[str], watched: Watched, lessons: Lessons = NO_LESSONS
) -> frozenset[str]:
    """Why this visitor is a machine; empty for a person. What an owner says of a visitor outweighs everything found."""
    decision = lessons.decided.get(visitor)
    if decision is Decision.PERSON:
        return frozenset()
    marked = frozenset({MARKED}) if decision is Decision.MACHINE else frozenset()
    found = counting(evidence, lessons) if evidence else []
    found += [Item(Kind.BEHAVIOUR, detail, "") for detail in behaviour_of(watched)]
    return marked | (reasons_of(found) if found else frozenset())
