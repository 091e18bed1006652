"""The owner's list of companies: kept company by company, and matched by network."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.firmographics import FIELDS, OWN_LIST, Firmographics
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.companies.own_list import Entry
from leadlight.core.identity.networks.blocks import Range, hosts_of, wider
from leadlight.store import bulk
from leadlight.store.companies import facts as company_facts
from leadlight.store.tables import company_facts as facts_table
from leadlight.store.tables import own_lists, own_ranges, visitor_networks

RANGE_CONFIDENCE = 0.9
ASN_CONFIDENCE = 0.75
"""A network of its own number serves a company's guests, its subsidiaries and at times its customers."""

REMEMBERED_LISTS = 50

Asked = tuple[str, str, str | None, int | None]
"""Site, host, block and network number of a connection."""


Row = tuple[str, str, str, str, str | None]
_RANGE = ("site_id", "key", "range", "domain", "forced")


@dataclass(slots=True)
class _List:
    """One version of a site's list, ready to be asked."""

    wide: dict[str, Answer] = field(default_factory=dict)  # by range
    hosts: dict[str, tuple[int, Answer]] = field(default_factory=dict)  # with the length of the prefix
    asns: dict[int, Answer] = field(default_factory=dict)

    def find(self, host: str, block: str | None, asn: int | None) -> Answer | None:
        """The narrowest range that holds a connection, else its network's number."""
        if (narrow := self.hosts.get(host)) is not None:
            return narrow[1]
        if self.wide and block is not None:
            for around in wider(block):
                if around in self.wide:
                    return self.wide[around]
        return self.asns.get(asn) if asn is not None else None


@dataclass(slots=True)
class Places:
    """Where the company of visitors may have changed."""

    hosts: set[str] = field(default_factory=set)
    ranges: set[str] = field(default_factory=set)
    asns: set[int] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)  # companies of which something else is said

    def __bool__(self) -> bool:
        return bool(self.hosts or self.ranges or self.asns or self.domains)


class Changed(msgspec.Struct, frozen=True):
    """What some entries changed in a list."""

    added: int
    changed: int
    unchanged: int
    places: Places


_lists: OrderedDict[tuple[str, str], _List] = OrderedDict()


async def answers(connection: AsyncConnection, asked: Iterable[Asked]) -> dict[tuple[str, str], Answer]:
    """The companies to which sites' own lists give these connections."""
    wanted = list(asked)
    sites = sorted({site for site, *_ in wanted})
    if not sites:
        return {}
    rows = await connection.execute(
        select(own_lists.c.site_id, own_lists.c.version).where(own_lists.c.site_id.in_(sites))
    )
    lists = {site: await _read(connection, site, version) for site, version in rows.all()}
    found = {}
    for site, host, block, asn in wanted:
        if site in lists and (answer := lists[site].find(host, block, asn)) is not None:
            found[site, host] = answer
    return found


async def _read(connection: AsyncConnection, site: str, version: str) -> _List:
    known = _lists.get((site, version))
    if known is not None:
        _lists.move_to_end((site, version))
        return known
    of, facts = own_ranges.c, facts_table.c
    rows = await connection.execute(
        select(of.key, of.range, of.domain, of.forced, facts.name, facts.as_of)
        .select_from(
            own_ranges.outerjoin(
                facts_table, and_(facts.site_id == of.site_id, facts.domain == of.domain, facts.source == OWN_LIST)
            )
        )
        .where(of.site_id == site)
        .order_by(of.key, of.range)
    )
    made = _List()
    for row in rows:
        by_number = row.range.startswith("AS")
        # an ASN that the owner insisted on counts like a range, also on a provider's network
        evidence = {"asn" if by_number and row.forced is None else "range": row.range}
        answer = Answer(
            domain=row.domain,
            name=row.name or derived_name(row.domain),
            method=Method.OWN_LIST,
            confidence=ASN_CONFIDENCE if by_number else RANGE_CONFIDENCE,
            as_of=row.as_of,
            evidence=evidence,
        )
        if by_number:
            made.asns[int(row.range[2:])] = answer
        elif row.key == row.range:
            made.wide[row.range] = answer
        else:
            length = int(row.range.rpartition("/")[2])
            narrower = made.hosts.get(row.key)
            if narrower is None or narrower[0] < length:
                made.hosts[row.key] = (length, answer)
    _lists[site, version] = made
    while len(_lists) > REMEMBERED_LISTS:
        _lists.popitem(last=False)
    return made


async def domains_of(connection: AsyncConnection, site: str) -> set[str]:
    """The companies on a site's list."""
    rows = await connection.execute(
        select(facts_table.c.domain).where(facts_table.c.site_id == site, facts_table.c.source == OWN_LIST)
    )
    return set(rows.scalars())


async def ranges_of(connection: AsyncConnection, site: str) -> dict[str, list[str]]:
    """The networks of each company on a site's list, as the owner wrote them."""
    of = own_ranges.c
    rows = await connection.execute(select(of.domain, of.range).where(of.site_id == site).distinct())
    found: dict[str, list[str]] = {}
    for domain, text in sorted(tuple(row) for row in rows):
        found.setdefault(domain, []).append(text)
    return found


async def classes_seen(connection: AsyncConnection, site: str) -> dict[int, str]:
    """The classes of the networks, by number, that a site's visitors came over."""
    of = visitor_networks.c
    rows = await connection.execute(
        select(of.asn, of["class"], func.count())
        .where(of.site_id == site, of.asn.is_not(None))
        .group_by(of.asn, of["class"])
    )
    seen: dict[int, tuple[int, str]] = {}
    for asn, kind, number in rows:
        seen[asn] = max(seen.get(asn, (0, "")), (number, kind))
    return {asn: kind for asn, (_, kind) in seen.items()}


async def compare(
    connection: AsyncConnection, site: str, entries: Sequence[Entry], forced: Mapping[int, str], *, key: bytes
) -> Changed:
    """What `put` would change."""
    return (await _difference(connection, site, entries, forced, key)).changed


async def put(
    connection: AsyncConnection, site: str, entries: Sequence[Entry], forced: Mapping[int, str], *, key: bytes
) -> Changed:
    """Add companies or bring them to what is said now. The same once more changes nothing, not even a date.

    A range that another company had goes over. `forced` has the class of those numbers that the owner insisted on.
    """
    found = await _difference(connection, site, entries, forced, key)
    await bulk.delete(connection, own_ranges, ("site_id", "key", "range"), [row[:3] for row in found.gone])
    await bulk.upsert(connection, own_ranges, _RANGE, found.new)
    await company_facts.save(connection, found.facts)
    return found.changed


@dataclass(slots=True)
class _Difference:
    changed: Changed
    gone: list[Row]
    new: list[Row]
    facts: list[tuple[str, str, Firmographics]]


async def _difference(
    connection: AsyncConnection, site: str, entries: Sequence[Entry], forced: Mapping[int, str], key: bytes
) -> _Difference:
    keys = [(site, entry.domain, OWN_LIST) for entry in entries]
    stored = {
        row[0]: row[1:]
        for row in await bulk.select(
            connection, facts_table, ("domain", *FIELDS), ("site_id", "domain", "source"), keys
        )
    }
    wanted = {entry.domain: _rows(site, entry, forced, key) for entry in entries}
    here: defaultdict[str, set[Row]] = defaultdict(set)
    for row in await bulk.select(
        connection, own_ranges, _RANGE, ("site_id", "domain"), [(site, domain) for domain in wanted]
    ):
        here[row[3]].add((row[0], row[1], row[2], row[3], row[4]))
    places = Places()
    facts = []
    added = changed = 0
    for entry in entries:
        new = entry.domain not in stored
        same = not new and stored[entry.domain] == tuple(getattr(entry.facts, name) for name in FIELDS)
        moved: set[Row] = wanted[entry.domain] ^ here[entry.domain]
        added += new
        changed += not new and not (same and not moved)
        if not same:
            facts.append((site, entry.domain, entry.facts))
            places.domains.add(entry.domain)
            moved |= wanted[entry.domain]  # claims carry the name
        _mark(places, moved)
    gone = [row for domain, rows in here.items() for row in rows - wanted[domain]]
    fresh = {row[:3]: row for domain, own in wanted.items() for row in own - here[domain]}
    counted = Changed(added, changed, len(entries) - added - changed, places)
    return _Difference(counted, sorted(gone, key=_order), [fresh[at] for at in sorted(fresh)], facts)


async def remove(connection: AsyncConnection, site: str, domains: Sequence[str]) -> Places:
    """Take companies off a site's list."""
    places = Places(domains=set(domains))
    keys = [(site, domain) for domain in sorted(domains)]
    _mark(
        places,
        await bulk.select(connection, own_ranges, _RANGE, ("site_id", "domain"), keys),
    )
    await bulk.delete(connection, own_ranges, ("site_id", "domain"), keys)
    await bulk.delete(connection, facts_table, ("site_id", "domain", "source"), [(*at, OWN_LIST) for at in keys])
    return places


def _rows(site: str, entry: Entry, forced: Mapping[int, str], key: bytes) -> set[Row]:
    rows: set[Row] = {(site, f"AS{asn}", f"AS{asn}", entry.domain, forced.get(asn)) for asn in entry.asns}
    for text in entry.ranges:
        given: Range = ip_network(text)
        rows |= {(site, each, text, entry.domain, None) for each in hosts_of(site, given, key) or [text]}
    return rows


def _order(row: Sequence[str | None]) -> tuple[str, str]:
    return (row[1] or "", row[2] or "")


def _mark(places: Places, rows: Iterable[Sequence[str | None]]) -> None:
    for _, at, text, *_ in rows:
        assert at is not None
        assert text is not None
        if text.startswith("AS"):
            places.asns.add(int(text[2:]))
        elif at == text:
            places.ranges.add(text)
        else:
            places.hosts.add(at)
