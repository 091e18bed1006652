"""Alerts as readers see them: a list for the feed, and the visitor with its alert that webhooks carry."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import convert
from msgspec.structs import asdict
from sqlalchemy import Row, Text, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import Alert, AlertedVisitor, Delivery, Reason, ToldAlert
from leadlight.store.tables import Instant, alerts, deliveries
from leadlight.store.views import visitor_objects
from leadlight.store.views.shown import of_shown_visitors

Mark = tuple[datetime, str]
"""Where a page ended: the last row's (`created_at`, `id`)."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted; None asks nothing."""

    visitor: str | None = None
    type: str | None = None
    since: datetime | None = None


async def page(
    connection: AsyncConnection,
    site: str,
    wanted: AlertFilter,
    *,
    limit: int,
    after: Mark | None = None,
    newest_first: bool = True,
) -> tuple[list[Alert], Mark | None]:
    """One page by time of creation, and the mark to go on from; no mark after the last page."""
    query = select(alerts).where(alerts.c.site_id == site, of_shown_visitors(alerts))
    if wanted.visitor is not None:
        query = query.where(alerts.c.visitor_id == wanted.visitor)
    if wanted.type is not None:
        query = query.where(alerts.c.type == wanted.type)
    if wanted.since is not None:
        query = query.where(alerts.c.created_at >= wanted.since)
    if after is not None:
        place = tuple_(alerts.c.created_at, alerts.c.id)
        mark = tuple_(literal(after[0], Instant), literal(after[1], Text))
        query = query.where(place < mark if newest_first else place > mark)
    order = [column.desc() if newest_first else column.asc() for column in (alerts.c.created_at, alerts.c.id)]
    rows = (await connection.execute(query.order_by(*order).limit(limit + 1))).all()
    shown = rows[:limit]
    told = await _deliveries(connection, site, [row.id for row in shown])
    mark_of_last = (shown[-1].created_at, shown[-1].id) if len(rows) > limit else None
    return [_alert(row, told.get(row.id, [])) for row in shown], mark_of_last


async def alerted(
    connection: AsyncConnection, site: str, ids: Sequence[str], *, now: datetime
) -> dict[str, AlertedVisitor]:
    """The visitors of these alerts as they are now, each with its alert, by the alert's id."""
    rows = (
        await connection.execute(
            select(alerts.c.id, alerts.c.rule, alerts.c.visitor_id, alerts.c.reasons).where(
                alerts.c.site_id == site, alerts.c.id.in_(ids)
            )
        )
    ).all()
    found = await visitor_objects.by_ids(connection, site, [row.visitor_id for row in rows], now=now)
    visitors = {visitor.id: visitor for visitor in found}
    return {
        row.id: AlertedVisitor(
            **asdict(visitors[row.visitor_id]), alert=ToldAlert(id=row.id, rule=row.rule, reasons=_reasons(row.reasons))
        )
        for row in rows
        if row.visitor_id in visitors
    }


async def _deliveries(connection: AsyncConnection, site: str, alert_ids: Sequence[str]) -> dict[str, list[Delivery]]:
    if not alert_ids:
        return {}
    rows = await connection.execute(
        select(deliveries)
        .where(deliveries.c.site_id == site, deliveries.c.alert_id.in_(alert_ids))
        .order_by(deliveries.c.created_at, deliveries.c.id)
    )
    told: dict[str, list[Delivery]] = defaultdict(list)
    for row in rows:
        told[row.alert_id].append(
            Delivery(
                id=row.id,
                webhook=row.webhook_id,
                state=row.state,
                attempts=row.attempts,
                next_attempt_at=row.next_attempt_at,
                last_status=row.last_status,
                last_error=row.last_error,
                delivered_at=row.delivered_at,
            )
        )
    return told


def _alert(row: Row[Any], told: list[Delivery]) -> Alert:
    return Alert(
        id=row.id,
        type=row.type,
        rule=row.rule,
        visitor=row.visitor_id,
        crossed_at=row.crossed_at,
        created_at=row.created_at,
        visit_started_at=row.visit_started_at,
        visit_ended_at=row.visit_ended_at,
        score=row.score,
        grade=row.grade,
        reasons=_reasons(row.reasons),
        state=row.state,
        seen_at=row.seen_at,
        deliveries=told,
    )


def _reasons(kept: object) -> list[Reason]:
    return convert(kept, list[Reason])
