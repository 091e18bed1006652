"""Followed links: what is known of each recipient's clicks, which are suspect, and whom landing pages have introduced.

A recipient's clicks come in through several partitions. Whoever keeps one holds the recipient until the end of the
transaction, so that of two writers one sees both clicks; and it asks for every visitor whose landing has become suspect
to be derived anew, by the owner of that visitor's partition.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.methods import Method
from leadlight.core.identity.people.clicks import (
    FAR,
    TRACKED_LINK,
    Followed,
    Landing,
    claim_id,
    seen_alone,
    suspicions,
)
from leadlight.core.ids import company_id
from leadlight.core.records import Identified
from leadlight.core.scoring.state import Key, State
from leadlight.store import bulk, recounts
from leadlight.store.identity.people import people_of, settle
from leadlight.store.tables import clicks, visitor_companies, visitor_contacts

VISITOR = ("site_id", "visitor_id")
CLICK = (*VISITOR, "event_id")

Recipient = tuple[str, str]  # site and the contact's id


async def keep(connection: AsyncConnection, fresh: Sequence[Identified], *, now: datetime) -> None:
    """Keep which links were followed, and what that tells of the recipients' other clicks. Every write may be repeated."""
    found = [one for one in fresh if one.click is not None]
    if not found:
        return
    recipients = {(one.event.site, one.click.contact) for one in found if one.click is not None}
    await _hold(connection, recipients)
    new = await bulk.append_new(connection, clicks, _ROW, [_row(one) for one in found])
    times = [one.event.occurred_at for one in found]
    known = await _near(connection, recipients, min(times) - FAR, max(times) + FAR)
    changed: list[dict[str, str]] = []
    to_recount: set[Key] = set()
    for (site, _), own in known.items():
        found_now = suspicions(click for click, _ in own)
        for click, before in own:
            reasons = found_now[click.key]
            if reasons <= before:
                continue
            told = ",".join(sorted(reasons | before))
            changed.append(
                {"of_site": site, "of_visitor": click.visitor, "of_event": click.event_id, "now_suspect": told}
            )
            if click.landed and (site, *click.key) not in new:
                to_recount.add((site, click.visitor))
    if changed:
        await connection.execute(_SUSPECT, sorted(changed, key=_by_key))
    await recounts.ask_all(connection, to_recount, now=now)


async def load(connection: AsyncConnection, states: Mapping[Key, State]) -> None:
    """Give each visitor the page views that tracked links led to."""
    rows = await bulk.select(connection, clicks, (*CLICK, *_LANDING, "landed"), VISITOR, states)
    landed = [row for row in rows if row[-1]]
    if not landed:
        return
    await settle(connection, {row[0] for row in landed})
    people = await people_of(connection, {(row[0], row[3]) for row in landed}, {(row[0], row[1]) for row in landed})
    for site, visitor, event_id, contact, at, link, campaign, network_class, suspect, domain, confirmed, _ in landed:
        states[site, visitor].landings[event_id] = Landing(
            contact=contact,
            at=at,
            link=link,
            campaign=campaign,
            network_class=network_class,
            suspect=frozenset(suspect.split(",")) if suspect else frozenset(),
            company=company_id(site, domain) if domain else None,
            person=people.person_of(site, contact),
            taken_back=people.took_back(site, visitor, contact, at),
            confirmed=confirmed,
        )


_LANDING = ("contact_id", "at", "link", "campaign", "network_class", "suspect", "company_domain", "confirmed")


async def save(connection: AsyncConnection, pairs: Iterable[tuple[State, State]]) -> None:
    """Make the claims of the landings that were confirmed, and take away those of landings that are no more."""
    made = [
        (after, id, landing)
        for before, after in pairs
        for id, landing in after.landings.items()
        if landing.confirmed != (id in before.landings and before.landings[id].confirmed)
    ]
    if not made:
        return
    fallen = [(*state.key, claim_id(id)) for state, id, landing in made if not landing.confirmed]
    for table in (visitor_contacts, visitor_companies):
        await bulk.delete(connection, table, CLICK, fallen)
    held = [(state, id, landing) for state, id, landing in made if landing.confirmed]
    await bulk.append(
        connection,
        visitor_contacts,
        (*CLICK, "contact_id", "claimed_at", "method", "confidence", "evidence"),
        [(*s.key, claim_id(id), it.contact, it.at, TRACKED_LINK, it.confidence, it.evidence) for s, id, it in held],
    )
    await bulk.append(
        connection,
        visitor_companies,
        (*CLICK, "company_id", "claimed_at", "method", "confidence", "evidence"),
        [
            (*s.key, claim_id(id), it.company, it.at, Method.TRACKED_LINK.value, it.confidence, it.evidence)
            for s, id, it in held
            if it.company is not None
        ],
    )
    await connection.execute(
        _CONFIRM,
        [
            {"of_site": s.site, "of_visitor": s.visitor, "of_event": id, "now_confirmed": it.confirmed}
            for s, id, it in sorted(made, key=lambda one: (*one[0].key, one[1]))
        ],
    )


async def _hold(connection: AsyncConnection, recipients: Iterable[Recipient]) -> None:
    """Let nobody else keep clicks of these recipients until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "sqlite":
        return
    for site, contact in sorted(recipients):
        await connection.execute(_LOCK, {"recipient": f"leadlight clicks {site} {contact}"})


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:recipient, 0))")


async def _near(
    connection: AsyncConnection, recipients: Iterable[Recipient], since: datetime, until: datetime
) -> dict[Recipient, list[tuple[Followed, frozenset[str]]]]:
    """The clicks of these recipients between two moments, each with what is known to speak against it."""
    by_site: defaultdict[str, list[str]] = defaultdict(list)
    for site, contact in recipients:
        by_site[site].append(contact)
    known: defaultdict[Recipient, list[tuple[Followed, frozenset[str]]]] = defaultdict(list)
    of = clicks.c
    wanted = (of.visitor_id, of.event_id, of.at, of.link, of.landed, of.network_class, of.host, of.seen)
    for site, contacts in sorted(by_site.items()):
        rows = await connection.execute(
            select(of.contact_id, of.suspect, *wanted).where(
                of.site_id == site, of.contact_id.in_(sorted(contacts)), of.at.between(since, until)
            )
        )
        for contact, suspect, visitor, event_id, at, link, landed, network_class, host, seen in rows:
            shown = tuple(seen.split(",")) if seen else ()
            followed = Followed(visitor, event_id, at, link, landed, network_class, host, shown)
            known[site, contact].append((followed, frozenset(suspect.split(",")) if suspect else frozenset()))
    return known


_ROW = (
    *CLICK,
    "contact_id",
    "email",
    "link",
    "campaign",
    "at",
    "landed",
    "network_class",
    "host",
    "seen",
    "suspect",
    "company_domain",
)


def _row(one: Identified) -> tuple[object, ...]:
    event, click, network = one.event, one.click, one.network
    assert click is not None
    seen = ",".join(seen_alone(network.kind, click.suspect, one.machine_evidence)) or None
    return (
        event.site,
        event.visitor,
        event.id,
        click.contact,
        click.email,
        click.link,
        click.campaign,
        event.occurred_at,
        click.landed,
        network.kind,
        network.host,
        seen,
        seen,
        click.company_domain,
    )


def _by_key(row: Mapping[str, str]) -> tuple[str, ...]:
    return (row["of_site"], row["of_visitor"], row["of_event"])


_same = (
    clicks.c.site_id == bindparam("of_site"),
    clicks.c.visitor_id == bindparam("of_visitor"),
    clicks.c.event_id == bindparam("of_event"),
)
_SUSPECT = update(clicks).where(*_same).values(suspect=bindparam("now_suspect"))
_CONFIRM = update(clicks).where(*_same).values(confirmed=bindparam("now_confirmed"))
