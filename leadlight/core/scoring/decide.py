"""The scorer's decision: what a batch of events makes of the visitors it touches, and which change is told.

Pure. Every step is a union, a maximum or a sum over distinct events, so that any order, any repetition and any split
into batches of the same events ends in the same state.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from leadlight.core.identity.companies.methods import claim_key
from leadlight.core.identity.machines.evidence import evidence_told, is_watched, united
from leadlight.core.identity.machines.judgement import (
    Lessons,
    Watched,
    machine_reasons,
    taught_by,
)
from leadlight.core.identity.people.clicks import landing_of
from leadlight.core.identity.people.links import UNSAID, Claim
from leadlight.core.records import Agent, Engagement, Event, EventType, Identified, Page
from leadlight.core.scoring import alerts, score
from leadlight.core.scoring.alerts import Alert
from leadlight.core.scoring.arrivals import arrival_of, path_of
from leadlight.core.scoring.grade import grade_of
from leadlight.core.scoring.landed import landed, unsettled
from leadlight.core.scoring.ledger import Line, line_of, oldest_hour
from leadlight.core.scoring.profile import AgentSeen, CompanyLink, ContactLink, PlaceSeen, Profile, latest
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.ruleset import READ_MS
from leadlight.core.scoring.state import (
    HIDING_NOTHING,
    NO_HIDING,
    NO_LINKS,
    Hiding,
    Key,
    State,
    Verdict,
    View,
    enter,
    working_copy,
)
from leadlight.core.scoring.visits import Run, with_span

_NO_AGENT = Agent()
_NO_PAGE = Page()


def decide(
    states: Mapping[Key, State],
    fresh: Sequence[Identified],
    rules: Mapping[str, Rules],
    now: datetime,
    hiding: Mapping[str, Hiding] = NO_HIDING,
    companies: Mapping[Key, Sequence[CompanyLink]] = NO_LINKS,
) -> Verdict:
    """Apply events to the visitors they are about. `fresh` holds each event once; reports of engaged time may repeat.

    `companies` holds, for visitors whose events name one, every link that is kept: a record may be older than what has
    been learnt or corrected since it was made.
    """
    work: dict[Key, State] = {}
    events: list[Event] = []
    hidden: set[tuple[Key, str]] = set()
    imported: set[Key] = set()
    for identified in fresh:
        event = identified.event
        key = (event.site, event.visitor)
        if event.imported:
            imported.add(key)
        state = work.get(key)
        if state is None:
            state = work[key] = working_copy(states[key])
        _claims(state, identified, hiding.get(event.site, HIDING_NOTHING).machines)
        if event.automated:
            continue
        if event.engagement is not None:
            _engaged(state, event.engagement, rules[event.site])
            continue
        path = path_in(event)
        excluded = path is not None and event.site in hiding and hiding[event.site].exclusions.path(path)
        if event.type is EventType.PAGE:
            _viewed(state, event, path, rules[event.site], hidden=excluded)
        else:
            events.append(event)
            if not excluded:
                _happened(state, event, rules[event.site])
        if excluded:
            hidden.add((key, event.id))
            continue
        if identified.contact is not None and identified.contact.method not in UNSAID:
            for rule in rules[event.site].on_identified:
                enter(state, rule, event.occurred_at, event.id)
    verdict = Verdict([], events, [], hidden)
    for key, state in work.items():
        before = states[key]
        if key in companies:
            state.profile.company = max(companies[key], key=lambda link: link.order, default=None)
        conclude(state, rules[state.site], now, hiding.get(state.site, HIDING_NOTHING))
        if landed(state, rules[state.site]):
            conclude(state, rules[state.site], now, hiding.get(state.site, HIDING_NOTHING))
        if unsettled(before, state):
            verdict.to_recount.add(key)
        if state != before:
            verdict.states.append((before, state))
        alert = _alert(before, state, rules[state.site], now)
        if alert is not None and (key not in imported or alert.crossed_at in _live_moments(key, fresh, state)):
            verdict.alerts.append(alert)
    return verdict


def _live_moments(key: Key, fresh: Iterable[Identified], state: State) -> set[datetime]:
    """When this batch's events happened that are no imported past: only these may alert."""
    moments = set()
    for identified in fresh:
        event = identified.event
        if (event.site, event.visitor) == key and not event.imported:
            moments.add(event.occurred_at)
            view = state.views.get(event.engagement.page_view_id) if event.engagement is not None else None
            if view is not None and view.occurred_at is not None:
                moments.add(view.occurred_at)
    return moments


def decide_due(
    states: Iterable[State], rules: Mapping[str, Rules], now: datetime, hiding: Mapping[str, Hiding] = NO_HIDING
) -> Verdict:
    """What the passing of time alone has made of these visitors."""
    verdict = Verdict([], [], [])
    for before in states:
        state = working_copy(before)
        conclude(state, rules[state.site], now, hiding.get(state.site, HIDING_NOTHING))
        if state != before:
            verdict.states.append((before, state))
    return verdict


def profile_of(views: Iterable[View], events: Iterable[Event], introduced: Iterable[Claim], rules: Rules) -> Profile:
    """What some of a visitor's facts come to by themselves: the part of a shared browser that is one person's.

    `introduced` are the claims by which the person became known: said who they are, or followed a link of theirs.
    """
    state = State("", "", 0)
    for view in views:
        if view.occurred_at is not None and not view.hidden:
            state.profile.activities += 1
            _replace(state, View(view.id), view, rules)
    for event in events:
        _happened(state, event, rules)
    for claim in introduced:
        page_view = landing_of(claim.event_id)
        for rule in rules.on_identified if claim.said else rules.on_link_followed if page_view else ():
            enter(state, rule, claim.at, page_view or claim.event_id)
    return state.profile


def _claims(state: State, identified: Identified, lessons: Lessons) -> None:
    """What an event says about the visitor, whatever else it is."""
    event, profile = identified.event, state.profile
    if not state.anonymous_id:
        state.anonymous_id = event.anonymous_id
    if event.demo:
        profile.demo = True
    if identified.bot_reasons or identified.machine_evidence or lessons.hosts:
        found = (*evidence_told(identified), *taught_by(lessons, identified.network.host))
        profile.bot_evidence = united(profile.bot_evidence, found)
    if identified.agent != _NO_AGENT:
        profile.agent = latest(profile.agent, AgentSeen(event.occurred_at, event.id, identified.agent))
    if identified.place.country is not None:
        profile.place = latest(profile.place, PlaceSeen(event.occurred_at, event.id, identified.place))
    contact, company = identified.contact, identified.company
    if contact is not None:
        profile.contact = latest(profile.contact, ContactLink(event.occurred_at, event.id, contact.id))
    if company is not None:
        key = claim_key(company.method, event.id, identified.network)
        link = CompanyLink(event.occurred_at, key, company.id, company.method, company.confidence)
        profile.company = latest(profile.company, link)


def path_in(event: Event) -> str | None:
    """The path that an event happened on."""
    page = event.page
    if page is None:
        return None
    return page.path or (path_of(page.url) if event.type is EventType.PAGE else None) or None


def _viewed(state: State, event: Event, path: str | None, rules: Rules, *, hidden: bool) -> None:
    """A page was opened."""
    before = state.views.get(event.id) or View(event.id)
    if before.occurred_at is not None:
        return  # seen so long ago that its id was forgotten
    page = event.page or _NO_PAGE
    arrival = arrival_of(page, event.campaign)
    state.profile.activities += not hidden
    state.profile.watched_views += is_watched(event)
    _replace(
        state,
        before,
        View(
            id=event.id,
            occurred_at=event.occurred_at,
            url=page.url or None,
            path=path,
            title=page.title or None,
            referrer=page.referrer or None,
            category=rules.category_of(path) if path else None,
            source=arrival.source,
            medium=arrival.medium,
            campaign=arrival.campaign,
            engaged_ms=before.engaged_ms,
            active_until=before.active_until,
            scroll_percent=before.scroll_percent,
            imported=event.imported,
            hidden=hidden,
            touched=before.touched,
        ),
        rules,
    )


def _engaged(state: State, report: Engagement, rules: Rules) -> None:
    """A page is being looked at: cumulative, so the largest report wins."""
    before = state.views.get(report.page_view_id) or View(report.page_view_id)
    until = before.active_until
    state.profile.touched = state.profile.touched or report.touched
    after = View(
        before.id,
        before.occurred_at,
        before.url,
        before.path,
        before.title,
        before.referrer,
        before.category,
        before.source,
        before.medium,
        before.campaign,
        engaged_ms=max(before.engaged_ms, report.engaged_ms),
        active_until=report.active_until if until is None or report.active_until > until else until,
        scroll_percent=max(before.scroll_percent, report.scroll_percent),
        imported=before.imported,
        hidden=before.hidden,
        touched=before.touched or report.touched,
    )
    if after != before:
        _replace(state, before, after, rules)


def _replace(state: State, before: View, after: View, rules: Rules) -> None:
    """Enter a page view's new form, and what it adds to the old one."""
    state.views[after.id] = after
    opened, profile = after.occurred_at, state.profile
    if opened is None or after.hidden:
        return
    counted_ms = 0 if before.occurred_at is None else before.engaged_ms
    profile.page_views += before.occurred_at is None
    profile.engaged_ms += after.engaged_ms - counted_ms
    until = after.active_until
    profile.runs = with_span(profile.runs, Run(opened, until if until is not None and until > opened else opened))
    if after.category is None or after.engaged_ms < READ_MS:
        return
    for rule in rules.on_read.get(after.category, ()):
        if counted_ms < READ_MS:
            enter(state, rule, opened, after.id, engaged_ms=after.engaged_ms, subject=after.path)
        elif after.engaged_ms > counted_ms:
            _prolong(profile, line_of(rule, opened, after.id), after.engaged_ms)


def _prolong(profile: Profile, line: Line, engaged_ms: int) -> None:
    known = profile.lines.get(line.key)
    if known is not None and known.engaged_ms < engaged_ms:
        profile.lines[line.key] = Line(
            known.rule, known.hour, known.at, known.count, engaged_ms, known.evidence, known.subject
        )


def _happened(state: State, event: Event, rules: Rules) -> None:
    """Everything but page views."""
    if not event.is_activity:
        return
    state.profile.activities += 1
    state.profile.runs = with_span(state.profile.runs, Run(event.occurred_at, event.occurred_at))
    if event.type is EventType.TRACK and event.name:
        for rule in rules.on_event(event.name):
            enter(state, rule, event.occurred_at, event.id, subject=event.name)


def conclude(state: State, rules: Rules, now: datetime, hiding: Hiding) -> None:
    """Work out what follows from the profile: lines and signals of the runs, where the visitor stands, and whether
    the site's owner wants to see them."""
    profile = state.profile
    contact, company = profile.contact, profile.company
    state.hidden_reason = hiding.exclusions.visitor(
        emails=hiding.emails.get(contact.id, ()) if contact is not None else (),
        company_id=company.id if company is not None else None,
    )
    oldest = oldest_hour(rules, now)
    if any(hour < oldest for _, hour in profile.lines):
        profile.lines = {key: line for key, line in profile.lines.items() if line.hour >= oldest}
    profile.bot_reasons = machine_reasons(state.visitor, profile.bot_evidence, watched_of(profile), hiding.machines)
    state.lines, state.signals = profile.complete(rules, now)
    # A machine's lines are kept and count for nothing, so that all of them are back when it turns out to be a person.
    state.standing = score.standing(() if profile.bot_reasons else state.lines.values(), rules, now)


def watched_of(profile: Profile) -> Watched:
    runs = profile.runs
    first, last = (runs[0].start, runs[-1].end) if runs else (None, None)
    return Watched(profile.watched_views, profile.engaged_ms, profile.touched, first, last)


def _alert(before: State, after: State, rules: Rules, now: datetime) -> Alert | None:
    standing = after.standing
    if standing is None or standing.hot_since is None or after.profile.bot_reasons or after.hidden_reason:
        return None
    if not alerts.became_hot(before.standing, standing):
        return None
    visit = alerts.visit_to_tell(standing.hot_since, after.profile.runs, before.told, now)
    if visit is None:
        return None
    # What is learnt long after it happened is told as it stood then: today's decayed score would belie "turned hot".
    moment = standing.hot_since if alerts.is_late(standing.hot_since, now) else now
    lines = [line for line in after.lines.values() if line.at <= moment]
    then = score.standing(lines, rules, moment)
    return alerts.hot_alert(
        after.site,
        after.visitor,
        crossed_at=standing.hot_since,
        visit=visit,
        score=score.score_at(
            then.points, as_of=then.as_of, now=moment, half_life_seconds=rules.half_life.total_seconds()
        ),
        grade=grade_of(None, standing.intent),
        reasons=score.reasons(lines, rules, moment),
        now=now,
    )
