"""A visitor derived anew from the stored facts, when what counts of them has changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from leadlight.core.identity.people.clicks import claim_id, landing_of
from leadlight.core.identity.people.links import Claim
from leadlight.core.privacy.cleaning import Cleaner
from leadlight.core.records import Channel, Event, EventType
from leadlight.core.scoring.decide import conclude, profile_of
from leadlight.core.scoring.landed import holds, links_of
from leadlight.core.scoring.profile import CompanyLink, ContactLink, Profile
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.state import HIDING_NOTHING, Hiding, Key, State, Verdict, working_copy


class Happened(Struct, frozen=True, gc=False):
    """An event other than a page view, as far as it counts."""

    id: str
    type: EventType
    name: str | None
    path: str | None
    occurred_at: datetime
    hidden: bool = False
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def is_activity(self) -> bool:
        return self.type in (EventType.PAGE, EventType.SCREEN, EventType.TRACK)


class Facts(Struct):
    """What is stored of a visitor beside the page views, which stand in the state.

    The claims are those that hold: not withdrawn, and of people as owners have merged them.
    """

    events: Sequence[Happened] = ()
    claims: Sequence[Claim] = ()
    companies: Sequence[CompanyLink] = ()


def decide_anew(
    states: Iterable[State],
    facts: Mapping[Key, Facts],
    rules: Mapping[str, Rules],
    now: datetime,
    hiding: Mapping[str, Hiding],
    cleaners: Mapping[str, Cleaner],
    to_tell: Collection[Key] = (),
) -> tuple[Verdict, list[tuple[Key, Happened]]]:
    """Derive visitors from their facts, less those on excluded paths; and the events that now read differently.

    With nothing excluded the outcome is what every order of arrival leads to. Nobody is alerted: nothing has happened.
    Of a visitor whose facts are no longer all there, the numbers stay as they are; who they are and where from follows
    from the claims all the same, which are kept for good. Readers are told of whoever has changed, and of `to_tell`.
    """
    verdict = Verdict([], [], [])
    rewritten: list[tuple[Key, Happened]] = []
    for before in states:
        own, site_hiding = facts.get(before.key, Facts()), hiding.get(before.site, HIDING_NOTHING)
        cleaner, complete = cleaners.get(before.site), _complete(before, own)
        state = working_copy(before)
        conclude(state, rules[before.site], now, site_hiding)  # whether it is a machine
        own = _landed(state, own)
        _link(state.profile, own)
        if complete:
            _recount(state, own, rules[before.site], site_hiding)
        else:
            _introduce(state.profile, own, rules[before.site])
        if cleaner is not None:
            _clean(state, cleaner)
        for event in own.events:
            after = replace(
                event,
                hidden=site_hiding.exclusions.path(event.path) if complete else event.hidden,
                properties=cleaner.properties(deepcopy(event.properties)) if cleaner else event.properties,
            )
            if after != event:
                rewritten.append((before.key, after))
        conclude(state, rules[before.site], now, site_hiding)
        if state != before or before.key in to_tell:
            verdict.states.append((before, state))
    return verdict, rewritten


def _complete(state: State, facts: Facts) -> bool:
    """Whether the stored facts are all those that the visitor's numbers were made of."""
    counted = sum(view.occurred_at is not None and not view.hidden for view in state.views.values())
    counted += sum(event.is_activity and not event.hidden for event in facts.events)
    return counted == state.profile.activities


def _landed(state: State, facts: Facts) -> Facts:
    """Judge the followed links anew: the facts with the claims that they make now, less those that fell."""
    claims, companies = list(facts.claims), list(facts.companies)
    for id, landing in list(state.landings.items()):
        confirmed = holds(state, id)
        if confirmed == landing.confirmed:
            continue
        state.landings[id] = replace(landing, confirmed=confirmed)
        key = claim_id(id)
        claims = [claim for claim in claims if claim.event_id != key]
        companies = [link for link in companies if link.event_id != key]
        if confirmed and not landing.taken_back:
            contact, company = links_of(id, landing)
            claims.append(Claim(contact.at, key, contact.id, said=False))
            companies += [company] if company is not None else []
    return Facts(facts.events, claims, companies)


def _link(profile: Profile, facts: Facts) -> None:
    """Who the visitor is and which company's, by the claims that hold."""
    links = [ContactLink(claim.at, claim.event_id, claim.target) for claim in facts.claims]
    profile.contact = max(links, key=lambda link: link.order, default=None)
    profile.company = max(facts.companies, key=lambda link: link.order, default=None)


def _introduce(profile: Profile, facts: Facts, rules: Rules) -> None:
    """Enter anew how the visitor became known, and leave what else was counted."""
    hidden = {event.id for event in facts.events if event.hidden}
    said = [claim for claim in facts.claims if _source(claim) not in hidden]
    derived = profile_of((), (), said, rules)
    names, kinds = introductions(rules)
    profile.lines = {key: line for key, line in profile.lines.items() if line.rule not in names} | derived.lines
    profile.signals = {kind: signal for kind, signal in profile.signals.items() if kind not in kinds} | {
        kind: signal for kind, signal in derived.signals.items() if kind in kinds
    }


def introductions(rules: Rules) -> tuple[frozenset[str], frozenset[str]]:
    """The rules that hold when somebody becomes known, and the signals that only they give."""
    introducing = (*rules.on_identified, *rules.on_link_followed)
    ours = {rule.name for rule in introducing}
    others = {rule.signal for rule in rules.by_name.values() if rule.name not in ours}
    return frozenset(ours), frozenset(rule.signal for rule in introducing if rule.signal not in others)


def _source(claim: Claim) -> str:
    """The event or page view that a claim is of."""
    return landing_of(claim.event_id) or claim.event_id


def _recount(state: State, facts: Facts, rules: Rules, hiding: Hiding) -> None:
    exclusions = hiding.exclusions
    for view in list(state.views.values()):
        hidden = view.occurred_at is not None and exclusions.path(view.path)
        if hidden != view.hidden:
            state.views[view.id] = replace(view, hidden=hidden)
    visible = [event for event in facts.events if not exclusions.path(event.path)]
    counting = {event.id for event in visible}
    counting |= {view.id for view in state.views.values() if view.occurred_at is not None and not view.hidden}
    derived = profile_of(
        state.views.values(),
        [_event(state, event) for event in visible],
        [claim for claim in facts.claims if _source(claim) in counting],
        rules,
    )
    profile = state.profile
    profile.runs, profile.page_views, profile.activities = derived.runs, derived.page_views, derived.activities
    profile.engaged_ms, profile.lines, profile.signals = derived.engaged_ms, derived.lines, derived.signals


def _event(state: State, event: Happened) -> Event:
    return Event(
        site=state.site,
        visitor=state.visitor,
        id=event.id,
        type=event.type,
        anonymous_id=state.anonymous_id,
        occurred_at=event.occurred_at,
        received_at=event.occurred_at,
        channel=Channel.BROWSER,
        name=event.name,
    )


def _clean(state: State, cleaner: Cleaner) -> None:
    for view in list(state.views.values()):
        url = cleaner.text(view.url) if view.url else view.url
        referrer = cleaner.text(view.referrer) if view.referrer else view.referrer
        if (url, referrer) != (view.url, view.referrer):
            state.views[view.id] = replace(view, url=url, referrer=referrer)
