"""Checks of a site's installation, as far as they are, and the page views that owners watched arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.database import insert
from leadlight.store.tables import install_checks, sightings

SILENCE = timedelta(seconds=40)
"""A check that said nothing for longer has lost its process: more than a page may take."""

KEPT = timedelta(days=30)
SIGHTINGS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One check of an installation."""

    id: str
    address: str
    begun_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    report: Mapping[str, Any]

    def goes_on(self, now: datetime) -> bool:
        return self.ended_at is None and now - self.updated_at < SILENCE


@dataclass(frozen=True, slots=True)
class Sighting:
    """An owner's page view has arrived."""

    at: datetime
    refused: str | None  # why it was not admitted; None: it was


async def begin(
    connection: AsyncConnection, site_id: str, id: str, *, address: str, report: Mapping[str, Any], now: datetime
) -> bool:
    """Begin a check, unless one of this site goes on; whether it was begun."""
    before = await latest(connection, site_id)
    if before is not None and before.goes_on(now):
        return False
    await connection.execute(
        delete(install_checks).where(install_checks.c.site_id == site_id, install_checks.c.begun_at < now - KEPT)
    )
    row = {"site_id": site_id, "id": id, "address": address, "begun_at": now, "updated_at": now, "report": report}
    await connection.execute(insert(connection, install_checks).values(**row))
    return True


async def keep(
    connection: AsyncConnection, site_id: str, id: str, report: Mapping[str, Any], *, now: datetime, ended: bool
) -> None:
    """Keep how far a check is."""
    await connection.execute(
        update(install_checks)
        .where(install_checks.c.site_id == site_id, install_checks.c.id == id)
        .values(report=report, updated_at=now, ended_at=now if ended else None)
    )


async def latest(connection: AsyncConnection, site_id: str) -> Check | None:
    """The site's last check."""
    rows = await connection.execute(
        select(install_checks)
        .where(install_checks.c.site_id == site_id)
        .order_by(install_checks.c.begun_at.desc(), install_checks.c.id)
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else _check(row)


async def see(connection: AsyncConnection, site_id: str, token: str, *, refused: str | None, now: datetime) -> None:
    """Remember that the page view with this token has arrived, and what became of the first of them."""
    await connection.execute(delete(sightings).where(sightings.c.at < now - SIGHTINGS_KEPT))
    await connection.execute(
        insert(connection, sightings)
        .values(site_id=site_id, token=token, at=now, refused=refused)
        .on_conflict_do_nothing()
    )


async def seen(connection: AsyncConnection, site_id: str, token: str) -> Sighting | None:
    """The page view with this token, if it has arrived."""
    row = (
        await connection.execute(
            select(sightings.c.at, sightings.c.refused).where(
                sightings.c.site_id == site_id, sightings.c.token == token
            )
        )
    ).one_or_none()
    return None if row is None else Sighting(row.at, row.refused)


def _check(row: Row[tuple[object, ...]]) -> Check:
    given = row._mapping
    return Check(
        id=given["id"],
        address=given["address"],
        begun_at=given["begun_at"],
        updated_at=given["updated_at"],
        ended_at=given["ended_at"],
        report=given["report"],
    )
