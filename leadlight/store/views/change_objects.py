"""Changes with the objects they are about."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.objects import Change, Contact, Visitor
from leadlight.store.tables import alerts
from leadlight.store.views import alert_objects, contact_objects, visitor_objects
from leadlight.store.views.change_feed import ChangeRow


async def told(connection: AsyncConnection, site: str, rows: Sequence[ChangeRow], *, now: datetime) -> list[Change]:
    """One change for each row, with the object as it is now; one that is gone meanwhile is told as removed."""
    alert_ids = list({row.entity_id for row in rows if row.kind == "alert"})
    visitor_ids = list({row.entity_id for row in rows if row.kind == "visitor"})
    objects: dict[str, tuple[str, Visitor]] = {}
    people = await _people(connection, site, {row.entity_id for row in rows if row.kind == "contact"}, now)
    if visitor_ids:
        found = await visitor_objects.by_ids(connection, site, visitor_ids, now=now)
        objects |= {visitor.id: ("visitor.updated", visitor) for visitor in found}
    if alert_ids:
        types = await connection.execute(
            select(alerts.c.id, alerts.c.type).where(alerts.c.site_id == site, alerts.c.id.in_(alert_ids))
        )
        alerted = await alert_objects.alerted(connection, site, alert_ids, now=now)
        objects |= {id: (type, alerted[id]) for id, type in types if id in alerted}
    changes = []
    for row in rows:
        type, data = objects.get(row.entity_id, (f"{row.kind}.removed", None))
        person = people.get(row.entity_id) if row.kind == "contact" else None
        if person is not None:
            type = "contact.updated" if person.id == row.entity_id else "contact.merged"
        id = f"{row.writer}-{row.seq}"
        changes.append(Change(id=id, type=type, subject=row.entity_id, at=row.at, data=data, contact=person))
    return changes


async def _people(connection: AsyncConnection, site: str, ids: Iterable[str], now: datetime) -> dict[str, Contact]:
    """The people of these contacts. One by one, for only edits by people tell of contacts."""
    found = {id: await contact_objects.get(connection, site, id, now=now) for id in ids}
    return {id: person for id, person in found.items() if person is not None}
