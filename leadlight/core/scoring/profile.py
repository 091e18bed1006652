"""What is known about one visitor's behaviour, in a form that merges: a contact's state is a fold of its visitors'."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from msgspec import Struct, field

from leadlight.core.identity.companies.methods import precedence_of
from leadlight.core.identity.machines.evidence import united
from leadlight.core.identity.people.clicks import landing_of
from leadlight.core.records import Agent, Place
from leadlight.core.scoring.ledger import Line, LineKey, Signal, merge_lines, merge_signals, oldest_hour, returns
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.score import Standing, standing
from leadlight.core.scoring.visits import Run, unite

K = TypeVar("K")
V = TypeVar("V")


class AgentSeen(Struct, frozen=True, gc=False):
    """What the visitor browsed with, by the latest event that told."""

    at: datetime
    event_id: str
    agent: Agent

    @property
    def order(self) -> tuple[object, ...]:
        agent = self.agent
        return (self.at, self.event_id, agent.device or "", agent.browser or "", agent.system or "")


class PlaceSeen(Struct, frozen=True, gc=False):
    """Where the visitor was, by the latest event that told."""

    at: datetime
    event_id: str
    place: Place

    @property
    def order(self) -> tuple[object, ...]:
        place = self.place
        known = (place.country or "", place.region or "", place.city or "", place.accuracy_km or 0)
        return (self.at, self.event_id, *known)


class ContactLink(Struct, frozen=True, gc=False):
    """Who the visitor is, by the latest claim. What somebody says counts for more than a link that was sent to them:
    mail is passed on."""

    at: datetime
    event_id: str
    id: str

    @property
    def order(self) -> tuple[object, ...]:
        return (landing_of(self.event_id) is None, self.at, self.event_id, self.id)


class CompanyLink(Struct, frozen=True, gc=False):
    """Which company the visitor belongs to, by the latest claim of the method that is believed most."""

    at: datetime
    event_id: str
    id: str
    method: str
    confidence: float

    @property
    def order(self) -> tuple[object, ...]:
        return (precedence_of(self.method), self.at, self.event_id, self.id, self.method, self.confidence)


class Profile(Struct):
    """The mergeable state of one visitor, or of several who are one person.

    `lines` and `signals` hold what events brought; what follows from the runs is worked out when it is needed.
    """

    demo: bool = False
    bot_reasons: frozenset[str] = frozenset()  # what follows from the rest; empty: a person
    bot_evidence: frozenset[str] = frozenset()  # what speaks for a machine, found in events
    watched_views: int = 0  # those whose engaged time our own script would tell
    touched: bool = False  # by a pointer, a key or a scroll, on any page
    runs: tuple[Run, ...] = ()
    page_views: int = 0
    activities: int = 0
    engaged_ms: int = 0
    agent: AgentSeen | None = None
    contact: ContactLink | None = None
    company: CompanyLink | None = None
    place: PlaceSeen | None = None
    lines: dict[LineKey, Line] = field(default_factory=dict)
    signals: dict[str, Signal] = field(default_factory=dict)

    def copy(self) -> "Profile":
        """One that can be changed without touching this one."""
        return Profile(
            self.demo,
            self.bot_reasons,
            self.bot_evidence,
            self.watched_views,
            self.touched,
            self.runs,
            self.page_views,
            self.activities,
            self.engaged_ms,
            self.agent,
            self.contact,
            self.company,
            self.place,
            dict(self.lines),
            dict(self.signals),
        )

    def add(self, line: Line, signal: Signal) -> None:
        """Enter one piece of evidence."""
        known = self.lines.get(line.key)
        self.lines[line.key] = merge_lines(known, line) if known else line
        seen = self.signals.get(signal.kind)
        self.signals[signal.kind] = merge_signals(seen, signal) if seen else signal

    def complete(self, rules: Rules, now: datetime) -> tuple[dict[LineKey, Line], dict[str, Signal]]:
        """Every line that still counts and every signal: those kept and those that follow from the runs."""
        oldest = oldest_hour(rules, now)
        lines, signals = returns(self.runs, rules)
        live = {key: line for key, line in (self.lines | lines).items() if line.hour >= oldest}
        return live, self.signals | signals

    def standing(self, rules: Rules, now: datetime) -> Standing:
        return standing(self.complete(rules, now)[0].values(), rules, now)


def merge(one: Profile, other: Profile) -> Profile:
    """Two visitors' states as one person's. Commutative and associative."""
    return Profile(
        demo=one.demo or other.demo,
        bot_reasons=one.bot_reasons | other.bot_reasons,
        bot_evidence=united(one.bot_evidence, other.bot_evidence),
        watched_views=one.watched_views + other.watched_views,
        touched=one.touched or other.touched,
        runs=unite(one.runs, other.runs),
        page_views=one.page_views + other.page_views,
        activities=one.activities + other.activities,
        engaged_ms=one.engaged_ms + other.engaged_ms,
        agent=latest(one.agent, other.agent),
        contact=latest(one.contact, other.contact),
        company=latest(one.company, other.company),
        place=latest(one.place, other.place),
        lines=_merged(one.lines, other.lines, merge_lines),
        signals=_merged(one.signals, other.signals, merge_signals),
    )


Dated = TypeVar("Dated", AgentSeen, PlaceSeen, ContactLink, CompanyLink)


def latest(one: Dated | None, other: Dated | None) -> Dated | None:
    """The later claim by (time, event id), or the one that is believed more; the rest decides where even
    those agree."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda claim: claim.order)


def _merged(one: dict[K, V], other: dict[K, V], merge_values: Callable[[V, V], V]) -> dict[K, V]:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = merge_values(merged[key], value) if key in merged else value
    return merged
