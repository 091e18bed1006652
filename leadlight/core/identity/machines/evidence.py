"""What speaks for a machine, and when it is enough: an agent that names itself, inhuman speed, or two kinds of evidence.

Each piece of evidence is a text, `kind:detail` or `kind:detail@subject`. The subject is what an owner can teach about: the
shape of an agent, or a block of addresses.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from leadlight.core.identity.machines.bots import IN_AN_APP, NAMED_BY_AGENT, TOO_FAST, Named
from leadlight.core.intake.oddities import HEADLESS, WEBDRIVER
from leadlight.core.records import Channel, Event, Identified, Network

USER_PREFIX = "user:"
"""Before the user id of a visitor that is known only by the id a business gave: no browser, so nothing of a browser's
posts makes a machine of it, and whoever knows the public write key cannot have it kept apart."""

SNIPPET = "leadlight.js"

DETAIL_CHARACTERS = 60
ITEMS_OF_A_KIND = 8
"""Evidence kept of each kind, the first by alphabet: a union of such parts is the same in whatever order it grows."""


class Kind(StrEnum):
    """What evidence is about."""

    AGENT = NAMED_BY_AGENT  # it names itself: enough alone
    TOO_FAST = TOO_FAST  # enough alone
    NETWORK = "network"
    HEADERS = "headers"
    BEHAVIOUR = "behaviour"
    SEEN = "seen"  # no evidence: an agent like nobody's, by which an owner may teach


DRIVEN = f"{Kind.BEHAVIOUR}:{WEBDRIVER}"
"""The evidence that a browser tells its pages that a program drives it."""

DECISIVE = frozenset({Kind.AGENT, Kind.TOO_FAST})
MARKED = "marked"
"""The reason told when a site's owner has said that a visitor is a machine."""

NETWORKS = frozenset({"hosting", "security_proxy"})
"""Classes that speak for a machine. People browse over a vpn or a relay, so these say nothing."""

PROXY = "security_proxy"
"""A proxy that reads along may leave headers out, so headers that are missing behind one are no second kind."""


class Item(NamedTuple):
    """One piece of evidence."""

    kind: str
    detail: str
    subject: str

    def __str__(self) -> str:
        text = f"{self.kind}:{self.detail}" if self.detail else self.kind
        return f"{text}@{self.subject}" if self.subject else text


def item_of(text: str) -> Item:
    head, _, subject = text.partition("@")
    kind, _, detail = head.partition(":")
    return Item(kind, detail, subject)


def evidence_of(event: Event, named: Named | None, network: Network) -> tuple[str, ...]:
    """What one event tells. Headers and network are the visitor's own only in a browser's post."""
    if event.anonymous_id.startswith(USER_PREFIX):
        return ()
    found: list[Item] = []
    if named is not None:
        found.append(Item(Kind.AGENT, plain(named.name or "unnamed"), shape_of(event.user_agent or "")))
    elif event.user_agent and (token := unusual_token(event.user_agent)) is not None:
        found.append(Item(Kind.SEEN, plain(token), shape_of(event.user_agent)))
    if event.automated:
        found.append(Item(Kind.TOO_FAST, "", ""))
    if event.channel is Channel.BROWSER:
        for oddity in event.oddities:
            if oddity == WEBDRIVER:
                found.append(Item(Kind.BEHAVIOUR, oddity, ""))
            elif oddity == HEADLESS:
                found.append(Item(Kind.AGENT, oddity, ""))
            else:
                found.append(Item(Kind.HEADERS, oddity, ""))
        if network.kind in NETWORKS:
            found.append(Item(Kind.NETWORK, network.kind, network.block or ""))
    return tuple(str(item) for item in found)


def evidence_told(identified: Identified) -> tuple[str, ...]:
    """The evidence in a record. One made before evidence was told apart holds only the reasons."""
    told = identified.machine_evidence
    kinds = {item_of(text).kind for text in told}
    return (*told, *(reason for reason in identified.bot_reasons if reason in DECISIVE and reason not in kinds))


def is_watched(event: Event) -> bool:
    """Whether our own script sent this from a page as it was open: it tells the engaged time too, so silence says something."""
    library = event.library
    return (
        library is not None and library.startswith(SNIPPET) and event.channel is Channel.BROWSER and not event.imported
    )


def united(one: frozenset[str], more: Iterable[str]) -> frozenset[str]:
    """Both together, with at most so many of a kind: commutative, associative, and a repeat changes nothing."""
    together = one.union(more)
    if len(together) <= ITEMS_OF_A_KIND:
        return together
    kept: list[str] = []
    numbers: dict[str, int] = {}
    for text in sorted(together):
        kind = item_of(text).kind
        numbers[kind] = numbers.get(kind, 0) + 1
        if numbers[kind] <= ITEMS_OF_A_KIND:
            kept.append(text)
    return frozenset(kept)


def reasons_of(items: Iterable[Item]) -> frozenset[str]:
    """Why this is a machine; empty where it is not enough."""
    by_kind: dict[str, set[str]] = {}
    for item in items:
        by_kind.setdefault(item.kind, set()).add(item.detail)
    enough = {kind for kind in by_kind if kind in DECISIVE}
    kinds = {kind for kind in by_kind if kind in (Kind.NETWORK, Kind.HEADERS, Kind.BEHAVIOUR)}
    if kinds == {Kind.NETWORK, Kind.HEADERS} and by_kind[Kind.NETWORK] == {PROXY}:
        kinds = {Kind.NETWORK} if all(detail.startswith("no_") for detail in by_kind[Kind.HEADERS]) else kinds
    return frozenset(enough | (kinds if len(kinds) > 1 else set()))


_DIGITS = re.compile(r"\d+")
_PARENTHESES = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")
_USUAL_WORDS = """
    mozilla applewebkit khtml like gecko chrome chromium safari version mobile firefox edg edge edga edgios opr
    opera opt opx crios fxios gsa samsungbrowser yabrowser yowser vivaldi brave duckduckgo ddg whale ucbrowser
    miuibrowser xiaomi huaweibrowser oculusbrowser vr silk seamonkey palemoon goanna waterfox thunderbird iron
    electron trident msie presto qqbrowser mqqbrowser ubuntu raspbian epiphany konqueror falkon qtwebengine tv
    smarttv webappmanager avast avg ccleaner android u focus klar coc_coc_browser slimjet maxthon sleipnir arc
    norton avira
"""
_USUAL = frozenset(_USUAL_WORDS.split())


def shape_of(agent: str) -> str:
    """The agent without its numbers, hashed: what an owner teaches of one version holds for the next."""
    return sha256(_DIGITS.sub("0", agent.strip().casefold()).encode("utf-8", "replace")).hexdigest()[:12]


def unusual_token(agent: str) -> str | None:
    """The first word of an agent that no common browser writes; None for browsers and for pages open inside an app.

    Only of such an agent may an owner's word about one visitor be believed of the next.
    """
    if IN_AN_APP.search(agent) is not None:
        return None
    for word in _PARENTHESES.sub(" ", agent).split():
        token = word.split("/")[0].strip(";,()[]")
        if token and not token[0].isdigit() and token.casefold() not in _USUAL:
            return token
    return None


def plain(text: str) -> str:
    """As the detail of evidence: without the signs that part it from the rest."""
    return re.sub(r"[,@:\s]+", " ", text).strip()[:DETAIL_CHARACTERS]
