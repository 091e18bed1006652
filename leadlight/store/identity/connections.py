"""The company claims that follow from connections: derived from rows alone, so that they can be derived
again whenever something is learnt.

Whoever makes claims holds a site's row in `connection_versions` until the transaction ends: shared while visitors are added,
alone while knowledge changes. So no visitor is added with a verdict that is out of date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.chain import Resolution, resolve
from leadlight.core.identity.companies.corrections import taken_together
from leadlight.core.identity.companies.graph import HORIZON_DAYS
from leadlight.core.identity.companies.methods import Answer, Method, claim_key
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.ids import company_id
from leadlight.core.records import CompanyClaim
from leadlight.store import bulk, recounts
from leadlight.store.database import insert
from leadlight.store.identity.claims import keep_companies
from leadlight.store.identity.sources import Connection, Host, corrections_of, decoded, sources_of
from leadlight.store.identity.uses import Sighted, Use, keep_sightings, keep_uses, united, uses_of
from leadlight.store.tables import company_sightings, connection_versions, visitor_companies

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


_CLAIM = ("company_id", "claimed_at", "method", "confidence", "evidence", "withdrawn_at")
_CLAIM_KEY = ("site_id", "visitor_id", "event_id")


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
        rows = [{"site_id": site, "reviewed_on": today} for site in missing]
        await connection.execute(insert(connection, connection_versions).on_conflict_do_nothing(), rows)
        await connection.execute(held)


async def save(
    connection: AsyncConnection, uses: Sequence[Use], sighted: Sequence[Sighted], *, now: datetime
) -> dict[tuple[str, str, str], CompanyClaim | None]:
    """Keep who used which connection and who introduced themselves there; the claim that follows for each use.

    The same uses and sightings, in whatever order, batches and number of repeats, leave the same rows. Visitors who are
    named, or no longer, because of a sighting are asked to be derived anew.
    """
    uses = united(uses)
    if not uses and not sighted:
        return {}
    sites = {use.connection.site for use in uses} | {one.connection.site for one in sighted}
    await lock(connection, sites, alone=bool(sighted), today=now.date())
    fresh, uses = await keep_uses(connection, uses)
    touched = await keep_sightings(connection, sighted)
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
            if before is not None and (*before[:4], decoded(before[4]), before[5]) == after:
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
