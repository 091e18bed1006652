"""Which connections visitors used, and who introduced themselves there. Rows that only ever grow."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam as given
from sqlalchemy import case, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.methods import Answer
from leadlight.core.records import Network
from leadlight.store import bulk
from leadlight.store.identity.sources import Connection, decoded
from leadlight.store.tables import company_sightings, visitor_networks


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


def hour_of(at: datetime) -> datetime:
    """Uses of a connection are kept by the hour: finer, a row would be written with every event."""
    return at.replace(minute=0, second=0, microsecond=0)


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


async def keep_uses(connection: AsyncConnection, uses: Sequence[Use]) -> tuple[set[tuple[Any, ...]], list[Use]]:
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


async def keep_sightings(
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


def united(uses: Iterable[Use]) -> list[Use]:
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
    stated = decoded(stated)
    network = Network(kind, rule, asn, name, block, host)
    answer = msgspec.convert(stated, Answer) if stated is not None else None
    return Use(visitor, Connection(site, network, answer), first_at, last_at)


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
