"""Whose connections are, as rows: colleagues name the next visitor, people correct it, days pass; on both databases."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from leadlight.core.identity.companies.corrections import Scope
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.networks.blocks import block_of, host_key, host_of, range_of
from leadlight.core.ids import company_id, contact_id
from leadlight.core.records import CompanyClaim, Network
from leadlight.store import identity
from leadlight.store.database import Database, insert
from leadlight.store.identity import connections, corrections, overrides
from leadlight.store.identity.sources import Connection
from leadlight.store.identity.uses import Sighted, Use, hour_of
from leadlight.store.tables import (
    audit_lines,
    companies,
    company_sightings,
    contact_merges,
    recounts,
    visitor_companies,
    visitor_networks,
    visitors,
)

SITE = "site-1"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = host_key(b"s" * 32)
OFFICE = "203.0.113.7"
NEXT_DESK = "203.0.113.8"
HOME = "198.51.100.20"


def connection_of(address: str, kind: str = "business", stated: Answer | None = None) -> Connection:
    network = Network(kind, "test", 64500, "Example", block_of(address), host_of(SITE, address, KEY))
    return Connection(SITE, network, stated)


def use(visitor: str, address: str = OFFICE, *, kind: str = "business", at: datetime = NOON, **more: Any) -> Use:
    return Use(visitor, connection_of(address, kind, **more), hour_of(at), hour_of(at))


def colleague(name: str, address: str = OFFICE, *, kind: str = "business", at: datetime = NOON, domain: str = "kiln.example") -> Sighted:  # fmt: skip
    contact = contact_id(SITE, f"{name}@{domain or 'free.example'}")
    return Sighted(connection_of(address, kind), domain, contact, f"browser-{name}", at.date())


async def keep(
    database: Database, uses: Sequence[Use] = (), sighted: Sequence[Sighted] = (), now: datetime = NOON
) -> Any:
    async with database.begin() as tx:
        return await connections.save(tx, uses, sighted, now=now)


async def named(database: Database, *visitor_ids: str) -> dict[str, tuple[str, str, float] | None]:
    """Of each visitor, the company believed."""
    async with database.read() as connection:
        links = await identity.company_links(connection, [(SITE, id) for id in visitor_ids])
        domains = {row.id: row.domain for row in await connection.execute(select(companies))}
    best = {id: max(found, key=lambda link: link.order, default=None) for (_, id), found in links.items()}
    return {id: (domains[link.id], link.method, link.confidence) if link else None for id, link in best.items()}


async def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    async with database.read() as connection:
        found = {
            table.name: sorted(map(tuple, await connection.execute(select(table))), key=repr)
            for table in (visitor_networks, company_sightings, visitor_companies)
        }
        found["companies"] = sorted(map(tuple, await connection.execute(select(companies.c.id, companies.c.name))))
        return found


async def asked(database: Database) -> set[str]:
    """Who waits for being derived anew; and lets them go."""
    async with database.begin() as tx:
        found = set((await tx.execute(select(recounts.c.visitor_id))).scalars())
        await tx.execute(delete(recounts))
    return found


async def known_visitors(database: Database, *ids: str, company: str | None = None, method: str | None = None) -> None:
    async with database.begin() as tx:
        for id in ids:
            company_of = company_id(SITE, company) if company else None
            await tx.execute(
                insert(tx, visitors).values(
                    site_id=SITE, id=id, anonymous_id=id, partition=0, updated_at=NOON, company_id=company_of,
                    company_method=method,
                )
            )  # fmt: skip


async def test_the_colleagues_second_word_names_everybody_who_was_there_and_who_comes_next(database: Database) -> None:
    first = await keep(database, [use("stranger"), use("far", HOME)], [colleague("ada")])
    assert set(first.values()) == {None}
    assert await asked(database) == set()
    await keep(database, [], [colleague("bela", NEXT_DESK)])
    assert await asked(database) == {"stranger"}
    [claim] = (await keep(database, [use("next", NEXT_DESK)])).values()
    assert isinstance(claim, CompanyClaim)
    assert (claim.domain, claim.method, claim.evidence["people"]) == ("kiln.example", "first_party", "2")
    assert await asked(database) == set()  # the event that brings them is on its way
    found = await named(database, "stranger", "next", "far")
    assert found["stranger"] == found["next"] == ("kiln.example", "first_party", claim.confidence)
    assert found["far"] is None


async def test_on_a_providers_line_neighbours_are_no_colleagues(database: Database) -> None:
    uses = [use("next", HOME, kind="isp"), use("stranger", "198.51.100.21", kind="isp")]
    told = [colleague("ada", HOME, kind="isp"), colleague("bela", HOME, kind="isp")]
    await keep(database, uses, told)
    found = await named(database, "next", "stranger")
    assert found["next"] is not None
    assert found["stranger"] is None


async def test_networks_have_numbers_of_32_bits(database: Database) -> None:
    largest = connection_of(OFFICE)
    network = msgspec.structs.replace(largest.network, asn=2**32 - 1)
    await keep(database, [Use("next", Connection(SITE, network), hour_of(NOON), hour_of(NOON))])
    async with database.read() as connection:
        assert await connection.scalar(select(visitor_networks.c.asn)) == 2**32 - 1


@pytest.mark.parametrize("kind", ["hosting", "vpn", "mobile", "relay", "security_proxy"])
async def test_where_strangers_share_addresses_colleagues_say_nothing(database: Database, kind: str) -> None:
    await keep(database, [use("next", kind=kind)], [colleague(name, kind=kind) for name in ("ada", "bela", "cy")])
    assert await named(database, "next") == {"next": None}


async def test_people_of_other_companies_take_the_name_back(database: Database) -> None:
    await keep(database, [use("next")], [colleague("ada"), colleague("bela")])
    await keep(database, [], [colleague("dan", domain="loom.example"), colleague("eve", domain="mill.example")])
    assert await named(database, "next") == {"next": None}
    assert await asked(database) == {"next"}


def a_busy_week() -> tuple[list[Use], list[Sighted]]:
    uses = [
        use(f"v{n % 7}", (OFFICE, NEXT_DESK, HOME)[n % 3], kind="business" if n % 3 < 2 else "isp", at=NOON + timedelta(hours=n))
        for n in range(30)
    ]  # fmt: skip
    told = [
        colleague(
            "abcd"[n % 4], (OFFICE, HOME)[n % 2], kind=("business", "isp")[n % 2], at=NOON + timedelta(days=n % 3)
        )
        for n in range(16)
    ]
    return uses, [*told, colleague("z", HOME, kind="isp", domain="")]


async def test_order_batches_and_repeats_leave_the_same_rows(database: Database) -> None:
    uses, told = a_busy_week()
    later = NOON + timedelta(days=3)
    await keep(database, uses, told, now=later)
    expected = await rows(database)
    assert len({row[3] for row in expected["visitor_companies"]}) == 1
    for seed in range(3):
        chance = random.Random(seed)
        async with database.begin() as tx:
            for table in (visitor_networks, company_sightings, visitor_companies, companies):
                await tx.execute(delete(table))
        given: list[Use | Sighted] = [*uses, *told, *uses[:9], *told[:5]]
        chance.shuffle(given)
        while given:
            batch, given = given[: (size := chance.randint(1, 9))], given[size:]
            await keep(
                database,
                [one for one in batch if isinstance(one, Use)],
                [one for one in batch if isinstance(one, Sighted)],
                now=later,
            )
        assert await rows(database) == expected


async def test_writers_who_each_see_one_colleague_name_the_visitor_together(database: Database) -> None:
    await keep(database, [use("next")])
    await asyncio.gather(*(keep(database, [use(f"browser-{name}")], [colleague(name)]) for name in "abcdef"))
    found = await named(database, "next", *(f"browser-{name}" for name in "abcdef"))
    assert len(set(found.values())) == 1
    assert found["next"] is not None


async def test_two_addresses_that_an_owner_calls_one_person_are_one_word(database: Database) -> None:
    told = [colleague("ada"), colleague("bela")]
    await keep(database, [use("next")], told)
    async with database.begin() as tx:
        row = {"site_id": SITE, "id": "m1", "contact_id": told[0].contact, "into_id": told[1].contact}
        merged = insert(tx, contact_merges).values(**row, person_id=told[1].contact, made_by="owner", made_at=NOON)
        await tx.execute(merged)
        await connections.people_changed(tx, SITE, contacts=[told[0].contact], now=NOON)
    assert await named(database, "next") == {"next": None}
    assert await asked(database) == {"next"}
    async with database.begin() as tx:
        await tx.execute(update(contact_merges).values(undone_at=NOON))
        await connections.people_changed(tx, SITE, contacts=[told[0].contact], now=NOON)
    assert (await named(database, "next"))["next"] is not None


async def test_what_was_seen_fades_until_nobody_is_named(database: Database) -> None:
    await keep(database, [use("next")], [colleague("ada"), colleague("bela")])
    [before] = (await named(database, "next")).values()
    assert before is not None
    for days in (10, 20, 90):
        await pass_days(database, days)
        [found] = (await named(database, "next")).values()
        if days < 90:
            assert found is not None
            assert found[2] <= before[2]
    assert found is None
    assert await asked(database) == {"next"}


async def pass_days(database: Database, days: int) -> None:
    after: tuple[str, str] | None = ("", "")
    steps = 0
    while after is not None:
        async with database.begin() as tx:
            after = await connections.review(tx, now=NOON + timedelta(days=days), after=after)
        steps += 1
    assert steps > 1


async def correct(database: Database, visitor: str, domain: str | None = None, scope: Scope | None = None, *, id: str = "c1") -> int:  # fmt: skip
    async with database.begin() as tx:
        _, number = await corrections.add(
            tx, SITE, visitor, id=id, domain=domain, name=None, scope=scope, who="rep@site.example", now=NOON
        )
    return number


async def take_back(database: Database, id: str = "c1") -> None:
    async with database.begin() as tx:
        assert await corrections.withdraw(tx, SITE, id, who="rep@site.example", now=NOON + timedelta(hours=1))


async def test_wrong_company_holds_for_all_from_there_and_withdrawn_it_never_was(database: Database) -> None:
    crowd = [f"v{n}" for n in range(5)]
    await keep(database, [use(id, (OFFICE, NEXT_DESK)[n % 2]) for n, id in enumerate(crowd)])
    await keep(database, [use("far", HOME)], [colleague("ada"), colleague("bela"), colleague("cy")])
    await known_visitors(database, *crowd, company="kiln.example", method="first_party")
    before, named_before = await rows(database), await named(database, *crowd)
    await asked(database)
    assert await correct(database, "v1") == 5
    assert set((await named(database, *crowd)).values()) == {None}
    assert await asked(database) == set(crowd)
    assert list((await keep(database, [use("next")])).values()) == [None]
    async with database.begin() as tx:
        await tx.execute(delete(visitor_networks).where(visitor_networks.c.visitor_id == "next"))
    await take_back(database)
    assert await rows(database) == before
    assert await named(database, *crowd) == named_before
    assert await asked(database) == set(crowd)


async def test_this_is_somebody_else_names_them_for_the_range_until_it_is_taken_back(database: Database) -> None:
    stated = Answer("label.example", "Label", Method.LABELLED_NETWORK, 0.85)
    await keep(database, [use("v1", stated=stated), use("v2", NEXT_DESK, stated=stated)])
    await known_visitors(database, "v1", "v2", company="label.example", method="labelled_network")
    assert await correct(database, "v1", "loom.example") == 2
    found = await named(database, "v1", "v2")
    assert found["v1"] == ("loom.example", "visitor_correction", 0.95)
    assert found["v2"] == ("loom.example", "correction", 0.95)
    await take_back(database)
    assert set((await named(database, "v1", "v2")).values()) == {("label.example", "labelled_network", 0.85)}


async def test_a_correction_of_one_visitor_beats_even_their_own_word_and_touches_nobody_else(
    database: Database,
) -> None:
    await keep(database, [use("v1"), use("v2")], [colleague("ada"), colleague("bela")])
    async with database.begin() as tx:
        await tx.execute(
            insert(tx, visitor_companies).values(
                site_id=SITE, visitor_id="v1", event_id="m-1", company_id=company_id(SITE, "kiln.example"),
                claimed_at=NOON, method="work_email", confidence=0.95, evidence={},
            )
        )  # fmt: skip
    await known_visitors(database, "v1", "v2", company="kiln.example", method="work_email")
    await correct(database, "v1")  # who named the company themselves is corrected alone
    found = await named(database, "v1", "v2")
    assert found["v1"] is None
    assert found["v2"] is not None
    await take_back(database)
    found = await named(database, "v1")
    assert found["v1"] == ("kiln.example", "work_email", 0.95)


async def test_nothing_can_be_wrong_where_nothing_was_claimed(database: Database) -> None:
    await keep(database, [use("v1")])
    await known_visitors(database, "v1")
    with pytest.raises(corrections.NothingToCorrect, match="no company"):
        await correct(database, "v1")
    with pytest.raises(corrections.NothingToCorrect, match="no visitor"):
        await correct(database, "somebody")
    await known_visitors(database, "v2")
    with pytest.raises(corrections.NothingToCorrect, match="no known connection"):
        await correct(database, "v2", "loom.example", Scope.RANGE)


async def test_corrections_leave_a_trace_of_who_and_how_many(database: Database) -> None:
    await keep(database, [use("v1"), use("v2")], [colleague("ada"), colleague("bela")])
    await known_visitors(database, "v1", "v2", company="kiln.example", method="first_party")
    await correct(database, "v1")
    await take_back(database)
    async with database.read() as connection:
        lines = (await connection.execute(select(audit_lines.c.who, audit_lines.c.what, audit_lines.c.number))).all()
        told, further = await corrections.page(connection, SITE, limit=10)
    assert {(line.who, line.number) for line in lines} == {("rep@site.example", 2), ("rep@site.example", 1)}
    assert [(one.wrong, one.range, one.domain, one.withdrawn_by) for one in told] == [
        (True, "203.0.113.0/24", "kiln.example", "rep@site.example")
    ]
    assert further is None


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("203.0.113.0/24", {"v1", "v2"}),
        ("203.0.112.0/22", {"v1", "v2"}),
        ("203.0.113.7", {"v1"}),
        ("203.0.113.8/29", {"v2"}),
    ],
)
async def test_an_override_names_who_was_seen_in_its_range_and_taken_out_leaves_nothing(
    database: Database, text: str, of: Iterable[str]
) -> None:
    await keep(database, [use("v1"), use("v2", NEXT_DESK), use("v3", HOME, kind="hosting")])
    given = range_of(text)
    async with database.begin() as tx:
        await overrides.add(
            tx, SITE, given, domain="kiln.example", name="Kiln & Sons", who="cli", now=NOON, key=KEY
        )  # fmt: skip
    found = await named(database, "v1", "v2", "v3")
    assert {id for id, company in found.items() if company == ("kiln.example", "override", 0.97)} == set(of)
    async with database.read() as connection:
        assert (await connection.execute(select(companies.c.name))).scalars().all() == ["Kiln & Sons"]
        [listed] = await overrides.list_for(connection, SITE)
    assert (listed.range, listed.domain) == (str(given), "kiln.example")
    async with database.begin() as tx:
        assert await overrides.remove(tx, SITE, given, who="cli", now=NOON)
        assert not await overrides.remove(tx, SITE, given, who="cli", now=NOON)
    assert set((await named(database, "v1", "v2", "v3")).values()) == {None}


async def test_the_narrowest_override_speaks(database: Database) -> None:
    await keep(database, [use("v1"), use("v2", NEXT_DESK)])
    for text, domain in (
        ("203.0.113.0/24", "tower.example"),
        ("203.0.113.7", "kiln.example"),
        ("203.0.0.0/16", "x.example"),
    ):
        async with database.begin() as tx:
            await overrides.add(tx, SITE, range_of(text), domain=domain, name=None, who="cli", now=NOON, key=KEY)
    found = await named(database, "v1", "v2")
    assert found["v1"] is not None
    assert found["v2"] is not None
    assert (found["v1"][0], found["v2"][0]) == ("kiln.example", "tower.example")
