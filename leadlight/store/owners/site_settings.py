"""Sites' settings: each version with who made it and when. The latest is in force; none means the defaults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import convert
from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.sites.document import differences, document_of
from leadlight.core.sites.settings import SiteSettings
from leadlight.errors import ConfigurationError
from leadlight.store.database import insert
from leadlight.store.tables import site_settings, sites

DEFAULTS = SiteSettings()


class SettingsMoved(ConfigurationError):
    """Somebody else has changed the settings since they were read."""


@dataclass(frozen=True, slots=True)
class Version:
    """Settings as they were put into force."""

    number: int
    settings: SiteSettings
    changed_by: str
    changed_at: datetime
    changed: Sequence[str]  # against the version before, in words


async def current(connection: AsyncConnection, site_id: str) -> tuple[SiteSettings, int]:
    """A site's settings and the version by which they are known; (defaults, version) for one that never set any."""
    version = await connection.scalar(select(sites.c.settings_version).where(sites.c.id == site_id))
    return (await of_sites(connection, [site_id])).get(site_id, DEFAULTS), version or 0


async def of_sites(connection: AsyncConnection, ids: Iterable[str]) -> Mapping[str, SiteSettings]:
    """The settings in force, of those of these sites that have set any."""
    newer = site_settings.alias("newer")
    latest = select(func.max(newer.c.version)).where(newer.c.site_id == site_settings.c.site_id).scalar_subquery()
    rows = await connection.execute(
        select(site_settings.c.site_id, site_settings.c.document).where(
            and_(site_settings.c.site_id.in_(sorted(set(ids))), site_settings.c.version == latest)
        )
    )
    return {site: _read(document) for site, document in rows}


async def versions_of(connection: AsyncConnection, ids: Iterable[str]) -> Mapping[str, int]:
    """By which versions the settings of these sites are known: cheap enough to be asked in every transaction."""
    rows = await connection.execute(
        select(sites.c.id, sites.c.settings_version).where(sites.c.id.in_(sorted(set(ids))))
    )
    return {row.id: row.settings_version for row in rows}


async def change(
    connection: AsyncConnection,
    site_id: str,
    settings: SiteSettings,
    *,
    by: str,
    now: datetime,
    seen: int | None = None,
) -> int:
    """Put settings into force; the version by which they are known from now on. Nothing moves if they are in force.

    `seen` is the version that whoever changes them has looked at.

    Raises:
        SettingsMoved: there is a newer one than `seen`.
    """
    moved = await connection.execute(
        update(sites)
        .where(sites.c.id == site_id)
        .values(settings_version=sites.c.settings_version + 1)
        .returning(sites.c.settings_version)
    )
    version: int = moved.scalar_one()  # the row is ours until the end of the transaction
    if seen is not None and version != seen + 1:
        raise SettingsMoved("Somebody else has changed these settings meanwhile. Look at them again first.")
    before = (await of_sites(connection, [site_id])).get(site_id, DEFAULTS)
    if before == settings:
        await connection.execute(
            update(sites).where(sites.c.id == site_id).values(settings_version=sites.c.settings_version - 1)
        )
        return version - 1
    await connection.execute(
        insert(connection, site_settings).values(
            site_id=site_id, version=version, document=document_of(settings), changed_by=by, changed_at=now
        )
    )
    return version


async def history(connection: AsyncConnection, site_id: str, *, limit: int = 20) -> Sequence[Version]:
    """Who changed a site's settings when, and what; latest first."""
    rows = await connection.execute(
        select(
            site_settings.c.version, site_settings.c.document, site_settings.c.changed_by, site_settings.c.changed_at
        )
        .where(site_settings.c.site_id == site_id)
        .order_by(site_settings.c.version.desc())
        .limit(limit + 1)
    )
    found = [(number, _read(document), by, at) for number, document, by, at in rows]
    befores = [settings for _, settings, _, _ in found[1:]] + [DEFAULTS]
    return [
        Version(number, settings, by, at, differences(before, settings))
        for (number, settings, by, at), before in zip(found[:limit], befores, strict=False)
    ]


def _read(document: Mapping[str, Any]) -> SiteSettings:
    """A stored document, less what a later version may have added before somebody went back to this one."""
    known = SiteSettings.__struct_fields__
    return convert({name: value for name, value in document.items() if name in known}, SiteSettings)
