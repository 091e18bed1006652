"""Reading: the states of the visitors that a batch touches, in one query a table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.records import Agent, Place
from leadlight.core.scoring.alerts import HOT_RULE, Told
from leadlight.core.scoring.ledger import Evidence, Line, Signal
from leadlight.core.scoring.profile import AgentSeen, CompanyLink, ContactLink, PlaceSeen, Profile
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.score import Intent, Standing
from leadlight.core.scoring.state import Key, State, View
from leadlight.core.scoring.visits import Run
from leadlight.store import bulk
from leadlight.store.profiles import rows as columns
from leadlight.store.profiles.rows import VISITOR_KEY
from leadlight.store.tables import alerts, ledger, page_views, scores, signals, visitors, visits

_evidence = msgspec.json.Decoder(tuple[Evidence, ...])


async def load(
    connection: AsyncConnection,
    touched: Mapping[Key, int],
    views: Iterable[tuple[str, str, str]],
    rules: Mapping[str, Rules],
) -> dict[Key, State]:
    """The states of the visitors `touched`, new ones empty; the values are the partitions their events came from.

    `views` are the page views spoken of: site, visitor and id.
    """
    states = {key: State(key[0], key[1], partition) for key, partition in touched.items()}
    profiles = await profiles_of(connection, touched, rules)
    await _bring_home(connection, [(loaded, touched[key]) for key, loaded in profiles.items()])
    states |= profiles
    for row in await bulk.select(
        connection, page_views, (*VISITOR_KEY, *columns.VIEW), (*VISITOR_KEY, "id"), set(views)
    ):
        states[row[:2]].views[row[2]] = View(*row[2:])
    found = await bulk.select(connection, alerts, (*VISITOR_KEY, "rule", *columns.TOLD), VISITOR_KEY, list(profiles))
    for site, visitor, rule, created_at, started_at, ended_at in sorted(found):
        if rule == HOT_RULE:
            states[site, visitor].told += (Told(created_at, Run(started_at, ended_at)),)
    return states


async def _bring_home(connection: AsyncConnection, visiting: Iterable[tuple[State, int]]) -> None:
    """Let visitors belong to the partition that their events come from now: on another log it can be another one."""
    rows = []
    for state, partition in visiting:
        if state.partition != partition:
            state.partition = partition
            rows.append({"of_site": state.site, "of_visitor": state.visitor, "now_in": partition})
    if rows:
        await connection.execute(_MOVE_VISITOR, rows)
        await connection.execute(_MOVE_SCORE, rows)


_MOVE_VISITOR = (
    update(visitors)
    .where(visitors.c.site_id == bindparam("of_site"), visitors.c.id == bindparam("of_visitor"))
    .values(partition=bindparam("now_in"))
)
_MOVE_SCORE = (
    update(scores)
    .where(scores.c.site_id == bindparam("of_site"), scores.c.visitor_id == bindparam("of_visitor"))
    .values(partition=bindparam("now_in"))
)


async def load_due(
    connection: AsyncConnection, partitions: Sequence[int], *, now: datetime, limit: int
) -> dict[Key, int]:
    """Visitors of these partitions whose time to change has come, longest due first, with their partitions."""
    due = await connection.execute(
        select(scores.c.site_id, scores.c.visitor_id, scores.c.partition)
        .where(scores.c.partition.in_(partitions), scores.c.next_change_at <= now)
        .order_by(scores.c.next_change_at)
        .limit(limit)
    )
    return {(site, visitor): partition for site, visitor, partition in due}


async def profiles_of(connection: AsyncConnection, keys: Iterable[Key], rules: Mapping[str, Rules]) -> dict[Key, State]:
    """The stored states of these visitors, without page views and past alerts; those never stored are left out."""
    wanted = list(keys)
    states: dict[Key, State] = {}
    for row in await bulk.select(connection, visitors, ("site_id", "id", *columns.PROFILE), ("site_id", "id"), wanted):
        states[row[0], row[1]] = _state(row)
    known = list(states)
    for site, visitor, *standing in await bulk.select(
        connection, scores, (*VISITOR_KEY, *columns.STANDING), VISITOR_KEY, known
    ):
        points, as_of, heat, intent, hot_since, next_change_at = standing
        states[site, visitor].standing = Standing(points, as_of, heat, Intent(intent), hot_since, next_change_at)
    runs: defaultdict[Key, list[Run]] = defaultdict(list)
    for site, visitor, start, end in await bulk.select(
        connection, visits, (*VISITOR_KEY, *columns.RUN), VISITOR_KEY, known
    ):
        runs[site, visitor].append(Run(start, end))
    for key, own in runs.items():
        states[key].profile.runs = tuple(sorted(own))
    for site, visitor, *line in await bulk.select(
        connection, ledger, (*VISITOR_KEY, *columns.LINE), VISITOR_KEY, known
    ):
        rule, hour, at, count, engaged_ms, evidence, subject = line
        entry = Line(rule, hour, at, count, engaged_ms, _evidence.decode(evidence), subject)
        states[site, visitor].lines[entry.key] = entry
    for site, visitor, *signal in await bulk.select(
        connection, signals, (*VISITOR_KEY, *columns.SIGNAL), VISITOR_KEY, known
    ):
        states[site, visitor].signals[signal[0]] = Signal(*signal)
    for state in states.values():
        _separate(state, rules[state.site])
    return states


def _state(row: tuple[Any, ...]) -> State:
    (site, visitor, anonymous_id, partition, demo, bot_reasons, bot_evidence, watched, touched, *others) = row
    hidden_reason, *counts_and_claims = others
    page_views, activities, engaged_ms, *claims = counts_and_claims
    agent_at, agent_event, device, browser, system, contact, contact_at, contact_event, *company_claim = claims
    company, company_at, company_event, method, confidence, place_at, place_event, *place = company_claim
    profile = Profile(
        demo=demo,
        bot_reasons=frozenset(bot_reasons.split(",")) if bot_reasons else frozenset(),
        bot_evidence=frozenset(bot_evidence.split(",")) if bot_evidence else frozenset(),
        watched_views=watched,
        touched=touched,
        page_views=page_views,
        activities=activities,
        engaged_ms=engaged_ms,
        agent=AgentSeen(agent_at, agent_event, Agent(device, browser, system)) if agent_at else None,
        contact=ContactLink(contact_at, contact_event, contact) if contact_at else None,
        company=CompanyLink(company_at, company_event, company, method, confidence) if company_at else None,
        place=PlaceSeen(place_at, place_event, Place(*place)) if place_at else None,
    )
    return State(site, visitor, partition, anonymous_id, profile, hidden_reason=hidden_reason)


def _separate(state: State, rules: Rules) -> None:
    """What events brought goes into the profile; what followed from the runs is worked out anew each time."""
    followed = {rule.name for rule in rules.on_return}
    state.profile.lines = {key: line for key, line in state.lines.items() if line.rule not in followed}
    state.profile.signals = {kind: signal for kind, signal in state.signals.items() if kind not in rules.return_signals}
