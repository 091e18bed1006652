"""Take demo visitors out again, from every table."""

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store import tables as t

OF_VISITORS: tuple[Table, ...] = (
    t.seen_events,
    t.page_views,
    t.events,
    t.visitor_contacts,
    t.visitor_companies,
    t.visitor_networks,
    t.company_sightings,
    t.company_corrections,
    t.clicks,
    t.visits,
    t.ledger,
    t.signals,
    t.scores,
    t.recounts,
    t.contact_withdrawals,
    t.machine_decisions,
    t.machine_lessons,
)


async def remove(connection: AsyncConnection) -> dict[str, int]:
    """Delete demo visitors and what hangs on them; contacts and companies stay if a real visitor is linked too."""
    gone = select(t.visitors.c.site_id, t.visitors.c.id).where(t.visitors.c.demo)
    counts: dict[str, int] = {}

    async def drop(table: Table, condition: ColumnElement[bool]) -> None:
        done = await connection.execute(delete(table).where(condition))
        counts[table.name] = done.rowcount

    def of_gone(table: Table) -> ColumnElement[bool]:
        return exists(gone.where(t.visitors.c.site_id == table.c.site_id, t.visitors.c.id == table.c.visitor_id))

    def linked(links: Table, table: Table, column: str, *, demo: bool) -> ColumnElement[bool]:
        visitor = exists(
            select(1).where(
                t.visitors.c.site_id == links.c.site_id,
                t.visitors.c.id == links.c.visitor_id,
                t.visitors.c.demo == demo,
            )
        )
        return exists(select(1).where(links.c.site_id == table.c.site_id, links.c[column] == table.c.id, visitor))

    alerts_gone = select(t.alerts.c.id).where(t.alerts.c.site_id == t.deliveries.c.site_id, of_gone(t.alerts))
    deliveries_gone = select(t.deliveries.c.id).where(t.deliveries.c.alert_id.in_(alerts_gone))
    await drop(t.delivery_attempts, t.delivery_attempts.c.delivery_id.in_(deliveries_gone))
    await drop(t.deliveries, t.deliveries.c.alert_id.in_(alerts_gone))
    await drop(
        t.changes,
        or_(
            and_(
                t.changes.c.kind == "visitor",
                exists(
                    gone.where(t.visitors.c.site_id == t.changes.c.site_id, t.visitors.c.id == t.changes.c.entity_id)
                ),
            ),
            and_(
                t.changes.c.kind == "alert",
                exists(
                    select(1).where(
                        t.alerts.c.site_id == t.changes.c.site_id,
                        t.alerts.c.id == t.changes.c.entity_id,
                        of_gone(t.alerts),
                    )
                ),
            ),
        ),
    )
    await drop(t.alerts, of_gone(t.alerts))
    only_demo_contact = and_(
        linked(t.visitor_contacts, t.contacts, "contact_id", demo=True),
        ~linked(t.visitor_contacts, t.contacts, "contact_id", demo=False),
        ~exists(  # somebody has said that a contact is this one, or the other way round
            select(1).where(
                t.contact_merges.c.site_id == t.contacts.c.site_id,
                or_(t.contact_merges.c.contact_id == t.contacts.c.id, t.contact_merges.c.person_id == t.contacts.c.id),
                t.contact_merges.c.undone_at.is_(None),
            )
        ),
    )
    contacts_gone = select(t.contacts.c.id).where(only_demo_contact, t.contacts.c.site_id == t.contact_traits.c.site_id)
    await drop(t.contact_traits, t.contact_traits.c.contact_id.in_(contacts_gone))
    await drop(t.contacts, only_demo_contact)
    await drop(
        t.companies,
        and_(
            linked(t.visitor_companies, t.companies, "company_id", demo=True),
            ~linked(t.visitor_companies, t.companies, "company_id", demo=False),
        ),
    )
    for table in OF_VISITORS:
        await drop(table, of_gone(table))
    await drop(t.visitors, t.visitors.c.demo)
    return {name: count for name, count in counts.items() if count}
