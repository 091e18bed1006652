"""Connections are looked up aside, once, within what may be spent, and whoever was seen there learns of it."""

import asyncio

import pytest
from sqlalchemy import select

from leadlight.core.identity.providers.circuit import Circuit
from leadlight.store.companies import facts, spend
from leadlight.store.database import Database
from leadlight.store.tables import metadata, recounts, visitor_companies
from services.identifier.remote.configuration import read_providers
from services.identifier.remote.desk import Desk
from services.identifier.remote.provider import Provider, open_client
from tests.services.identifier.remote.conftest import SITE, Process, World, network_of, until
from tests.services.identifier.remote.world import MAIL

OFFICE = "203.0.113.7"


async def claims(process: Process) -> list[tuple[str, str, str | None]]:
    async with process.runtime.database.read() as connection:
        rows = await connection.execute(
            select(visitor_companies.c.visitor_id, visitor_companies.c.method, visitor_companies.c.evidence)
            .where(visitor_companies.c.withdrawn_at.is_(None))
            .order_by(visitor_companies.c.visitor_id)
        )
        return [(row.visitor_id, row.method, row.evidence.get("provider")) for row in rows]


async def named(process: Process) -> bool:
    return bool(await claims(process))


async def unnamed(process: Process) -> bool:
    return not await claims(process)


async def told_by_provider(process: Process) -> bool:
    return "provider:ipinfo" in (await process.told(OFFICE))[OFFICE]


async def spent(process: Process, name: str = "ipinfo") -> spend.Month:
    async with process.runtime.database.read() as connection:
        month = spend.month_of(process.runtime.now())
        return (await spend.used(connection, [name], month=month))[name]


async def test_whoever_came_from_there_is_named_afterwards(world: World) -> None:
    world.names.call(OFFICE, "gateway.harbor-mills.example")
    async with world.working() as process:
        await process.seen("visitor-1", OFFICE)
        await process.seen("visitor-2", OFFICE)
        assert await claims(process) == []
        process.wish(OFFICE)
        told = await process.told(OFFICE)
        answer = told[OFFICE]["reverse_dns"].answer
        assert answer is not None
        assert answer.as_of == world.now
        assert await claims(process) == [("visitor-1", "reverse_dns", None), ("visitor-2", "reverse_dns", None)]
        async with process.runtime.database.read() as connection:
            asked = set((await connection.execute(select(recounts.c.visitor_id))).scalars())
        assert asked == {"visitor-1", "visitor-2"}


async def test_one_connection_is_asked_about_once(world: World) -> None:
    async with world.working() as process:
        for _ in range(50):
            process.wish(OFFICE)
        await process.told(OFFICE)
        for _ in range(50):
            process.wish(OFFICE)
    async with world.working() as process:
        process.wish(OFFICE)
        process.wish("203.0.113.8")
        await process.told("203.0.113.8")
    assert [name for name, _, _ in world.names.asked] == ["7.113.0.203.in-addr.arpa.", "8.113.0.203.in-addr.arpa."]


async def test_what_was_nothing_is_asked_again_when_its_time_is_over(world: World) -> None:
    async with world.working() as process:
        process.wish(OFFICE)
        assert (await process.told(OFFICE))[OFFICE]["reverse_dns"].answer is None
    world.later(days=3)
    world.names.call(OFFICE, "gateway.harbor-mills.example")
    async with world.working() as process:
        await process.seen("visitor-1", OFFICE)
        process.wish(OFFICE)
        await until(lambda: named(process))


async def test_a_company_that_moved_out_is_taken_back(world: World) -> None:
    world.names.call(OFFICE, "gateway.harbor-mills.example")
    async with world.working() as process:
        await process.seen("visitor-1", OFFICE)
        process.wish(OFFICE)
        await process.told(OFFICE)
        assert len(await claims(process)) == 1
    world.later(days=8)
    world.names.records.clear()
    async with world.working() as process:
        process.wish(OFFICE)
        await until(lambda: unnamed(process))


async def test_a_paid_service_is_asked_only_where_names_told_nothing(world: World) -> None:
    world.with_provider(price=0.02)
    world.service.says_recorded("ipinfo")
    world.names.call("203.0.113.8", "gateway.kiln.example")
    async with world.working() as process:
        await process.seen("visitor-1", OFFICE)
        process.wish(OFFICE)
        process.wish("203.0.113.8")
        await until(lambda: told_by_provider(process))
        told = await process.told(OFFICE, "203.0.113.8")
        assert set(told["203.0.113.8"]) == {"reverse_dns"}
        assert [question.path for question in world.service.asked] == [f"/{OFFICE}"]
        assert await claims(process) == [("visitor-1", "provider", "ipinfo")]
        async with process.runtime.database.read() as connection:
            known = await facts.by_domains(connection, SITE, ["harbor-mills.example"])
        assert [(one.source, one.name) for one in known["harbor-mills.example"]] == [
            ("provider:ipinfo", "Harbor Mills AB")
        ]
        assert await spent(process) == spend.Month(calls=1, matches=1, spent_micros=20_000)


@pytest.mark.parametrize("kind", ["hosting", "vpn", "mobile", "relay", "security_proxy"])
async def test_addresses_that_strangers_share_leave_the_house_never(world: World, kind: str) -> None:
    world.with_provider()
    async with world.working() as process:
        process.wish(OFFICE, kind)
        for address in (
            "10.0.0.7",
            "127.0.0.1",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "fd00::7",
            "100.64.0.9",
            "::ffff:10.0.0.7",
        ):
            process.remote.wish(SITE, address, network_of("203.0.113.9"))
        process.remote.wish(SITE, "203.0.113.10", network_of("203.0.113.10", "unknown"))
        process.wish("203.0.113.11")
        await process.told("203.0.113.11")
    assert {name for name, _, _ in world.names.asked} == {"11.113.0.203.in-addr.arpa."}
    assert {question.path for question in world.service.asked} <= {"/203.0.113.11"}


async def test_no_address_stays_anywhere(world: World) -> None:
    world.with_provider()
    world.service.says_recorded("ipinfo")
    world.names.call(OFFICE, "203-0-113-7.kiln.example", back=False)
    async with world.working() as process:
        await process.seen("visitor-1", OFFICE)
        process.wish(OFFICE)
        await until(process.done)
        await until(lambda: told_by_provider(process))
        async with process.runtime.database.read() as connection:
            for table in metadata.sorted_tables:
                kept = str((await connection.execute(select(table))).all())
                assert OFFICE not in kept
                assert "203-0-113-7" not in kept


async def test_two_sites_pay_once_for_one_connection(world: World) -> None:
    world.reverse_dns = False
    world.with_provider()
    world.service.says_recorded("ipinfo")
    async with world.working() as process:
        process.wish(OFFICE)
        await process.told(OFFICE)
        process.wish(OFFICE, site="site-2")
        told = await process.told(OFFICE, site="site-2")
    assert told[OFFICE]["provider:ipinfo"].answer is not None
    assert len(world.service.asked) == 1


async def test_a_process_ends_at_once_while_a_service_hangs_and_asks_again_after_its_start(world: World) -> None:
    world.reverse_dns = False
    world.with_provider(timeout_seconds=60)
    world.service.hangs()
    async with world.working() as process:
        process.wish(OFFICE)
        await world.service.arrived.wait()
    world.service.says_recorded("ipinfo")
    async with world.working() as process:
        process.wish(OFFICE)
        assert (await process.told(OFFICE))[OFFICE]["provider:ipinfo"].answer is not None
        assert (await spent(process)).calls == 2, "a question that nobody waited for still costs"


async def test_a_month_has_a_budget_that_a_new_start_does_not_refill(world: World) -> None:
    world.reverse_dns = False
    world.with_provider(monthly_lookups=3)
    for start in (0, 1):
        async with world.working() as process:
            for number in range(1, 6):
                process.wish(f"203.0.113.{10 * start + number}")
            await until(process.done)
            assert (await spent(process)).calls == 3
    assert len(world.service.asked) == 3
    world.now = world.now.replace(month=12, day=1)
    async with world.working() as process:
        process.wish("203.0.113.50")
        await process.told("203.0.113.50")
    assert len(world.service.asked) == 4


async def test_money_bounds_a_month_too_and_what_was_not_named_is_given_back(world: World) -> None:
    world.reverse_dns = False
    world.with_provider(name="people_data_labs", price=0.10, monthly_budget=0.25)
    world.service.says('{"status": 404}', 404)
    async with world.working() as process:
        process.wish("203.0.113.1")
        await process.told("203.0.113.1")
        assert await spent(process, "people_data_labs") == spend.Month(calls=1, matches=0, spent_micros=0)
        world.service.says_recorded("people_data_labs")
        for number in range(2, 7):
            process.wish(f"203.0.113.{number}")
        await until(process.done)
        assert await spent(process, "people_data_labs") == spend.Month(calls=3, matches=2, spent_micros=200_000)


async def test_processes_that_ask_at_once_share_one_budget(world: World) -> None:
    world.with_provider(monthly_lookups=5, per_minute=6000)
    async with world.runtime() as runtime, open_client() as client:
        [settings] = read_providers(runtime.settings)
        provider, another = Provider(settings, client, MAIL, runtime.now), Database(world.url)
        desks = [
            Desk(provider, database, runtime.now, circuit=Circuit(), provider=settings)
            for database in (runtime.database, another)
        ]
        outcomes = await asyncio.gather(
            *(desk.ask(f"203.0.113.{n}", network_of(f"203.0.113.{n}")) for n in range(10) for desk in desks)
        )
        await another.close()
    assert sum(outcome is not None for outcome in outcomes) == 5
    assert len(world.service.asked) == 5


async def test_a_service_that_fails_is_left_alone_and_tried_again_with_one_question(world: World) -> None:
    world.with_provider()
    world.service.says("oops", 500)
    async with world.runtime() as runtime, open_client() as client:
        [settings] = read_providers(runtime.settings)
        provider = Provider(settings, client, MAIL, runtime.now)
        desk = Desk(provider, runtime.database, runtime.now, circuit=Circuit(), provider=settings)

        async def ask() -> bool:
            return await desk.ask(OFFICE, network_of(OFFICE)) is not None

        for _ in range(5):
            assert not await ask()
            world.later(seconds=25)  # more than any pause between single failures
        assert len(world.service.asked) == 5
        for _ in range(10):
            assert not await ask()
        assert len(world.service.asked) == 5, "the breaker is open"
        async with runtime.database.read() as connection:
            assert (await spend.standings(connection))["provider:ipinfo"].state == "open"
        world.later(minutes=1)
        world.service.says_recorded("ipinfo")
        assert await ask()
        assert await ask()
        async with runtime.database.read() as connection:
            assert (await spend.standings(connection))["provider:ipinfo"].state == "closed"


async def test_who_asks_for_time_gets_it(world: World) -> None:
    world.with_provider()
    world.service.says("{}", 429, Retry_After="3600")
    async with world.runtime() as runtime, open_client() as client:
        [settings] = read_providers(runtime.settings)
        provider = Provider(settings, client, MAIL, runtime.now)
        desk = Desk(provider, runtime.database, runtime.now, circuit=Circuit(), provider=settings)
        await desk.ask(OFFICE, network_of(OFFICE))
        world.later(minutes=59)
        await desk.ask(OFFICE, network_of(OFFICE))
        assert len(world.service.asked) == 1
        world.later(minutes=2)
        await desk.ask(OFFICE, network_of(OFFICE))
        assert len(world.service.asked) == 2


async def test_a_failing_service_does_not_keep_names_from_telling(world: World) -> None:
    world.with_provider(timeout_seconds=60)
    world.service.hangs()
    world.names.call("203.0.113.200", "gateway.harbor-mills.example")
    async with world.working() as process:
        for number in range(1, 31):
            process.wish(f"203.0.113.{number}")
        process.wish("203.0.113.200")
        told = await process.told("203.0.113.200")
        answer = told["203.0.113.200"]["reverse_dns"].answer
        assert answer is not None
        assert answer.domain == "harbor-mills.example"
