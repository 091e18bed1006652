"""A visitor as the scorer works on them: what is stored, what a batch makes of it, and what is then to be saved."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from leadlight.core.identity.machines.judgement import NO_LESSONS, Lessons
from leadlight.core.identity.people.clicks import Landing
from leadlight.core.records import Event
from leadlight.core.scoring.alerts import Alert, Told
from leadlight.core.scoring.ledger import Line, LineKey, Signal, line_of
from leadlight.core.scoring.profile import CompanyLink, Profile
from leadlight.core.scoring.rules import Rule
from leadlight.core.scoring.score import Standing
from leadlight.core.sites.exclusions import NOTHING, Exclusions

Key = tuple[str, str]
"""A visitor: site and id."""

SUBJECT_CHARACTERS = 200


class View(Struct, frozen=True, gc=False):
    """One page view. Without `occurred_at` only its engaged time has come so far, and it counts for nothing yet."""

    id: str
    occurred_at: datetime | None = None
    url: str | None = None
    path: str | None = None
    title: str | None = None
    referrer: str | None = None
    category: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    engaged_ms: int = 0
    active_until: datetime | None = None
    scroll_percent: int = 0
    imported: bool = False
    hidden: bool = False  # on a path that the site's owner excludes: kept, and counted for nothing
    touched: bool = False  # by a pointer, a key or a scroll that the browser vouches for


class Hiding(Struct, frozen=True):
    """What a site's owner excludes, and the e-mails of the people who are asked about, by contact."""

    exclusions: Exclusions = NOTHING
    emails: Mapping[str, Sequence[str]] = {}
    machines: Lessons = NO_LESSONS  # what they have said of visitors, and taught by it


HIDING_NOTHING = Hiding()
NO_HIDING: Mapping[str, Hiding] = {}
NO_LINKS: Mapping[Key, Sequence[CompanyLink]] = {}


class State(Struct):
    """A visitor as stored: the profile, what was concluded from it, and the page views that a batch speaks of."""

    site: str
    visitor: str
    partition: int
    anonymous_id: str = ""
    profile: Profile = field(default_factory=Profile)
    standing: Standing | None = None  # None: never stored
    lines: dict[LineKey, Line] = field(default_factory=dict)  # with those that follow from the runs
    signals: dict[str, Signal] = field(default_factory=dict)  # likewise
    views: dict[str, View] = field(default_factory=dict)
    told: tuple[Told, ...] = ()
    hidden_reason: str | None = None  # which of the site's exclusions keeps the visitor apart
    landings: dict[str, Landing] = field(default_factory=dict)  # page views that tracked links led to, by id

    @property
    def key(self) -> Key:
        return (self.site, self.visitor)


class Verdict(Struct):
    """What is to be saved: changed visitors as (before, after), new facts, and alerts to be told."""

    states: list[tuple[State, State]]
    events: list[Event]
    alerts: list[Alert]
    hidden: set[tuple[Key, str]] = field(default_factory=set)  # those of the events that are counted for nothing
    to_recount: set[Key] = field(default_factory=set)  # visitors of whom something counted no more holds


def working_copy(state: State) -> State:
    """A copy to work on."""
    return State(
        state.site,
        state.visitor,
        state.partition,
        state.anonymous_id,
        state.profile.copy(),
        state.standing,
        state.lines,
        state.signals,
        dict(state.views),
        state.told,
        state.hidden_reason,
        dict(state.landings),
    )


def enter(
    state: State, rule: Rule, at: datetime, event_id: str, *, engaged_ms: int = 0, subject: str | None = None
) -> None:
    """Enter one piece of evidence for a rule."""
    subject = subject[:SUBJECT_CHARACTERS] if subject else None
    line = line_of(rule, at, event_id, engaged_ms=engaged_ms, subject=subject)
    state.profile.add(line, Signal(rule.signal, 1, at, at))
