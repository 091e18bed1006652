"""Links made for somebody that led a visitor here, and whether that has made anybody known."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.tables import clicks, page_views

MOST = 20


class FollowedLink(NamedTuple):
    """One landing. Until it is confirmed it says where the link was sent, and not who followed it."""

    at: datetime
    email: str
    campaign: str | None
    network_class: str
    suspect: tuple[str, ...]
    confirmed: bool
    engaged_seconds: int
    touched: bool


async def of_visitor(connection: AsyncConnection, site: str, visitor: str) -> list[FollowedLink]:
    """The latest landings of a visitor, newest first."""
    of, view = clicks.c, page_views.c
    rows = await connection.execute(
        select(
            of.at,
            of.email,
            of.campaign,
            of.network_class,
            of.suspect,
            of.confirmed,
            view.engaged_ms,
            view.touched,
        )
        .outerjoin(
            page_views,
            and_(view.site_id == of.site_id, view.visitor_id == of.visitor_id, view.id == of.event_id),
        )
        .where(of.site_id == site, of.visitor_id == visitor, of.landed)
        .order_by(of.at.desc(), of.event_id.desc())
        .limit(MOST)
    )
    return [
        FollowedLink(
            row.at,
            row.email,
            row.campaign,
            row.network_class,
            tuple(row.suspect.split(",")) if row.suspect else (),
            row.confirmed,
            (row.engaged_ms or 0) // 1000,
            bool(row.touched),
        )
        for row in rows
    ]
