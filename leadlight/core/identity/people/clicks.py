"""Tracked links that were followed: when that shows a person, and when it may have been a machine.

Mail security opens every link of a mail before its reader does, with ordinary browsers. So a link that was made for one
person introduces nobody by itself. It takes the landing page's own evidence of a human, from a network where no such
scanner works, and nothing around it that speaks of one. A suspect click stays one: whoever was behind it after all
becomes known by the next link they follow, or by saying who they are.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Final, TypeVar

from msgspec import Struct

T = TypeVar("T", bound=Hashable)

TRACKED_LINK: Final = "tracked_link"
"""The method of a contact who is known by a link of theirs."""

HUMAN_ENGAGED_MS: Final = 2_000
"""For so long the landing page is visible and used, at least, where somebody reads it."""

SCANNERS: Final = frozenset({"security_proxy", "hosting"})
"""Classes of networks in which mail is scanned and browsers are rented: no click from there introduces anybody."""

CLOAKED: Final = frozenset({"vpn", "relay"})
"""People do browse through these; one cannot see who else does, and the same person has several addresses at once."""

CONFIDENCE: Final = 0.7
"""Below what somebody says of themselves: mail is passed on to colleagues, links and all."""
CONFIDENCE_UNKNOWN_NETWORK: Final = 0.6
CONFIDENCE_CLOAKED: Final = 0.5

AT_ONCE: Final = timedelta(seconds=5)
"""Two different links of one mail within this time: nobody reads so fast."""
IN_A_ROW: Final = timedelta(seconds=60)
LINKS_IN_A_ROW: Final = 3
"""So many different links within that time: a scanner that takes its time."""
SEVERAL_NETWORKS: Final = timedelta(seconds=10)
"""One link that leads to a page over two connections within this time: whoever is in both places is no person."""
HEAD_NEAR: Final = timedelta(seconds=60)
TRAP_NEAR: Final = timedelta(minutes=10)
"""A trap that was stepped into speaks against all clicks of that recipient for so long before and after."""

FAR: Final = TRAP_NEAR
"""Clicks farther apart say nothing about each other."""

_CLAIM: Final = "click:"


class Suspicion(StrEnum):
    """Why a machine may have followed a link. Shown to people."""

    SCANNER_NETWORK = "scanner_network"  # it came from mail security or a data centre
    HEAD_REQUEST = "head_request"  # asked without wanting the page, as only programs do
    HONEYPOT = "honeypot"  # a link was followed that no reader can see
    ALL_LINKS_AT_ONCE = "all_links_at_once"
    SEVERAL_NETWORKS = "several_networks_at_once"
    ODD_BROWSER = "odd_browser"  # its own headers or behaviour belie the browser


class Followed(Struct, frozen=True, gc=False):
    """One of a recipient's links was followed: at the door, which leads on, or as it arrived at a page."""

    visitor: str
    event_id: str
    at: datetime
    link: str
    landed: bool
    network_class: str
    host: str | None = None  # keyed hash of the connection's address
    seen: tuple[str, ...] = ()  # what this one click shows by itself

    @property
    def key(self) -> tuple[str, str]:
        return (self.visitor, self.event_id)


def seen_alone(network_class: str, seen: Iterable[str], machine_evidence: Iterable[str]) -> tuple[str, ...]:
    """What speaks against a click without a look at any other.

    What the network looks like is its class's to say; an agent that is merely new to us is nobody's fault.
    """
    found = {Suspicion(fact) for fact in seen if fact in _SHOWN_BY_ONE}
    if network_class in SCANNERS:
        found.add(Suspicion.SCANNER_NETWORK)
    if any(evidence.partition(":")[0].partition("@")[0] not in _NO_ODDITY for evidence in machine_evidence):
        found.add(Suspicion.ODD_BROWSER)
    return tuple(sorted(found))


_NO_ODDITY: Final = frozenset({"network", "seen"})
_SHOWN_BY_ONE: Final = frozenset({Suspicion.HEAD_REQUEST, Suspicion.HONEYPOT})


def suspicions(followed: Iterable[Followed]) -> dict[tuple[str, str], frozenset[str]]:
    """What speaks against each of one recipient's clicks, by visitor and event id.

    Depends on the set of clicks alone, and grows with it: a further click takes no suspicion back. Known scanners are
    suspect by themselves, and nothing they do makes others so, or a gateway that checks a link while its reader waits
    would hide the reader.
    """
    clicks = sorted(followed, key=lambda click: (click.at, click.visitor, click.event_id))
    found: dict[tuple[str, str], set[str]] = {click.key: set(click.seen) for click in clicks}
    telling = [click for click in clicks if click.network_class not in SCANNERS]
    for reason, suspects in (
        (Suspicion.ALL_LINKS_AT_ONCE, chain(_at_once(telling), _in_a_row(telling))),
        (Suspicion.SEVERAL_NETWORKS, _in_two_places(telling)),
        (Suspicion.HEAD_REQUEST, _near_a_head_request(telling)),
        (Suspicion.HONEYPOT, _near_a_trap(telling)),
    ):
        for click in suspects:
            found[click.key].add(reason)
    return {key: frozenset(reasons) for key, reasons in found.items()}


def _at_once(clicks: Sequence[Followed]) -> Iterable[Followed]:
    for click, near in _each_with_near(clicks, AT_ONCE, lambda one: one.link):
        if len(near) > 1:
            yield click


def _in_a_row(clicks: Sequence[Followed]) -> Iterable[Followed]:
    first = told = 0
    links: Counter[str] = Counter()
    for last, click in enumerate(clicks):
        links[click.link] += 1
        while click.at - clicks[first].at > IN_A_ROW:
            _take_one(links, clicks[first].link)
            first += 1
        if len(links) >= LINKS_IN_A_ROW:
            yield from clicks[max(first, told) : last + 1]
            told = last + 1


def _in_two_places(clicks: Sequence[Followed]) -> Iterable[Followed]:
    landings: defaultdict[str, list[Followed]] = defaultdict(list)
    for click in clicks:
        if click.landed and click.host is not None and click.network_class not in CLOAKED:
            landings[click.link].append(click)
    for own in landings.values():
        near = (_each_with_near(own, SEVERAL_NETWORKS, what) for what in (_visitor, _host, _both))
        for (click, visitors), (_, hosts), (_, both) in zip(*near, strict=True):
            same = visitors[click.visitor] + hosts[click.host] - both[_both(click)]
            if visitors.total() > same:
                yield click


def _visitor(click: Followed) -> Hashable:
    return click.visitor


def _host(click: Followed) -> Hashable:
    return click.host


def _both(click: Followed) -> Hashable:
    return (click.visitor, click.host)


def _near_a_head_request(clicks: Sequence[Followed]) -> Iterable[Followed]:
    heads = [click for click in clicks if Suspicion.HEAD_REQUEST in click.seen]
    over: defaultdict[str | None, list[datetime]] = defaultdict(list)
    for head in heads:
        over[head.host].append(head.at)
    anywhere = [head.at for head in heads]
    for click in clicks:
        hosts = [over[click.host], over[None]] if click.host is not None else [anywhere]
        if any(_within(times, click.at, HEAD_NEAR) for times in hosts):
            yield click


def _near_a_trap(clicks: Sequence[Followed]) -> Iterable[Followed]:
    traps = [click.at for click in clicks if Suspicion.HONEYPOT in click.seen]
    return (click for click in clicks if _within(traps, click.at, TRAP_NEAR))


def _each_with_near(
    clicks: Sequence[Followed], near: timedelta, what: Callable[[Followed], T]
) -> Iterable[tuple[Followed, Counter[T]]]:
    """Each click with a count of what the clicks within that time are, itself among them."""
    first = end = 0
    around: Counter[T] = Counter()
    for click in clicks:
        while end < len(clicks) and clicks[end].at - click.at <= near:
            around[what(clicks[end])] += 1
            end += 1
        while click.at - clicks[first].at > near:
            _take_one(around, what(clicks[first]))
            first += 1
        yield click, around


def _take_one(counts: Counter[T], what: T) -> None:
    counts[what] -= 1
    if not counts[what]:
        del counts[what]


def _within(times: Sequence[datetime], at: datetime, near: timedelta) -> bool:
    place = bisect_left(times, at - near)
    return place < len(times) and times[place] <= at + near


class Landing(Struct, frozen=True, gc=False):
    """A page view that a tracked link led to. Whom the link was made for is introduced by it once it is `confirmed`."""

    contact: str  # id of whom the link was made for
    at: datetime
    link: str
    campaign: str | None
    network_class: str
    suspect: frozenset[str] = frozenset()
    company: str | None = None  # id; None: the address speaks of no company
    person: str = ""  # the contact that stands for theirs, where owners have merged some
    taken_back: bool = False  # an owner has said that it was somebody else
    confirmed: bool = False

    def shows_a_human(self, *, engaged_ms: int, touched: bool, machine: bool) -> bool:
        """Whether the page was used as people use pages, and nothing speaks against that having been a person."""
        return touched and engaged_ms >= HUMAN_ENGAGED_MS and not machine and not self.suspect

    @property
    def confidence(self) -> float:
        return confidence_of(self.network_class)

    @property
    def evidence(self) -> dict[str, str]:
        known = {"campaign": self.campaign, "link": self.link, "network_class": self.network_class}
        return {name: value for name, value in known.items() if value}


def confidence_of(network_class: str) -> float:
    """How surely a followed link tells who followed it."""
    if network_class in CLOAKED:
        return CONFIDENCE_CLOAKED
    return CONFIDENCE if network_class != "unknown" else CONFIDENCE_UNKNOWN_NETWORK


def claim_id(page_view_id: str) -> str:
    """What a followed link's claim is kept under: the page view itself may say who its visitor is, too."""
    return _CLAIM + page_view_id


def landing_of(event_id: str) -> str | None:
    """The page view behind a followed link's claim; None for any other claim."""
    return event_id.removeprefix(_CLAIM) if event_id.startswith(_CLAIM) else None
