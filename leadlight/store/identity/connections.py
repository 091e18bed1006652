"""Which connections visitors used, and the company claims that follow: derived from rows alone, so that they can be derived
again whenever something is learnt.

Whoever makes claims holds a site's row in `connection_versions` until the transaction ends: shared while visitors are added,
alone while knowledge changes. So no visitor is added with a verdict that is out of date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam as given
from sqlalchemy import case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.chain import Resolution, resolve
from leadlight.core.identity.companies.corrections import taken_together
from leadlight.core.identity.companies.graph import HORIZON_DAYS
from leadlight.core.identity.companies.methods import Answer, Method, claim_key
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.ids import company_id
from leadlight.core.records import CompanyClaim, Network
from leadlight.store import bulk, recounts
from leadlight.store.database import insert
from leadlight.store.identity.claims import keep_companies
from leadlight.store.identity.sources import Connection, Host, corrections_of, sources_of
from leadlight.store.tables import (
    company_sightings,
    connection_versions,
    visitor_companies,
    visitor_networks,
)

Visitor = tuple[str, str]
"""Site and id."""

AT_ONCE: Final = 5_000
"""Visitors whose claims are derived in one step."""

REVIEWED_AT_ONCE: Final = 200
OF_NETWORK: Final = "network:"
SAID: Final = "said"
"""In place of an event's id: the claim that somebody stated of the visitor."""
FADING: Final = (Method.FIRST_PARTY.value, Method.REVERSE_DNS.value, Method.PROVIDER.value)
"""Methods whose answers change with time alone."""


class Use(msgspec.Struct, frozen=True):
    """A visitor on a connection, at first and at last."""

    visitor: str
    connection: Connection
    first_at: datetime
    last_at: datetime

    @property
    def key(self) -> tuple[str, str, str]:
        site, host = self.connection.key
        return (site, self.visitor, host)


class Sighted(msgspec.Struct, frozen=True):
    """Somebody who introduced themselves on a connection."""

    connection: Connection
    domain: str  # of their company; empty: an address that anybody can have
    contact: str
    visitor: str
    day: date

    @property
    def row(self) -> tuple[Any, ...]:
        network = self.connection.network
        return (*self.connection.key, self.contact, self.visitor, self.day, network.block, self.domain)


_SIGHTING = ("site_id", "host", "contact_id", "visitor_id", "day", "block", "domain")
_NETWORK = ("host", "block", "class", "rule", "asn", "name", "stated", "first_at", "last_at")
_CLAIM = ("company_id", "claimed_at", "method", "confidence", "evidence", "withdrawn_at")
_CLAIM_KEY = ("site_id", "visitor_id", "event_id")


def hour_of(at: datetime) -> datetime:
    """Uses of a connection are kept by the hour: finer, a row would be written with every event."""
    return at.replace(minute=0, second=0, microsecond=0)


async def lock(connection: AsyncConnection, sites: Iterable[str], *, alone: bool, today: date) -> None:
    """Hold the claims of these sites' connections until the transaction ends."""
    wanted = sorted(set(sites))
    if not wanted:
        return
    c = connection_versions.c
    held = select(c.site_id).where(c.site_id.in_(wanted)).order_by(c.site_id)
    held = held.with_for_update(read=not alone)
    known = set((await connection.execute(held)).scalars())
    missing = [site for site in wanted if site not in known]
    if missing:
        rows = [{"site_id": site, "version": 0, "reviewed_on": today} for site in missing]
        await connection.execute(insert(connection, connection_versions).on_conflict_do_nothing(), rows)
        await connection.execute(held)


async def save(
    connection: AsyncConnection, uses: Sequence[Use], sighted: Sequence[Sighted], *, now: datetime
) -> dict[tuple[str, str, str], CompanyClaim | None]:
    """Keep who used which connection and who introduced themselves there; the claim that follows for each use.

    The same uses and sightings, in whatever order, batches and number of repeats, leave the same rows. Visitors who are
    named, or no longer, because of a sighting are asked to be derived anew.
    """
    uses = _united(uses)
    if not uses and not sighted:
        return {}
    sites = {use.connection.site for use in uses} | {one.connection.site for one in sighted}
    await lock(connection, sites, alone=bool(sighted), today=now.date())
    fresh, uses = await _keep_uses(connection, uses)
    touched = await _keep_sightings(connection, sighted)
    here = {use.key for use in uses}
    everybody = list(uses)
    for site, (hosts, blocks) in touched.items():
        everybody += [use for use in await uses_of(connection, site, hosts, blocks) if use.key not in here]
    claims = await _derive(connection, everybody, now=now, quiet=fresh)
    return {key: claim for key, claim in claims.items() if key in here}


async def learnt(
    connection: AsyncConnection,
    site: str,
    *,
    hosts: Iterable[str] = (),
    blocks: Iterable[str] = (),
    visitors: Iterable[str] = (),
    now: datetime,
) -> None:
    """Something new is known of these hosts or blocks, or was said of these visitors: derive the claims of all who were
    seen there anew, and ask for those visitors whose company changes.

    To be called in the transaction that has written what is new, after it.
    """
    await lock(connection, [site], alone=True, today=now.date())
    said_of = sorted(set(visitors))
    uses = await uses_of(connection, site, hosts, blocks, said_of)
    for start in range(0, len(uses), AT_ONCE):
        await _derive(connection, uses[start : start + AT_ONCE], now=now)
    if said_of:
        await _say(connection, site, said_of, now=now)
        await recounts.ask(connection, site, said_of, now=now)


async def people_changed(
    connection: AsyncConnection, site: str, *, contacts: Iterable[str] = (), visitors: Iterable[str] = (), now: datetime
) -> None:
    """Owners have said anew who these contacts and visitors are: derive the claims anew wherever they were seen."""
    hosts, blocks = set(), set()
    for column, ids in (("contact_id", contacts), ("visitor_id", visitors)):
        keys = [(site, id) for id in sorted(set(ids))]
        found = await bulk.select(connection, company_sightings, ("host", "block"), ("site_id", column), keys)
        hosts |= {host for host, _ in found}
        blocks |= {block for _, block in found}
    if hosts:
        await learnt(connection, site, hosts=hosts, blocks=blocks, now=now)


async def review(
    connection: AsyncConnection, *, now: datetime, after: tuple[str, str] = ("", "")
) -> tuple[str, str] | None:
    """Account for the days that have passed: what was seen fades, and what was answered runs out. A step at a time, the
    first from ("", ""); None when nothing is left to do today. Doing it twice changes nothing.
    """
    today, c = now.date(), connection_versions.c
    site = await connection.scalar(
        select(c.site_id).where(c.reviewed_on < today, c.site_id >= after[0]).order_by(c.site_id).limit(1)
    )
    if site is None:
        return None
    claim = visitor_companies.c
    begin = after[1] if site == after[0] else ""
    found = await connection.execute(
        select(claim.event_id)
        .where(
            claim.site_id == site,
            claim.method.in_(FADING),
            claim.withdrawn_at.is_(None),
            claim.event_id > begin,
        )
        .distinct()
        .order_by(claim.event_id)
        .limit(REVIEWED_AT_ONCE)
    )
    event_ids = [id for id in found.scalars() if id.startswith(OF_NETWORK)]
    await learnt(connection, site, hosts=[id.removeprefix(OF_NETWORK) for id in event_ids], now=now)
    if len(event_ids) == REVIEWED_AT_ONCE:
        return (site, event_ids[-1])
    seen = company_sightings.c
    faded = today - timedelta(days=HORIZON_DAYS)
    await connection.execute(delete(company_sightings).where(seen.site_id == site, seen.day < faded))
    await connection.execute(update(connection_versions).where(c.site_id == site).values(reviewed_on=today))
    return (site, "")


async def uses_of(
    connection: AsyncConnection,
    site: str,
    hosts: Iterable[str] = (),
    blocks: Iterable[str] = (),
    visitors: Iterable[str] = (),
) -> list[Use]:
    """Who used these hosts or blocks, and over which connections these visitors came."""
    found: dict[tuple[str, str, str], Use] = {}
    for column, wanted in (("host", hosts), ("block", blocks), ("visitor_id", visitors)):
        keys = [(site, each) for each in sorted(set(wanted))]
        rows = await bulk.select(
            connection, visitor_networks, ("site_id", "visitor_id", *_NETWORK), ("site_id", column), keys
        )
        for row in rows:
            use = _use(row)
            found[use.key] = use
    return [found[key] for key in sorted(found)]


async def explain(
    connection: AsyncConnection, asked: Connection, *, now: datetime, visitor: str | None = None
) -> Resolution:
    """Whose connection it is, layer by layer."""
    corrections = await corrections_of(connection, [asked], [(asked.site, visitor)] if visitor else ())
    sources = (await sources_of(connection, [asked], corrections, now=now))[asked.key]
    if visitor is not None:
        sources = msgspec.structs.replace(sources, said=taken_together(corrections.of(asked, visitor)))
    return resolve(asked.network, sources)


async def verdicts(
    connection: AsyncConnection, wanted: Iterable[Connection], *, now: datetime
) -> dict[Host, Resolution]:
    """Whose connections these are, whoever uses them."""
    asked = list(wanted)
    corrections = await corrections_of(connection, asked)
    sources = await sources_of(connection, asked, corrections, now=now)
    return {one.key: resolve(one.network, sources[one.key]) for one in asked}


def claim_of(site: str, answer: Answer) -> CompanyClaim:
    """What an answer claims of a visitor."""
    dated = {"as_of": answer.as_of.isoformat(timespec="seconds")} if answer.as_of is not None else {}
    return CompanyClaim(
        id=company_id(site, answer.domain),
        domain=answer.domain,
        name=answer.name or derived_name(answer.domain),
        method=answer.method.value,
        confidence=answer.confidence,
        evidence={**answer.evidence, **dated},
    )


async def _keep_uses(connection: AsyncConnection, uses: Sequence[Use]) -> tuple[set[tuple[Any, ...]], list[Use]]:
    """Insert or widen uses; the keys of those that were not there, and all of them as they stand now."""
    columns = ("site_id", "visitor_id", *_NETWORK)
    new = await bulk.append_new(connection, visitor_networks, columns, [_row(use) for use in uses])
    known = [use for use in uses if use.key not in new]
    if not known:
        return new, list(uses)
    await connection.execute(_WIDEN, [_widened(use) for use in known])
    keys = [use.key for use in known]
    rows = await bulk.select(connection, visitor_networks, columns, ("site_id", "visitor_id", "host"), keys)
    return new, [use for use in uses if use.key in new] + [_use(row) for row in rows]


async def _keep_sightings(
    connection: AsyncConnection, sighted: Sequence[Sighted]
) -> dict[str, tuple[set[str], set[str]]]:
    """Insert sightings; by site, the hosts and blocks where there is a new one."""
    rows = {one.row[:5]: one for one in sighted}
    ordered = [rows[key].row for key in sorted(rows)]
    touched: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for key in await bulk.append_new(connection, company_sightings, _SIGHTING, ordered):
        one = rows[(*key[:4], _day(key[4]))]
        hosts, blocks = touched[one.connection.site]
        hosts.add(one.connection.key[1])
        blocks.add(one.connection.network.block or "")
    return dict(touched)


async def _derive(
    connection: AsyncConnection,
    uses: Sequence[Use],
    *,
    now: datetime,
    quiet: Iterable[tuple[Any, ...]] = (),
) -> dict[tuple[str, str, str], CompanyClaim | None]:
    """Bring the claims of these uses to what follows from the rows as they stand.

    Visitors whose company changes are asked to be derived anew; not those of `quiet` that are only named for the first
    time, whose event is still on its way.
    """
    connections = {use.connection.key: use.connection for use in uses}
    corrections = await corrections_of(
        connection, connections.values(), {(use.connection.site, use.visitor) for use in uses}
    )
    sources = await sources_of(connection, connections.values(), corrections, now=now)
    resolved = {key: resolve(one.network, sources[key]) for key, one in connections.items()}
    claims: dict[tuple[str, str, str], CompanyClaim | None] = {}
    for use in uses:
        site, host = use.connection.key
        resolution = resolved[site, host]
        if corrections.about(site, use.visitor):
            said = taken_together(corrections.of(use.connection, use.visitor))
            own = msgspec.structs.replace(sources[site, host], said=said)
            resolution = resolve(use.connection.network, own)
        claims[use.key] = claim_of(site, resolution.answer) if resolution.answer is not None else None
    await _write(connection, uses, claims, now=now, quiet=set(quiet))
    return claims


async def _say(connection: AsyncConnection, site: str, visitors: Sequence[str], *, now: datetime) -> None:
    """Bring what people said of visitors themselves to what is in force: a claim that needs no connection."""
    corrections = await corrections_of(connection, (), [(site, visitor) for visitor in visitors])
    rows, named, gone = [], [], []
    for visitor in visitors:
        key = (site, visitor, SAID)
        answer = taken_together(corrections.about(site, visitor)).answer
        if answer is not None:
            claim = claim_of(site, answer)
            named.append((site, claim))
            rows.append((*key, claim.id, answer.as_of, claim.method, claim.confidence, claim.evidence, None))
        else:
            gone.append(key)
    await bulk.delete(connection, visitor_companies, _CLAIM_KEY, gone)
    await keep_companies(connection, named, now=now)
    await bulk.upsert(connection, visitor_companies, (*_CLAIM_KEY, *_CLAIM), rows)


async def _write(
    connection: AsyncConnection,
    uses: Sequence[Use],
    claims: Mapping[tuple[str, str, str], CompanyClaim | None],
    *,
    now: datetime,
    quiet: set[tuple[Any, ...]],
) -> None:
    event_ids = {use.key: _event_id(use) for use in uses}
    keys = sorted((use.key[0], use.key[1], event_ids[use.key]) for use in uses)
    stored = {
        row[:3]: row[3:]
        for row in await bulk.select(connection, visitor_companies, (*_CLAIM_KEY, *_CLAIM), _CLAIM_KEY, keys)
    }
    written, named, gone = [], [], []
    changed: defaultdict[str, set[str]] = defaultdict(set)
    for use in uses:
        claim, key = claims[use.key], (use.key[0], use.key[1], event_ids[use.key])
        before = stored.get(key)
        if claim is None:
            if before is None:
                continue
            gone.append(key)
        else:
            after = (claim.id, use.last_at, claim.method, claim.confidence, claim.evidence, None)
            if before is not None and (*before[:4], _decoded(before[4]), before[5]) == after:
                continue
            named.append((use.connection.site, claim))
            written.append((*key, *after))
            if before is not None and (before[0], *before[2:4]) == (after[0], *after[2:4]):
                continue  # the same company still, seen again
            if before is None and use.key in quiet:
                continue
        changed[use.connection.site].add(use.visitor)
    await keep_companies(connection, named, now=now)
    await bulk.delete(connection, visitor_companies, _CLAIM_KEY, sorted(gone))
    await bulk.upsert(connection, visitor_companies, (*_CLAIM_KEY, *_CLAIM), sorted(written, key=lambda row: row[:3]))
    for site in sorted(changed):
        await recounts.ask(connection, site, changed[site], now=now)


def _event_id(use: Use) -> str:
    return claim_key("", "", use.connection.network)


def _united(uses: Iterable[Use]) -> list[Use]:
    """One use for each visitor and connection, by key: a writer's rows come in the order in which all take their locks."""
    found: dict[tuple[str, str, str], Use] = {}
    for use in uses:
        known = found.get(use.key)
        if known is None:
            found[use.key] = use
            continue
        latest = use if use.last_at >= known.last_at else known
        found[use.key] = Use(
            use.visitor, latest.connection, min(use.first_at, known.first_at), max(use.last_at, known.last_at)
        )
    return [found[key] for key in sorted(found)]


def _row(use: Use) -> tuple[Any, ...]:
    network = use.connection.network
    return (
        use.connection.site,
        use.visitor,
        network.host,
        network.block,
        network.kind,
        network.rule,
        network.asn,
        network.name,
        _stored(use.connection.stated),
        use.first_at,
        use.last_at,
    )


def _stored(answer: Answer | None) -> Any:
    return None if answer is None else msgspec.to_builtins(answer)


def _use(row: tuple[Any, ...]) -> Use:
    site, visitor, host, block, kind, rule, asn, name, stated, first_at, last_at = row
    stated = _decoded(stated)
    network = Network(kind, rule, asn, name, block, host)
    answer = msgspec.convert(stated, Answer) if stated is not None else None
    return Use(visitor, Connection(site, network, answer), first_at, last_at)


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value  # as drivers give JSON


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _widened(use: Use) -> dict[str, Any]:
    network = use.connection.network
    return {
        "of_site": use.connection.site,
        "of_visitor": use.visitor,
        "of_host": network.host,
        "new_class": network.kind,
        "new_rule": network.rule,
        "new_asn": network.asn,
        "new_name": network.name,
        "new_stated": _stored(use.connection.stated),
        "new_first": use.first_at,
        "new_last": use.last_at,
    }


_n = visitor_networks.c
_later = given("new_last", type_=_n.last_at.type) >= _n.last_at
_WIDEN = (
    update(visitor_networks)
    .where(
        _n.site_id == given("of_site"),
        _n.visitor_id == given("of_visitor"),
        _n.host == given("of_host"),
    )
    .values(
        {
            "class": case((_later, given("new_class", type_=_n["class"].type)), else_=_n["class"]),
            "rule": case((_later, given("new_rule", type_=_n.rule.type)), else_=_n.rule),
            "asn": case((_later, given("new_asn", type_=_n.asn.type)), else_=_n.asn),
            "name": case((_later, given("new_name", type_=_n.name.type)), else_=_n.name),
            "stated": case((_later, given("new_stated", type_=_n.stated.type)), else_=_n.stated),
            "first_at": case(
                (given("new_first", type_=_n.first_at.type) < _n.first_at, given("new_first", type_=_n.first_at.type)),
                else_=_n.first_at,
            ),
            "last_at": case((_later, given("new_last", type_=_n.last_at.type)), else_=_n.last_at),
        }
    )
)
