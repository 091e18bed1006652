"""Owners' word that a browser was not a certain person's: what it claimed until then does not hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.errors import WrongUsage
from leadlight.store import edits, recounts
from leadlight.store.database import insert
from leadlight.store.dead_letters import audit
from leadlight.store.identity.connections import people_changed
from leadlight.store.identity.people import HOLDS, group_of, settle
from leadlight.store.tables import contact_withdrawals, contacts, visitor_contacts

_c = contact_withdrawals.c


class WithdrawalRefused(WrongUsage):
    """There is no such link to take back, or to restore. The message says so."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A link taken back."""

    id: str
    visitor: str
    contacts: Sequence[str]
    emails: Sequence[str]
    claims: int
    """How many introductions do not hold because of it, or hold again."""
    by: str
    at: datetime


async def withdraw(
    connection: AsyncConnection, site: str, visitor: str, contact: str, *, id: str, by: str, now: datetime
) -> Withdrawal:
    """Take back that a visitor is the person whom this contact is, by whatever address, up to now.

    Introductions that happened until now do not hold, also those that arrive later; a new one counts again.

    Raises:
        WithdrawalRefused: nothing that holds links them.
    """
    await settle(connection, [site], alone=True)
    _, group = await group_of(connection, site, contact)
    claims = visitor_contacts.c
    said = await connection.scalar(
        select(func.count()).where(
            claims.site_id == site, claims.visitor_id == visitor, claims.contact_id.in_(group), HOLDS
        )
    )
    if not said:
        raise WithdrawalRefused("Nothing links this visitor to that contact.")
    rows = [
        {
            "site_id": site,
            "visitor_id": visitor,
            "id": id,
            "contact_id": one,
            "claims_until": now,
            "made_by": by,
            "made_at": now,
        }
        for one in sorted(group)
    ]
    await connection.execute(insert(connection, contact_withdrawals), rows)
    await _tell(connection, site, visitor, sorted(group), who=by, what="took a contact off a visitor", now=now)
    return Withdrawal(id, visitor, sorted(group), await _emails(connection, site, sorted(group)), said, by, now)


async def restore(
    connection: AsyncConnection, site: str, visitor: str, contact: str, *, by: str, now: datetime
) -> Withdrawal:
    """Undo what took this contact's person off the visitor: every introduction holds again.

    Raises:
        WithdrawalRefused: nothing was taken back.
    """
    await settle(connection, [site], alone=True)
    _, group = await group_of(connection, site, contact)
    of_it = select(_c.id).where(
        _c.site_id == site, _c.visitor_id == visitor, _c.contact_id.in_(group), _c.undone_at.is_(None)
    )
    ids = sorted(set(await connection.scalars(of_it)))
    if not ids:
        raise WithdrawalRefused("No link of this visitor to that contact was taken back.")
    these = and_(_c.site_id == site, _c.visitor_id == visitor, _c.id.in_(ids))
    touched = sorted(set(await connection.scalars(select(_c.contact_id).where(these))))
    await connection.execute(update(contact_withdrawals).where(these).values(undone_by=by, undone_at=now))
    claims = visitor_contacts.c
    said = await connection.scalar(
        select(func.count()).where(
            claims.site_id == site, claims.visitor_id == visitor, claims.contact_id.in_(touched), HOLDS
        )
    )
    await _tell(connection, site, visitor, touched, who=by, what="restored a visitor's contact", now=now)
    return Withdrawal(ids[-1], visitor, touched, await _emails(connection, site, touched), said or 0, by, now)


async def _tell(
    connection: AsyncConnection, site: str, visitor: str, touched: Sequence[str], *, who: str, what: str, now: datetime
) -> None:
    await people_changed(connection, site, visitors=[visitor], now=now)
    await recounts.ask(connection, site, [visitor], now=now, tell=True)
    await audit(connection, site, who=who, what=what, number=1, now=now)
    await edits.tell(connection, site, [("contact", contact) for contact in touched], now=now)


async def _emails(connection: AsyncConnection, site: str, ids: Sequence[str]) -> Sequence[str]:
    named = select(contacts.c.email).where(contacts.c.site_id == site, contacts.c.id.in_(ids))
    return list(await connection.scalars(named.order_by(contacts.c.email)))
