"""Bots as owners see them: listed, restored, marked, and what is learnt from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.machines.evidence import Kind, item_of
from leadlight.core.identity.machines.judgement import NO_LESSONS, Decision, Lessons
from leadlight.errors import ConfigurationError
from leadlight.store import bulk, recounts
from leadlight.store.database import insert
from leadlight.store.dead_letters import audit
from leadlight.store.tables import machine_decisions, machine_lessons, sites, visitor_networks, visitors

PERSON, MACHINE = Decision.PERSON.value, Decision.MACHINE.value
AGENT, NETWORK = "agent", "network"

SHARED_NETWORKS = ("isp", "mobile", "vpn", "relay", "education")
"""Classes whose addresses many people share: one machine behind one says nothing of the others."""


class NoSuchVisitor(ConfigurationError):
    """Nobody has this id on this site."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Something learnt from one visitor that holds for others of the site."""

    id: str
    about: str  # agent, network
    says: str  # person: it is no evidence; machine: it is
    label: str
    subject: str
    visitor_id: str
    learnt_from: str
    learnt_at: datetime


async def lessons_of(connection: AsyncConnection, of_sites: Iterable[str]) -> dict[str, Lessons]:
    """What is in force on these sites, each of them named."""
    wanted = sorted(set(of_sites))
    decided: dict[str, dict[str, Decision]] = {site: {} for site in wanted}
    d, k = machine_decisions.c, machine_lessons.c
    for site, visitor, decision in await connection.execute(
        select(d.site_id, d.visitor_id, d.decision).where(d.site_id.in_(wanted))
    ):
        decided[site][visitor] = Decision(decision)
    taught: dict[str, set[tuple[str, str, str]]] = {site: set() for site in wanted}
    for site, *lesson in await connection.execute(
        select(k.site_id, k.says, k.about, k.subject).where(k.site_id.in_(wanted))
    ):
        taught[site].add((lesson[0], lesson[1], lesson[2]))
    return {
        site: Lessons(
            decided[site],
            frozenset(subject for says, _, subject in taught[site] if says == PERSON),
            frozenset(subject for says, about, subject in taught[site] if (says, about) == (MACHINE, AGENT)),
            frozenset(subject for says, about, subject in taught[site] if (says, about) == (MACHINE, NETWORK)),
        )
        if decided[site] or taught[site]
        else NO_LESSONS
        for site in wanted
    }


async def restore(
    connection: AsyncConnection, site: str, visitor: str, *, by: str, now: datetime, learn: bool = True
) -> Sequence[Lesson]:
    """Say that a visitor is a person. Everything stored of them counts as if they had never been kept apart.

    Unless told otherwise, the site learns that the agent or network that made a bot of them is no evidence; those whom
    the same made bots are derived anew too.

    Raises:
        NoSuchVisitor
    """
    reasons, evidence = await _found(connection, site, visitor)
    taught = []
    for item in map(item_of, sorted(evidence)) if learn else ():
        if item.subject and item.kind in reasons and item.kind in (Kind.AGENT, Kind.NETWORK):
            label = item.detail if item.kind == Kind.AGENT else f"{item.detail} {item.subject}"
            taught.append((item.kind, item.subject, label))
    return await _decide(connection, site, visitor, PERSON, taught, by=by, now=now)


async def mark(
    connection: AsyncConnection, site: str, visitor: str, *, by: str, now: datetime, learn: bool = True
) -> Sequence[Lesson]:
    """Say that a visitor is a machine.

    Unless told otherwise, the site learns it of an agent that no browser has, and of the addresses that not many people
    share. Of a visitor who looks like any other nothing is learnt.

    Raises:
        NoSuchVisitor
    """
    _, evidence = await _found(connection, site, visitor)
    taught = []
    if learn:
        taught = [
            (AGENT, item.subject, item.detail) for item in map(item_of, sorted(evidence)) if item.kind == Kind.SEEN
        ]
        of = visitor_networks.c
        for host, block, name in await connection.execute(
            select(of.host, of.block, of.name)
            .where(of.site_id == site, of.visitor_id == visitor, of["class"].not_in(SHARED_NETWORKS))
            .order_by(of.host)
        ):
            taught.append((NETWORK, host, f"an address in {block}" + (f", {name}" if name else "")))
    return await _decide(connection, site, visitor, MACHINE, taught, by=by, now=now)


async def undo(connection: AsyncConnection, site: str, visitor: str, *, by: str, now: datetime) -> bool:
    """Take back what was said of a visitor and what was learnt from it; whether anything was."""
    of, k = machine_decisions.c, machine_lessons.c
    gone = await connection.execute(
        delete(machine_decisions).where(of.site_id == site, of.visitor_id == visitor).returning(of.decision)
    )
    if gone.first() is None:
        return False
    subjects = (
        await connection.execute(
            delete(machine_lessons).where(k.site_id == site, k.visitor_id == visitor).returning(k.subject)
        )
    ).scalars()
    await audit(connection, site, who=by, what="took back what was said of a visitor being a bot", number=1, now=now)
    await _renew(connection, site, {visitor}, set(subjects), now)
    return True


async def lessons(connection: AsyncConnection, site: str) -> Sequence[Lesson]:
    """What the site has learnt, latest first."""
    k = machine_lessons.c
    rows = await connection.execute(
        select(k.id, k.about, k.says, k.label, k.subject, k.visitor_id, k.learnt_from, k.learnt_at)
        .where(k.site_id == site)
        .order_by(k.learnt_at.desc(), k.id)
    )
    return [Lesson(*row) for row in rows]


async def forget(connection: AsyncConnection, site: str, lesson: str, *, by: str, now: datetime) -> bool:
    """Unlearn one lesson; what was said of the visitor stays."""
    k = machine_lessons.c
    gone = await connection.execute(
        delete(machine_lessons).where(k.site_id == site, k.id == lesson).returning(k.subject)
    )
    subject = gone.scalar_one_or_none()
    if subject is None:
        return False
    await audit(connection, site, who=by, what="took back what was learnt of bots", number=1, now=now)
    await _renew(connection, site, set(), {subject}, now)
    return True


async def decision_of(connection: AsyncConnection, site: str, visitor: str) -> tuple[str, str, datetime] | None:
    """What was said of a visitor, by whom and when."""
    of = machine_decisions.c
    rows = await connection.execute(
        select(of.decision, of.decided_by, of.decided_at).where(of.site_id == site, of.visitor_id == visitor)
    )
    row = rows.first()
    return None if row is None else (row.decision, row.decided_by, row.decided_at)


async def _found(connection: AsyncConnection, site: str, visitor: str) -> tuple[set[str], list[str]]:
    rows = await connection.execute(
        select(visitors.c.bot_reasons, visitors.c.bot_evidence).where(
            visitors.c.site_id == site, visitors.c.id == visitor
        )
    )
    row = rows.first()
    if row is None:
        raise NoSuchVisitor(f"There is no visitor {visitor[:100]} on this site.")
    return set((row.bot_reasons or "").split(",")), (row.bot_evidence or "").split(",")


async def _decide(
    connection: AsyncConnection,
    site: str,
    visitor: str,
    decision: str,
    taught: Iterable[tuple[str, str, str]],
    *,
    by: str,
    now: datetime,
) -> Sequence[Lesson]:
    await undo(connection, site, visitor, by=by, now=now)
    await connection.execute(
        insert(connection, machine_decisions).values(
            site_id=site, visitor_id=visitor, decision=decision, decided_by=by, decided_at=now
        )
    )
    learnt = [
        Lesson(str(uuid4()), about, decision, label, subject, visitor, by, now) for about, subject, label in taught
    ]
    columns = ("site_id", "id", "about", "says", "label", "subject", "visitor_id", "learnt_from", "learnt_at")
    rows = [(site, x.id, x.about, x.says, x.label, x.subject, x.visitor_id, x.learnt_from, x.learnt_at) for x in learnt]
    await bulk.append(connection, machine_lessons, columns, rows)
    said = "restored a bot as a person" if decision == PERSON else "marked a visitor as a bot"
    await audit(connection, site, who=by, what=said, number=1, now=now)
    await _renew(connection, site, {visitor}, {lesson.subject for lesson in learnt}, now)
    return learnt


async def _renew(connection: AsyncConnection, site: str, of: set[str], subjects: set[str], now: datetime) -> None:
    """Let the scorer know, and derive anew whom it concerns."""
    await connection.execute(
        update(sites).where(sites.c.id == site).values(settings_version=sites.c.settings_version + 1)
    )
    if subjects:
        same = or_(*(visitors.c.bot_evidence.contains(f"@{subject}", autoescape=True) for subject in sorted(subjects)))
        of = of | set(
            (await connection.execute(select(visitors.c.id).where(visitors.c.site_id == site, same))).scalars()
        )
    await recounts.ask(connection, site, of, now=now, tell=True)
