"""Owners' lists of companies and what services outside said, on both databases."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select

from leadlight.core.identity.companies.firmographics import OWN_LIST, Firmographics
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.own_list import Entry
from leadlight.core.identity.networks.blocks import block_of, host_key, host_of
from leadlight.core.records import Network
from leadlight.store.companies import facts, list_changes, own_list, spend
from leadlight.store.companies.own_list import Changed
from leadlight.store.database import Database
from leadlight.store.identity import connections, remote_answers
from leadlight.store.identity.remote_answers import GRACE, Remembered
from leadlight.store.identity.sources import Connection
from leadlight.store.identity.uses import Use
from leadlight.store.tables import recounts, visitor_companies

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SITE = "site-1"
KEY = host_key(b"s" * 32)


def entry(domain: str, *ranges: str, asns: Iterable[int] = (), name: str | None = None) -> Entry:
    return Entry(domain, Firmographics(OWN_LIST, NOW, name=name), ranges, tuple(asns))


def network(address: str, kind: str = "isp", asn: int | None = 64500) -> Network:
    return Network(kind, "test", asn, None, block_of(address), host_of(SITE, address, KEY))


async def put(database: Database, *entries: Entry, **forced: str) -> Changed:
    async with database.begin() as connection:
        numbers = {int(asn[2:]): kind for asn, kind in forced.items()}
        done = await own_list.put(connection, SITE, entries, numbers, key=KEY)
        await list_changes.in_force(connection, SITE, done.places, version=uuid4().hex, now=NOW)
    return done


async def company(database: Database, address: str, asn: int | None = 64500) -> Answer | None:
    asked = network(address, asn=asn)
    async with database.read() as connection:
        found = await own_list.answers(connection, [(SITE, asked.host or "", asked.block, asked.asn)])
    return found.get((SITE, asked.host or ""))


async def claimed(database: Database) -> dict[str, str]:
    of = visitor_companies.c
    async with database.read() as connection:
        rows = await connection.execute(select(of.visitor_id, of.method).where(of.withdrawn_at.is_(None)))
        return {row[0]: row[1] for row in rows}


async def test_a_range_goes_over_to_whom_it_is_given_last(database: Database) -> None:
    await put(database, entry("kiln.example", "203.0.113.0/24", "2001:db8:7:100::/56", name="Kiln"))
    answer = await company(database, "203.0.113.9")
    assert answer is not None
    assert (answer.domain, answer.name, answer.method) == ("kiln.example", "Kiln", Method.OWN_LIST)
    assert answer.evidence == {"range": "203.0.113.0/24"}
    done = await put(database, entry("loom.example", "203.0.113.0/24"))
    assert (done.added, done.changed) == (1, 0)
    moved = await company(database, "203.0.113.9")
    assert moved is not None
    assert (moved.domain, moved.name) == ("loom.example", "Loom")
    narrow = await company(database, "2001:db8:7:142::9")
    assert narrow is not None
    assert narrow.domain == "kiln.example"


async def test_nothing_changes_when_nothing_is_said_anew(database: Database) -> None:
    given = [entry("kiln.example", "203.0.113.0/28", asns=[64501]), entry("loom.example")]
    await put(database, *given)
    later = [Entry(one.domain, Firmographics(OWN_LIST, NOW + timedelta(days=9)), one.ranges, one.asns) for one in given]
    async with database.read() as connection:
        assert (await own_list.compare(connection, SITE, later, {}, key=KEY)).unchanged == 2
    again = await put(database, *later)
    assert (again.added, again.changed, again.unchanged, bool(again.places)) == (0, 0, 2, False)
    async with database.read() as connection:
        known = await facts.by_domains(connection, SITE, ["kiln.example"])
    assert known["kiln.example"][0].as_of == NOW


async def test_a_number_counts_after_ranges_and_says_when_the_owner_insisted(database: Database) -> None:
    await put(
        database, entry("kiln.example", asns=[64501, 64502]), entry("loom.example", "203.0.113.0/24"), AS64502="isp"
    )
    own = await company(database, "198.51.100.7", asn=64501)
    insisted = await company(database, "198.51.100.7", asn=64502)
    ranged = await company(database, "203.0.113.7", asn=64501)
    assert own is not None
    assert insisted is not None
    assert ranged is not None
    assert own.evidence == {"asn": "AS64501"}
    assert insisted.evidence == {"range": "AS64502"}
    assert ranged.domain == "loom.example"


async def test_the_past_follows_the_list_there_and_back(database: Database) -> None:
    seen = {
        "narrow": network("203.0.113.5"),
        "block": network("198.51.100.5", "business"),
        "number": network("192.0.2.5", "business", 64509),
        "nobody": network("192.0.2.77", "isp", 64500),
    }
    uses = [Use(visitor, Connection(SITE, one), NOW, NOW) for visitor, one in seen.items()]
    async with database.begin() as connection:
        await connections.save(connection, uses, [], now=NOW)
    given = entry("kiln.example", "203.0.113.0/29", "198.51.100.0/22", asns=[64509])
    await put(database, given)
    assert await claimed(database) == dict.fromkeys(("narrow", "block", "number"), "own_list")
    async with database.read() as connection:
        waiting = set((await connection.execute(select(recounts.c.visitor_id))).scalars())
    assert waiting == {"narrow", "block", "number"}
    async with database.begin() as connection:
        gone = await own_list.remove(connection, SITE, ["kiln.example"])
        await list_changes.in_force(connection, SITE, gone, version=uuid4().hex, now=NOW)
        assert await own_list.domains_of(connection, SITE) == set()
    assert await claimed(database) == {}
    assert await company(database, "203.0.113.5") is None


async def test_other_sites_know_nothing_of_it(database: Database) -> None:
    await put(database, entry("kiln.example", "203.0.113.0/24"))
    other = host_of("site-2", "203.0.113.5", KEY) or ""
    async with database.read() as connection:
        assert await own_list.answers(connection, [("site-2", other, "203.0.113.0/24", None)]) == {}
        assert await own_list.answers(connection, []) == {}


async def test_an_answer_counts_past_its_time_while_it_is_asked_anew_but_not_for_ever(database: Database) -> None:
    answer = Answer("kiln.example", "Kiln", Method.REVERSE_DNS, 0.8, NOW, {"confirmed": "forward"})
    expires = NOW + timedelta(days=7)
    rows = [
        Remembered(SITE, "h1", "reverse_dns", answer, NOW, expires),
        Remembered(SITE, "h1", "provider:a", None, NOW, expires),
        Remembered(SITE, "h2", "reverse_dns", None, NOW, expires),
    ]
    async with database.begin() as connection:
        await remote_answers.save(connection, rows)
        await remote_answers.save(connection, rows)

    async def at(now: datetime) -> object:
        async with database.read() as connection:
            return await remote_answers.load(connection, [(SITE, "h1"), (SITE, "h2"), (SITE, "h3")], now=now)

    assert await at(NOW) == {(SITE, "h1"): [answer]}
    assert await at(expires + GRACE / 2) == {(SITE, "h1"): [answer]}
    assert await at(expires + GRACE) == {}
    async with database.begin() as connection:
        assert len((await remote_answers.remembered(connection, [(SITE, "h1")]))[SITE, "h1"]) == 2
        await remote_answers.forget(connection, now=expires + GRACE * 2)
        assert await remote_answers.remembered(connection, [(SITE, "h1")]) == {}


async def test_many_who_ask_at_once_never_go_beyond_a_budget(database: Database, database_url: str) -> None:
    other = Database(database_url)
    budget = spend.Budget(calls=100, micros=500_000, price_micros=70_000)

    async def reserve(place: Database) -> bool:
        async with place.begin() as connection:
            return await spend.reserve(connection, "ipinfo", budget, now=NOW)

    try:
        taken = await asyncio.gather(*(reserve(place) for _ in range(10) for place in (database, other)))
    finally:
        await other.close()
    assert sum(taken) == 7
    async with database.read() as connection:
        assert (await spend.used(connection, ["ipinfo", "else"], month="2026-11")) == {
            "ipinfo": spend.Month(7, 0, 490_000),
            "else": spend.Month(),
        }
    nothing = spend.Budget(calls=5, micros=10, price_micros=11)
    async with database.begin() as connection:
        assert not await spend.reserve(connection, "dear", nothing, now=NOW)
