"""Writing: what a verdict has changed, row by row, and nothing else."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.log import Partition
from leadlight.core.records import Event
from leadlight.core.scoring.alerts import Alert
from leadlight.core.scoring.grade import grade_of
from leadlight.core.scoring.ledger import Line
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.score import Reason
from leadlight.core.scoring.state import Key, State, Verdict
from leadlight.core.scoring.visits import elapsed, visits_of
from leadlight.store import bulk
from leadlight.store.identity import clicks
from leadlight.store.positions import Position
from leadlight.store.profiles import rows as columns
from leadlight.store.profiles.rows import VISITOR_KEY
from leadlight.store.tables import (
    alerts,
    changes,
    events,
    ledger,
    page_views,
    scores,
    signals,
    visitors,
    visits,
)

Row = tuple[Any, ...]
Pair = tuple[State, State]

MILLISECOND = timedelta(milliseconds=1)
CHANGES_A_TRANSACTION = 2**20
"""Sequence numbers set aside for each version of a position: more than a slice can change."""

POINT_DECIMALS = 2
_NEW_STAGE = "lead"


async def save(
    connection: AsyncConnection,
    verdict: Verdict,
    *,
    rules: Mapping[str, Rules],
    moved: Mapping[Partition, Position],
    writer: str,
    now: datetime,
) -> None:
    """Write a verdict inside the transaction that has `moved` its positions."""
    pairs = verdict.states
    await bulk.append(connection, events, columns.EVENT, [_event(event, verdict) for event in verdict.events])
    await bulk.upsert(
        connection,
        page_views,
        (*VISITOR_KEY, *columns.VIEW),
        [
            (*after.key, *msgspec.structs.astuple(view))
            for before, after in pairs
            for id, view in after.views.items()
            if view is not before.views.get(id)
        ],
    )
    await _save_visitors(connection, pairs, now)
    await _save_parts(connection, pairs, rules)
    await clicks.save(connection, pairs)
    await bulk.append(connection, alerts, _ALERT, [_alert(alert) for alert in verdict.alerts])
    await bulk.append(connection, changes, _CHANGE, list(_changes(verdict, moved, writer, now)))


async def _save_visitors(connection: AsyncConnection, pairs: list[Pair], now: datetime) -> None:
    """Visitors and their scores. The stage belongs to people once the row is there."""
    await bulk.upsert(
        connection,
        visitors,
        ("site_id", "id", *columns.PROFILE, *columns.DERIVED),
        [_visitor(after, now) for _, after in pairs],
        keep=("stage",),
    )
    await bulk.upsert(
        connection,
        scores,
        (*VISITOR_KEY, *columns.STANDING, "grade", "partition"),
        [_standing(after) for before, after in pairs if before.standing != after.standing],
    )


async def _save_parts(connection: AsyncConnection, pairs: list[Pair], rules: Mapping[str, Rules]) -> None:
    """Runs, ledger lines and signals: rows that are gone are deleted, changed and new ones written."""
    gone, there = _differing(pairs, lambda state: {run.start: run for run in state.profile.runs})
    await bulk.delete(connection, visits, (*VISITOR_KEY, "started_at"), [(*s.key, start) for s, start in gone])
    await bulk.upsert(connection, visits, (*VISITOR_KEY, *columns.RUN), [(*s.key, *run) for s, run in there])

    gone, lines = _differing(pairs, lambda state: state.lines)
    await bulk.delete(connection, ledger, (*VISITOR_KEY, "rule", "hour"), [(*s.key, *key) for s, key in gone])
    await bulk.upsert(
        connection,
        ledger,
        (*VISITOR_KEY, *columns.LINE, "points"),
        [(*s.key, *_line(line), _points(line, rules[s.site])) for s, line in lines],
    )

    gone, given = _differing(pairs, lambda state: state.signals)
    await bulk.delete(connection, signals, (*VISITOR_KEY, "kind"), [(*s.key, kind) for s, kind in gone])
    await bulk.upsert(
        connection,
        signals,
        (*VISITOR_KEY, *columns.SIGNAL),
        [(*s.key, *msgspec.structs.astuple(signal)) for s, signal in given],
    )


def _differing(
    pairs: Iterable[Pair], parts: Callable[[State], Mapping[Any, Any]]
) -> tuple[list[tuple[State, Any]], list[tuple[State, Any]]]:
    """Keys that are gone, and values that are new or changed, each with its visitor."""
    gone, there = [], []
    for before, after in pairs:
        old, new = parts(before), parts(after)
        if old is new:
            continue
        gone += [(after, key) for key in old if key not in new]
        there += [(after, value) for key, value in new.items() if old.get(key) != value]
    return gone, there


def _event(event: Event, verdict: Verdict) -> Row:
    path = event.page.path or None if event.page else None
    return (
        event.site,
        event.visitor,
        event.id,
        event.type.value,
        event.name or None,
        path,
        event.occurred_at,
        event.received_at,
        event.properties,
        event.imported,
        ((event.site, event.visitor), event.id) in verdict.hidden,
    )


def _visitor(state: State, now: datetime) -> Row:
    profile = state.profile
    agent, contact, company, place = profile.agent, profile.contact, profile.company, profile.place
    return (
        *state.key,
        state.anonymous_id,
        state.partition,
        profile.demo,
        ",".join(sorted(profile.bot_reasons)) or None,
        ",".join(sorted(profile.bot_evidence)) or None,
        profile.watched_views,
        profile.touched,
        state.hidden_reason,
        profile.page_views,
        profile.activities,
        profile.engaged_ms,
        *((agent.at, agent.event_id, agent.agent.device, agent.agent.browser, agent.agent.system) if agent else _NO_5),
        *((contact.id, contact.at, contact.event_id) if contact else _NO_3),
        *((company.id, company.at, company.event_id, company.method, company.confidence) if company else _NO_5),
        *((place.at, place.event_id, *msgspec.structs.astuple(place.place)) if place else _NO_6),
        profile.runs[0].start if profile.runs else None,
        profile.runs[-1].end if profile.runs else None,
        visits_of(profile.runs),
        elapsed(profile.runs) // MILLISECOND,
        _NEW_STAGE,
        now,
    )


_NO_3 = (None,) * 3
_NO_5 = (None,) * 5
_NO_6 = (None,) * 6


def _standing(state: State) -> Row:
    standing = state.standing
    assert standing is not None, "a changed visitor has been evaluated"
    grade = grade_of(None, standing.intent)
    return (*state.key, *msgspec.structs.astuple(standing), grade, state.partition)


def _line(line: Line) -> Row:
    evidence = msgspec.json.encode(line.evidence).decode()
    return (line.rule, line.hour, line.at, line.count, line.engaged_ms, evidence, line.subject)


def _points(line: Line, rules: Rules) -> float:
    rule = rules.by_name.get(line.rule)
    return rule.points_of(line.count) if rule else 0.0


_ALERT = (
    "site_id",
    "id",
    "rule",
    "type",
    "visitor_id",
    "crossed_at",
    "created_at",
    "visit_started_at",
    "visit_ended_at",
    "score",
    "grade",
    "reasons",
    "state",
)


def _alert(alert: Alert) -> Row:
    reasons = [Reason(r.rule, round(r.points, POINT_DECIMALS), r.at, r.text) for r in alert.reasons]
    return (
        alert.site,
        alert.id,
        alert.rule,
        alert.type,
        alert.visitor,
        alert.crossed_at,
        alert.created_at,
        alert.visit.start,
        alert.visit.end,
        alert.score,
        alert.grade,
        msgspec.to_builtins(reasons),
        "digest" if alert.digest else "new",
    )


_CHANGE = ("writer", "seq", "site_id", "kind", "entity_id", "at")


def _changes(verdict: Verdict, moved: Mapping[Partition, Position], writer: str, now: datetime) -> Iterable[Row]:
    """One row for each visitor and alert, numbered on from the version that the transaction took."""
    numbers = {
        partition.number: (
            f"{writer}:{partition.topic}:{partition.number}",
            iter(range(position.version * CHANGES_A_TRANSACTION, (position.version + 1) * CHANGES_A_TRANSACTION)),
        )
        for partition, position in moved.items()
    }
    at_home = {after.key: after.partition for _, after in verdict.states}
    told = [(alert.site, alert.visitor, "alert", alert.id) for alert in verdict.alerts]
    for site, visitor, kind, id in [(*key, "visitor", key[1]) for key in _news(verdict)] + told:
        name, number = numbers[at_home[site, visitor]]
        yield (name, next(number), site, kind, id, now)


def _news(verdict: Verdict) -> Iterable[Key]:
    """The visitors whose change is told. Whom the site's owner excludes is told of once more, as removed, if they were
    known at all."""
    for before, after in verdict.states:
        known = before.standing is not None and before.hidden_reason is None
        if after.hidden_reason is None or known:
            yield after.key
