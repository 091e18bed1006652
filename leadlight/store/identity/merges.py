"""Contacts that owners merge into one person, and take apart again. Claims stay as they were said."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.people.emails import normalised
from leadlight.core.identity.people.merges import Merge, Refusal, persons, refusal
from leadlight.core.ids import contact_id
from leadlight.errors import WrongUsage
from leadlight.store import edits, recounts
from leadlight.store.database import insert
from leadlight.store.dead_letters import audit
from leadlight.store.identity.connections import people_changed
from leadlight.store.identity.people import people_of, settle
from leadlight.store.tables import contact_merges, contacts, visitor_contacts

_c = contact_merges.c
_IN_FORCE = _c.undone_at.is_(None)


class MergeRefused(WrongUsage):
    """Two contacts are not merged, or not taken apart. The message says why."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Stated:
    """A merge as it was stated: `contact` is the person `into` from `at` on."""

    id: str
    contact: str
    contact_email: str
    into: str
    into_email: str
    person: str
    by: str
    at: datetime
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reach:
    """What a merge or its undoing bears on."""

    person: str
    """The contact that stands for the person."""
    emails: Sequence[str]
    """Every address of both sides."""
    visitors: int


async def find_contact(connection: AsyncConnection, site: str, given: str) -> str:
    """The id of the contact given by its id or its e-mail address.

    Raises:
        MergeRefused: there is none.
    """
    email = normalised(given)
    id = contact_id(site, email) if email is not None else given
    found: str | None = await connection.scalar(
        select(contacts.c.id).where(contacts.c.site_id == site, contacts.c.id == id)
    )
    if found is None:
        raise MergeRefused(Refusal.UNKNOWN)
    return found


async def preview(connection: AsyncConnection, site: str, contact: str, into: str) -> Reach:
    """What merging two contacts would do; nothing is changed.

    Raises:
        MergeRefused: they cannot be merged.
    """
    one, other, merges = await _before(connection, site, contact, into)
    together = _together({one, other}, merges)
    return Reach(other, await _emails(connection, site, together), len(await _visitors(connection, site, together)))


async def merge(
    connection: AsyncConnection, site: str, contact: str, into: str, *, id: str, by: str, now: datetime
) -> Reach:
    """Make one person of two contacts and all that are merged into either, under the name of `into`.

    Whoever was merged before moves with their person. The visitors touched are derived anew by their owners.

    Raises:
        MergeRefused: they cannot be merged.
    """
    await settle(connection, [site], alone=True)
    one, other, merges = await _before(connection, site, contact, into)
    row = {"site_id": site, "id": id, "contact_id": one, "into_id": other, "person_id": other}
    await connection.execute(insert(connection, contact_merges).values(**row, made_by=by, made_at=now))
    after = [*merges, Merge(id, one, other, now)]
    await _name_persons(connection, site, after)
    together = _together({one, other}, merges)
    return await _told(connection, site, other, together, who=by, what="merged contacts", now=now)


async def unmerge(connection: AsyncConnection, site: str, contact: str, *, by: str, now: datetime) -> Reach:
    """Take a contact, with whoever was merged into it, out of the person it was merged into.

    Everything is derived anew as if they had never been merged.

    Raises:
        MergeRefused: it is in nobody.
    """
    await settle(connection, [site], alone=True)
    row = (
        await connection.execute(
            select(_c.id, _c.person_id).where(_c.site_id == site, _c.contact_id == contact, _IN_FORCE)
        )
    ).one_or_none()
    if row is None:
        held = await _of_persons(connection, site, {contact})
        raise MergeRefused(Refusal.OTHERS_MERGED_IN if held else Refusal.NOT_MERGED)
    merges = await _of_persons(connection, site, {row.person_id})
    together = _together({row.person_id}, merges)
    await connection.execute(
        update(contact_merges)
        .where(_c.site_id == site, _c.id == row.id)
        .values(undone_by=by, undone_at=now, person_id=contact)
    )
    await _name_persons(connection, site, [merge for merge in merges if merge.id != row.id])
    return await _told(connection, site, contact, together, who=by, what="unmerged contacts", now=now)


async def stated(
    connection: AsyncConnection,
    site: str,
    *,
    undone: bool = False,
    of: Collection[str] | None = None,
    limit: int = 1000,
) -> Sequence[Stated]:
    """A site's merges, latest first; with `undone` those taken back too, with `of` only those of these persons."""
    moved, kept = contacts.alias("moved"), contacts.alias("kept")
    query = (
        select(contact_merges, moved.c.email.label("contact_email"), kept.c.email.label("into_email"))
        .outerjoin(moved, and_(moved.c.site_id == _c.site_id, moved.c.id == _c.contact_id))
        .outerjoin(kept, and_(kept.c.site_id == _c.site_id, kept.c.id == _c.into_id))
        .where(_c.site_id == site)
        .order_by(_c.made_at.desc(), _c.id)
        .limit(limit)
    )
    if not undone:
        query = query.where(_IN_FORCE)
    if of is not None:
        query = query.where(_c.person_id.in_(of))
    return [
        Stated(
            row.id,
            row.contact_id,
            row.contact_email or "",
            row.into_id,
            row.into_email or "",
            row.person_id,
            row.made_by,
            row.made_at,
            row.undone_by,
            row.undone_at,
        )
        for row in await connection.execute(query)
    ]


async def _before(connection: AsyncConnection, site: str, contact: str, into: str) -> tuple[str, str, list[Merge]]:
    """The persons that two contacts are, and the merges that made them; refused if they cannot become one."""
    people = await people_of(connection, [(site, contact), (site, into)])
    one, other = people.person_of(site, contact), people.person_of(site, into)
    known = select(contacts.c.id).where(contacts.c.site_id == site, contacts.c.id.in_({contact, into}))
    if len((await connection.scalars(known)).all()) < len({contact, into}):
        raise MergeRefused(Refusal.UNKNOWN)
    merges = await _of_persons(connection, site, {one, other})
    why = refusal(contact, into, merges)
    if why is not None:
        raise MergeRefused(why)
    return one, other, merges


async def _of_persons(connection: AsyncConnection, site: str, wanted: Collection[str]) -> list[Merge]:
    rows = await connection.execute(
        select(_c.id, _c.contact_id, _c.into_id, _c.made_at).where(
            _c.site_id == site, _c.person_id.in_(wanted), _IN_FORCE
        )
    )
    return [Merge(*row) for row in rows]


async def _name_persons(connection: AsyncConnection, site: str, merges: Sequence[Merge]) -> None:
    """Keep beside each merge who its contact is by all of them."""
    found: Mapping[str, str] = persons(merges)
    rows = [{"of_site": site, "of_id": merge.id, "now_person": found[merge.contact]} for merge in merges]
    if rows:
        await connection.execute(_NAME, rows)


_NAME = (
    update(contact_merges)
    .where(_c.site_id == bindparam("of_site"), _c.id == bindparam("of_id"))
    .values(person_id=bindparam("now_person"))
)


def _together(either: Collection[str], merges: Sequence[Merge]) -> set[str]:
    return {*either, *(merge.contact for merge in merges), *(merge.into for merge in merges)}


async def _told(
    connection: AsyncConnection, site: str, person: str, together: set[str], *, who: str, what: str, now: datetime
) -> Reach:
    """Have the visitors of these contacts derived anew, and readers told of them and of the contacts."""
    visitors = await _visitors(connection, site, together)
    await people_changed(connection, site, contacts=together, now=now)
    await recounts.ask(connection, site, visitors, now=now, tell=True)
    await audit(connection, site, who=who, what=what, number=len(together), now=now)
    emails = await _emails(connection, site, together)
    await edits.tell(connection, site, [("contact", contact) for contact in together], now=now)
    return Reach(person, emails, len(visitors))


async def _visitors(connection: AsyncConnection, site: str, together: Collection[str]) -> Sequence[str]:
    c = visitor_contacts.c
    return list(
        await connection.scalars(select(c.visitor_id).distinct().where(c.site_id == site, c.contact_id.in_(together)))
    )


async def _emails(connection: AsyncConnection, site: str, together: Collection[str]) -> Sequence[str]:
    named = select(contacts.c.email).where(contacts.c.site_id == site, contacts.c.id.in_(together))
    return list(await connection.scalars(named.order_by(contacts.c.email)))
