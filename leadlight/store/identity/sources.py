"""Everything stored that speaks of whose connections are, in one query a table for a batch of connections."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies import graph
from leadlight.core.identity.companies.chain import Sources, graph_is_barred, graph_reach
from leadlight.core.identity.companies.corrections import Correction, Scope, taken_together
from leadlight.core.identity.companies.graph import Candidate, Sighting
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.networks.blocks import wider
from leadlight.core.identity.people.merges import NOBODY_MERGED
from leadlight.core.records import Network
from leadlight.store import bulk
from leadlight.store.companies import own_list
from leadlight.store.identity import remote_answers
from leadlight.store.identity.people import people_of
from leadlight.store.tables import company_corrections, company_overrides, company_sightings

Host = tuple[str, str]
"""A connection: site and keyed hash of the address."""

_CORRECTION = ("id", "scope", "subject", "domain", "wrong", "name", "said_by", "said_at", "withdrawn_at")
_SIGHTING = ("site_id", "host", "block", "domain", "contact_id", "visitor_id", "day")


class Connection(msgspec.Struct, frozen=True):
    """A connection as far as it is kept. `network` has block and host."""

    site: str
    network: Network
    stated: Answer | None = None  # the company whose own network it is, as lists and data say

    @property
    def key(self) -> Host:
        assert self.network.host is not None
        return (self.site, self.network.host)


@dataclass(slots=True)
class Overrides:
    """One site's overrides, ready to be asked by block and host."""

    by_range: dict[str, Answer] = field(default_factory=dict)  # of whole blocks and wider
    by_host: dict[str, tuple[int, Answer]] = field(default_factory=dict)  # with the length of the prefix

    def find(self, block: str, host: str) -> Answer | None:
        """The narrowest range around a connection speaks."""
        narrow = self.by_host.get(host)
        if narrow is not None:
            return narrow[1]
        if not self.by_range:
            return None
        return next((self.by_range[around] for around in wider(block) if around in self.by_range), None)


class Corrections:
    """The corrections in force for some connections and visitors.

    Whatever its scope, a correction also holds for the very visitor at whom it was said.
    """

    def __init__(self, found: Iterable[tuple[str, str, Correction]]) -> None:
        self._by_subject: defaultdict[tuple[str, Scope, str], list[Correction]] = defaultdict(list)
        for site, visitor, one in found:
            if one.scope is not Scope.VISITOR:
                self._by_subject[site, one.scope, one.subject].append(one)
            own = msgspec.structs.replace(one, scope=Scope.VISITOR, subject=visitor)
            self._by_subject[site, Scope.VISITOR, visitor].append(own)

    def of(self, connection: Connection, visitor: str | None = None) -> list[Correction]:
        """Those that apply to a connection, and with a visitor also those about them."""
        site, network = connection.site, connection.network
        found = [
            *self._by_subject.get((site, Scope.RANGE, network.block or ""), ()),
            *self._by_subject.get((site, Scope.CONNECTION, network.host or ""), ()),
        ]
        return found + self.about(site, visitor) if visitor is not None else found

    def about(self, site: str, visitor: str) -> list[Correction]:
        """What was said of this visitor."""
        return self._by_subject.get((site, Scope.VISITOR, visitor), [])


async def sources_of(
    connection: AsyncConnection,
    wanted: Iterable[Connection],
    corrections: Corrections,
    *,
    now: datetime,
) -> dict[Host, Sources]:
    """What is known of each connection; corrections about visitors alone are left out."""
    by_key = {one.key: one for one in wanted}
    sites = {site for site, _ in by_key}
    overrides = {site: await overrides_of(connection, site) for site in sites}
    seen = await _candidates(connection, by_key, now)
    remote = await remote_answers.load(connection, by_key, now=now)
    networks = [(*key, one.network.block, one.network.asn) for key, one in by_key.items()]
    listed = await own_list.answers(connection, networks)
    found = {}
    for key, one in by_key.items():
        block = one.network.block or ""
        others = [*remote.get(key, ()), *(each for each in (listed.get(key), one.stated) if each is not None)]
        found[key] = Sources(
            override=overrides[one.site].find(block, key[1]),
            said=taken_together(corrections.of(one)),
            candidates=seen.get(key, ()),
            others=others,
        )
    return found


async def overrides_of(connection: AsyncConnection, site: str) -> Overrides:
    """A site's overrides."""
    found = Overrides()
    for row in await connection.execute(select(company_overrides).where(company_overrides.c.site_id == site)):
        answer = Answer(
            domain=row.domain,
            name=row.name or derived_name(row.domain),
            method=Method.OVERRIDE,
            confidence=OVERRIDE_CONFIDENCE,
            as_of=row.added_at,
            evidence={"range": row.range, "added_by": row.added_by},
        )
        if not row.hosts:
            found.by_range[row.range] = answer
        length = int(row.range.rpartition("/")[2])
        for host in row.hosts:
            known = found.by_host.get(host)
            if known is None or known[0] < length:
                found.by_host[host] = (length, answer)
    return found


OVERRIDE_CONFIDENCE = 0.97


async def corrections_of(
    connection: AsyncConnection, connections: Iterable[Connection] = (), visitors: Iterable[tuple[str, str]] = ()
) -> Corrections:
    """The corrections that apply to these connections and visitors."""
    subjects: set[tuple[str, str]] = set()
    for one in connections:
        subjects |= {one.key, (one.site, one.network.block or "")}
    columns = ("site_id", "visitor_id", *_CORRECTION)
    found = {}
    for column, keys in (("subject", subjects), ("visitor_id", set(visitors))):
        for row in await bulk.select(connection, company_corrections, columns, ("site_id", column), sorted(keys)):
            if row[-1] is None:
                found[row[0], row[2]] = (row[0], row[1], correction_of(row[2:-1]))
    return Corrections(found[key] for key in sorted(found))


def correction_of(row: tuple[Any, ...]) -> Correction:
    """The columns from `id` to `said_at`."""
    id, scope, subject, domain, wrong, name, said_by, said_at = row
    return Correction(id, Scope(scope), subject, domain, bool(wrong), name, said_by, said_at)


async def _candidates(
    connection: AsyncConnection, wanted: Mapping[Host, Connection], now: datetime
) -> dict[Host, list[Candidate]]:
    """The companies of the people who were seen there: on the same host, or anywhere in an organisation's own block."""
    alone, together = set(), set()
    for key, one in wanted.items():
        if graph_is_barred(one.network):
            continue
        if graph_reach(one.network):
            together.add((one.site, one.network.block or ""))
        else:
            alone.add(key)
    today = now.date()
    since = today - timedelta(days=graph.HORIZON_DAYS)
    rows = [
        ((row[0], row[at]), row)
        for column, at, places in (("host", 1, alone), ("block", 2, together))
        for row in await bulk.select(connection, company_sightings, _SIGHTING, ("site_id", column), sorted(places))
    ]
    contacts, visitors = {(row[0], row[4]) for _, row in rows}, {(row[0], row[5]) for _, row in rows}
    people = await people_of(connection, contacts, visitors) if rows else NOBODY_MERGED
    by_place: defaultdict[tuple[str, str], list[Sighting]] = defaultdict(list)
    for place, (site, _, _, domain, contact, visitor, day) in rows:
        begun = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if day >= since and not people.took_back(site, visitor, contact, begun):
            by_place[place].append(Sighting(domain, people.person_of(site, contact), visitor, day))
    worked_out = {
        place: graph.candidates(sightings, today, shared_line=place in alone) for place, sightings in by_place.items()
    }
    found = {}
    for key, one in wanted.items():
        if graph_is_barred(one.network):
            continue
        place = (one.site, one.network.block or "") if graph_reach(one.network) else key
        if place in worked_out:
            found[key] = worked_out[place]
    return found


async def rejected_of(
    connection: AsyncConnection, visitors: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], frozenset[str]]:
    """The domains of companies that somebody has said a visitor does not belong to, however they were found."""
    asked = list(visitors)
    corrections = await corrections_of(connection, (), asked)
    return {
        (site, visitor): taken_together(said).rejected
        for site, visitor in asked
        if (said := corrections.about(site, visitor))
    }


def decoded(value: Any) -> Any:
    """A JSON column as drivers give it."""
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value
