"""What people say of companies that visitors were taken for. It applies at once, to the past too, and can be withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.chain import BARRED, BUSINESS_LIKE
from leadlight.core.identity.companies.corrections import Scope
from leadlight.core.identity.companies.methods import OF_PEOPLE
from leadlight.errors import ConfigurationError
from leadlight.store.database import insert
from leadlight.store.dead_letters import audit
from leadlight.store.identity.connections import OF_NETWORK, learnt
from leadlight.store.tables import companies, company_corrections, visitor_networks, visitors

Place = tuple[datetime, str]
"""Of a correction in the list: when it was said, and its id."""


class NothingToCorrect(ConfigurationError):
    """The visitor is taken for no company that could be wrong, or came over no known connection."""


class NoSuchVisitor(NothingToCorrect):
    """Nobody of this id is on the site."""


@dataclass(frozen=True, slots=True)
class Made:
    """A correction as it is kept."""

    id: str
    visitor: str
    scope: Scope
    range: str | None  # the block, where that is whom it holds for; a single connection is never told
    domain: str
    wrong: bool
    name: str | None
    said_by: str
    said_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """For whom a correction of a visitor's company would hold."""

    scope: Scope  # the widest that makes sense for this visitor
    subjects: dict[Scope, str]  # those that can be chosen
    numbers: dict[Scope, int]  # visitors each would hold for
    domain: str | None  # of the company that the visitor is taken for

    @property
    def block(self) -> str | None:
        return self.subjects.get(Scope.RANGE)


async def reach_of(connection: AsyncConnection, site: str, visitor: str) -> Reach:
    """For whom a correction at this visitor may hold, and for how many.

    By default, for the range in a network that belongs to one organisation, for the connection on a provider's line, and
    for the visitor alone where addresses are shared by strangers, or where they named the company themselves.

    Raises:
        NoSuchVisitor: there is none.
    """
    of = visitors.c
    row = (
        await connection.execute(
            select(of.company_id, of.company_method, of.company_event_id, companies.c.domain)
            .outerjoin(companies, and_(companies.c.site_id == of.site_id, companies.c.id == of.company_id))
            .where(of.site_id == site, of.id == visitor)
        )
    ).one_or_none()
    if row is None:
        raise NoSuchVisitor(f"There is no visitor {visitor[:100]} on this site.")
    used = visitor_networks.c
    networks = (
        await connection.execute(
            select(used.host, used.block, used["class"])
            .where(used.site_id == site, used.visitor_id == visitor)
            .order_by(used.last_at.desc(), used.host)
        )
    ).all()
    subjects, numbers = {Scope.VISITOR: visitor}, {Scope.VISITOR: 1}
    scope = Scope.VISITOR
    if networks:
        named_by = (row.company_event_id or "").removeprefix(OF_NETWORK)
        network = next((each for each in networks if each.host == named_by), networks[0])
        kind = network._mapping["class"]
        subjects |= {Scope.CONNECTION: network.host, Scope.RANGE: network.block}
        for wider, column in ((Scope.CONNECTION, used.host), (Scope.RANGE, used.block)):
            seen = select(func.count(used.visitor_id.distinct())).where(used.site_id == site, column == subjects[wider])
            numbers[wider] = await connection.scalar(seen) or 0
        if kind not in BARRED and row.company_method not in OF_PEOPLE:
            scope = Scope.RANGE if kind in BUSINESS_LIKE else Scope.CONNECTION
    return Reach(scope, subjects, numbers, row.domain)


async def add(
    connection: AsyncConnection,
    site: str,
    visitor: str,
    *,
    id: str,
    domain: str | None,
    name: str | None,
    scope: Scope | None,
    who: str,
    now: datetime,
) -> tuple[Made, int]:
    """Say at a visitor that the company is wrong (no `domain`), or which it is; and how many visitors it holds for.

    Raises:
        NoSuchVisitor: there is none.
        NothingToCorrect: see there.
    """
    reach = await reach_of(connection, site, visitor)
    said = domain or reach.domain
    if said is None:
        raise NothingToCorrect("This visitor is taken for no company, so none can be wrong.")
    chosen = scope or reach.scope
    subject = reach.subjects.get(chosen)
    if subject is None:
        raise NothingToCorrect("This visitor came over no known connection, so nothing can be said of others there.")
    made = Made(
        id=id,
        visitor=visitor,
        scope=chosen,
        range=subject if chosen is Scope.RANGE else None,
        domain=said,
        wrong=domain is None,
        name=name,
        said_by=who,
        said_at=now,
    )
    await connection.execute(
        insert(connection, company_corrections).values(
            site_id=site,
            id=made.id,
            visitor_id=visitor,
            scope=made.scope.value,
            subject=subject,
            domain=made.domain,
            wrong=made.wrong,
            name=made.name,
            said_by=who,
            said_at=now,
        )
    )
    number = max(1, reach.numbers[chosen])
    what = f"said that visitors are {'not ' if made.wrong else ''}of {made.domain}"
    await audit(connection, site, who=who, what=what, number=number, now=now)
    await _tell(connection, site, made, subject, now)
    return made, number


async def withdraw(connection: AsyncConnection, site: str, id: str, *, who: str, now: datetime) -> Made | None:
    """Take a correction back, and everything that followed from it; None if there is none. Again changes nothing."""
    of = company_corrections.c
    done = await connection.execute(
        update(company_corrections)
        .where(of.site_id == site, of.id == id, of.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=who)
        .returning(of.subject)
    )
    subject = done.scalar_one_or_none()
    row = (await connection.execute(select(company_corrections).where(of.site_id == site, of.id == id))).one_or_none()
    if row is None:
        return None
    made = _made(row)
    if subject is not None:
        what = f"took back that visitors are {'not ' if made.wrong else ''}of {made.domain}"
        await audit(connection, site, who=who, what=what, number=1, now=now)
        await _tell(connection, site, made, subject, now)
    return made


async def page(
    connection: AsyncConnection,
    site: str,
    *,
    limit: int,
    after: Place | None = None,
    visitor: str | None = None,
    withdrawn: bool = True,
) -> tuple[Sequence[Made], Place | None]:
    """Corrections, the latest first, and where the next page begins."""
    of = company_corrections.c
    query = select(company_corrections).where(of.site_id == site)
    if after is not None:
        query = query.where(tuple_(of.said_at, of.id) < after)
    if visitor is not None:
        query = query.where(of.visitor_id == visitor)
    if not withdrawn:
        query = query.where(of.withdrawn_at.is_(None))
    rows = (await connection.execute(query.order_by(of.said_at.desc(), of.id.desc()).limit(limit + 1))).all()
    found = [_made(row) for row in rows[:limit]]
    return found, (found[-1].said_at, found[-1].id) if len(rows) > limit else None


async def in_force(connection: AsyncConnection, site: str, visitor: str) -> Sequence[Made]:
    """What holds for a visitor, whoever it was said at, the latest first."""
    used, of = visitor_networks.c, company_corrections.c
    subjects = select(used.host).where(used.site_id == site, used.visitor_id == visitor)
    blocks = select(used.block).where(used.site_id == site, used.visitor_id == visitor)
    rows = await connection.execute(
        select(company_corrections)
        .where(
            of.site_id == site,
            of.withdrawn_at.is_(None),
            (of.visitor_id == visitor) | of.subject.in_(subjects) | of.subject.in_(blocks),
        )
        .order_by(of.said_at.desc(), of.id.desc())
    )
    return [_made(row) for row in rows]


async def _tell(connection: AsyncConnection, site: str, made: Made, subject: str, now: datetime) -> None:
    await learnt(
        connection,
        site,
        hosts=[subject] if made.scope is Scope.CONNECTION else (),
        blocks=[subject] if made.scope is Scope.RANGE else (),
        visitors=[made.visitor],
        now=now,
    )


def _made(row: object) -> Made:
    given = row._mapping  # type: ignore[attr-defined]
    return Made(
        id=given["id"],
        visitor=given["visitor_id"],
        scope=Scope(given["scope"]),
        range=given["subject"] if given["scope"] == Scope.RANGE else None,
        domain=given["domain"],
        wrong=given["wrong"],
        name=given["name"],
        said_by=given["said_by"],
        said_at=given["said_at"],
        withdrawn_by=given["withdrawn_by"],
        withdrawn_at=given["withdrawn_at"],
    )
