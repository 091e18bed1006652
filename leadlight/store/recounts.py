"""Visitors to be derived anew from their facts: asked for by commands, done by the owner of each one's partition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.json import decode
from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.people.links import UNSAID, Claim
from leadlight.core.records import EventType
from leadlight.core.scoring.profile import CompanyLink
from leadlight.core.scoring.recount import Facts, Happened
from leadlight.core.scoring.state import Key, State, View
from leadlight.store import bulk
from leadlight.store.identity.company_links import company_links
from leadlight.store.identity.people import people_of, settle
from leadlight.store.profiles import rows as columns
from leadlight.store.profiles.rows import VISITOR_KEY
from leadlight.store.tables import events, page_views, recounts, visitor_contacts, visitors

REQUEST = (*VISITOR_KEY, "requested_at")

_same_visitor = and_(visitors.c.site_id == recounts.c.site_id, visitors.c.id == recounts.c.visitor_id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Requests taken up: the visitors with their partitions, and when each was last asked for."""

    partitions: Mapping[Key, int] = field(default_factory=dict)
    requests: Sequence[tuple[str, str, datetime]] = ()
    to_tell: frozenset[Key] = frozenset()

    def singles(self) -> "Iterable[Waiting]":
        """Each visitor alone."""
        for site, visitor, at in self.requests:
            key = (site, visitor)
            yield Waiting({key: self.partitions[key]}, [(site, visitor, at)], self.to_tell & {key})


async def ask(
    connection: AsyncConnection, site: str, visitor_ids: Iterable[str], *, now: datetime, tell: bool = False
) -> None:
    """Ask for visitors to be derived anew. Asking again while they wait changes nothing but the time.

    With `tell`, readers are told of them even if their own numbers come out the same: what is shown of them has changed.
    """
    rows = [(site, id, now, tell) for id in sorted(set(visitor_ids))]
    await bulk.upsert(connection, recounts, (*REQUEST, "tell"), rows, keep=() if tell else ("tell",))


async def ask_all(connection: AsyncConnection, keys: Iterable[Key], *, now: datetime) -> None:
    """Ask for visitors of any sites to be derived anew."""
    await bulk.upsert(connection, recounts, REQUEST, [(*key, now) for key in sorted(keys)])


async def left(connection: AsyncConnection, site: str) -> int:
    """How many of a site's visitors still wait."""
    query = select(func.count()).select_from(recounts.join(visitors, _same_visitor)).where(recounts.c.site_id == site)
    return await connection.scalar(query) or 0


async def waiting(connection: AsyncConnection, partitions: Sequence[int], *, limit: int) -> Waiting:
    """The visitors of these partitions that wait, longest first."""
    found = await connection.execute(
        select(
            recounts.c.site_id, recounts.c.visitor_id, recounts.c.requested_at, recounts.c.tell, visitors.c.partition
        )
        .select_from(recounts.join(visitors, _same_visitor))
        .where(visitors.c.partition.in_(partitions))
        .order_by(recounts.c.requested_at, recounts.c.visitor_id)
        .limit(limit)
    )
    rows = found.all()
    return Waiting(
        {(row.site_id, row.visitor_id): row.partition for row in rows},
        [(row.site_id, row.visitor_id, row.requested_at) for row in rows],
        frozenset((row.site_id, row.visitor_id) for row in rows if row.tell),
    )


async def done(connection: AsyncConnection, taken: Waiting) -> None:
    """Take requests off the list, but for those made again meanwhile: settings may have moved under them."""
    await bulk.delete(connection, recounts, REQUEST, taken.requests)


async def load_facts(connection: AsyncConnection, states: Mapping[Key, State]) -> dict[Key, Facts]:
    """Everything stored of what these visitors did. The page views go into the states, the rest is returned."""
    keys = list(states)
    for row in await bulk.select(connection, page_views, (*VISITOR_KEY, *columns.VIEW), VISITOR_KEY, keys):
        states[row[:2]].views[row[2]] = View(*row[2:])
    facts: dict[Key, tuple[list[Happened], list[Claim], list[CompanyLink]]] = {key: ([], [], []) for key in keys}
    for site, visitor, id, kind, *rest in await bulk.select(
        connection, events, (*VISITOR_KEY, *columns.HAPPENED), VISITOR_KEY, keys
    ):
        name, path, at, hidden, properties = rest
        if isinstance(properties, str | bytes):  # as drivers give it
            properties = decode(properties)
        facts[site, visitor][0].append(Happened(id, EventType(kind), name, path, at, hidden, properties))
    claimed = await bulk.select(connection, visitor_contacts, (*VISITOR_KEY, *_CONTACT_CLAIM), VISITOR_KEY, keys)
    if claimed:
        await settle(connection, {site for site, _ in keys})
    people = await people_of(connection, {(site, contact) for site, _, _, _, contact, *_ in claimed}, keys)
    for site, visitor, at, event_id, contact, method, withdrawn_at in claimed:
        if withdrawn_at is None and not people.took_back(site, visitor, contact, at):
            claim = Claim(at, event_id, people.person_of(site, contact), said=method not in UNSAID)
            facts[site, visitor][1].append(claim)
    for key, links in (await company_links(connection, keys)).items():
        facts[key][2].extend(links)
    return {key: Facts(*found) for key, found in facts.items()}


_CONTACT_CLAIM = ("claimed_at", "event_id", "contact_id", "method", "withdrawn_at")


async def rewrite(connection: AsyncConnection, changed: Iterable[tuple[Key, Happened]]) -> None:
    """Keep which events count and what they say."""
    rows = [
        {
            "of_site": site,
            "of_visitor": visitor,
            "of_id": event.id,
            "now_hidden": event.hidden,
            "now_properties": event.properties,
        }
        for (site, visitor), event in changed
    ]
    if rows:
        await connection.execute(_REWRITE, rows)


_REWRITE = (
    update(events)
    .where(
        events.c.site_id == bindparam("of_site"),
        events.c.visitor_id == bindparam("of_visitor"),
        events.c.id == bindparam("of_id"),
    )
    .values(hidden=bindparam("now_hidden"), properties=bindparam("now_properties"))
)
