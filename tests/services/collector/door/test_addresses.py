"""Visitors' addresses: whose word counts, and that nobody finds one who has only what is stored."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from leadlight.core.intake.admit import Arrival
from leadlight.core.privacy.sealing import KEPT, day_of
from leadlight.core.records import Event
from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.daily_keys import DailyKeys
from leadlight.settings import Settings
from leadlight.store.migrate import migrate
from leadlight.store.tables import daily_keys
from services.collector.arrival import Arrivals
from services.collector.keys import Grant
from tests.infra.postgres import PostgresServer
from tests.services.collector.door.conftest import Decided
from tests.services.collector.door.visits import ADDRESS, coming_from, kept, sealing
from tests.services.collector.front_door import BROWSER, SECRET_KEY, SITE, FrontDoor, open_front_door

PAGE: dict[str, Any] = {"type": "page", "anonymousId": "a"}


async def read_by_the_identifier(runtime: Runtime, event: Event) -> str | None:
    """The address as another process reads it, which has nothing but the database and the secret."""
    keys = DailyKeys(runtime)
    await keys.refresh()
    return None if event.address is None else keys.unseal(event.site, event.address)


@pytest.mark.parametrize(
    ("headers", "key", "ip", "address"),
    [
        (coming_from(ADDRESS), None, None, ADDRESS),
        (coming_from(f"198.51.100.1, {ADDRESS}, 127.0.0.9"), None, None, ADDRESS),
        (BROWSER | {"Forwarded": f'for="{ADDRESS}:4711";proto=https'}, None, None, ADDRESS),
        (coming_from("[2001:db8::9]:80"), None, None, "2001:db8::9"),
        (BROWSER, None, None, "127.0.0.1"),
        (coming_from("garbage"), None, None, None),
        (coming_from(ADDRESS), None, "198.51.100.1", ADDRESS),  # a page's word does not count
        ({"X-Forwarded-For": ADDRESS}, None, None, None),  # a server's own address is not its visitor's
        ({}, None, "198.51.100.1", None),
        ({}, SECRET_KEY, None, None),
        ({}, SECRET_KEY, "198.51.100.1", "198.51.100.1"),
        ({}, SECRET_KEY, "2001:DB8::1", "2001:db8::1"),
        ({}, SECRET_KEY, "office", None),
        ({}, SECRET_KEY, 7, None),
    ],
)
async def test_whose_word_on_an_address_counts(
    decided: Decided, headers: dict[str, str], key: str | None, ip: object, address: str | None
) -> None:
    call = PAGE | ({"context": {"ip": ip}} if ip is not None else {})
    async with decided() as door:
        await sealing(door)
        event = await kept(door, call, headers, key=key)
        assert await read_by_the_identifier(door.runtime, event) == address


async def test_a_forwarding_header_of_open_quotes_holds_nobody_up(decided: Decided) -> None:
    async with decided() as door:
        await sealing(door)
        quotes = 'for="' + '\\"' * 20_000
        event = await kept(door, PAGE, BROWSER | {"Forwarded": f"{quotes}, for={ADDRESS}"})
        assert await read_by_the_identifier(door.runtime, event) == ADDRESS


async def test_demo_visitors_come_from_where_nobody_is(door: FrontDoor) -> None:
    await sealing(door)
    for ip, address in (("198.51.100.7", "198.51.100.7"), ("10.0.0.1", None)):
        event = await kept(door, PAGE | {"context": {"ip": ip, "leadlight_demo": True}}, {})
        assert await read_by_the_identifier(door.runtime, event) == address


async def test_headers_of_a_stranger_are_not_believed(door: FrontDoor) -> None:
    await sealing(door)
    event = await kept(door, PAGE, coming_from(ADDRESS))
    assert await read_by_the_identifier(door.runtime, event) == "127.0.0.1"


async def test_no_address_is_found_in_anything_stored_or_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data=tmp_path, trusted_proxies=(ip_network("127.0.0.0/8"),))
    async with open_front_door(settings) as door:
        await sealing(door)
        call = PAGE | {"properties": {"ip": ADDRESS}, "context": {"ip": ADDRESS, "traits": {"ip": ADDRESS}}}
        await kept(door, call, coming_from(ADDRESS))
        await kept(door, call | {"context": {"cookieless": True, "ip": ADDRESS}}, coming_from(ADDRESS))
        await kept(door, {**call, "type": "identify"}, {}, key=SECRET_KEY)
        await door.post("/v1/batch", {"batch": [{**call, "type": "?"}, 7]}, headers=coming_from(ADDRESS))
        await door.post("/v1/batch", b"{", headers=coming_from(ADDRESS))
        await door.owner_sees_drops(2)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"anonymous_id" in path.read_bytes() for path in files)
    for path in files:
        assert ADDRESS.encode() not in path.read_bytes(), path
    told = capfd.readouterr()
    assert ADDRESS not in told.out + told.err


@pytest.fixture
async def runtime(tmp_path: Path) -> Any:
    async with open_runtime(Settings(data=tmp_path)) as opened:
        await migrate(opened.database)
        yield opened


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def seen_at(runtime: Runtime, clock: Clock) -> Runtime:
    return Runtime(runtime.settings, runtime.secret, runtime.database, runtime.bus, clock)


async def days_stored(runtime: Runtime) -> list[date]:
    async with runtime.database.read() as connection:
        return sorted((await connection.execute(select(daily_keys.c.day))).scalars())


NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


async def test_keys_are_made_a_day_ahead_and_destroyed_after_48_hours(runtime: Runtime) -> None:
    clock = Clock(NOON)
    keys = DailyKeys(seen_at(runtime, clock))
    await keys.refresh()
    today, tomorrow = NOON.date(), NOON.date() + timedelta(days=1)
    assert await days_stored(runtime) == [today, tomorrow]
    first = keys.of(today)
    assert first is not None
    sealed = first.seal(SITE, ADDRESS, b"n" * 12)

    clock.now = NOON.replace(hour=0) + KEPT - timedelta(seconds=1)
    await keys.refresh()
    assert keys.unseal(SITE, sealed) == ADDRESS
    clock.now += timedelta(seconds=1)
    assert keys.unseal(SITE, sealed) is None
    await keys.refresh()
    assert await days_stored(runtime) == [tomorrow, tomorrow + timedelta(days=1), tomorrow + timedelta(days=2)]
    restarted = DailyKeys(seen_at(runtime, clock))
    await restarted.refresh()
    assert restarted.unseal(SITE, sealed) is None


async def test_a_destroyed_key_is_nowhere_in_the_database_file(runtime: Runtime) -> None:
    clock = Clock(NOON)
    keys = DailyKeys(seen_at(runtime, clock))
    await keys.refresh()
    async with runtime.database.read() as connection:
        before = (await connection.execute(select(daily_keys.c.key_sealed))).scalars().all()
    clock.now += 3 * KEPT
    await keys.refresh()
    async with runtime.database.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE after_checkpoint (x)")
    await runtime.database.close()  # the write-ahead log is folded into the file
    kept_bytes = b"".join(path.read_bytes() for path in runtime.settings.data.glob("leadlight.db*"))
    assert len(before) == 2
    assert not any(sealed in kept_bytes for sealed in before)


async def test_all_collectors_share_the_keys_of_the_days(runtime: Runtime) -> None:
    clock = Clock(NOON)
    one, other = DailyKeys(seen_at(runtime, clock)), DailyKeys(seen_at(runtime, clock))
    await asyncio.gather(one.refresh(), other.refresh())
    mine, theirs = one.of(NOON.date()), other.of(NOON.date())
    assert mine is not None
    assert theirs is not None
    assert theirs.unseal(SITE, mine.seal(SITE, ADDRESS, b"n" * 12)) == ADDRESS
    assert theirs.pseudonym(SITE, ADDRESS, "Firefox") == mine.pseudonym(SITE, ADDRESS, "Firefox")


async def test_an_outage_over_midnight_goes_by_unnoticed(tmp_path: Path, own_postgres: PostgresServer) -> None:
    url = own_postgres.url(own_postgres.create_database())
    async with open_runtime(Settings(data=tmp_path, database_url=url, secret="s" * 32)) as opened:
        await migrate(opened.database)
        clock = Clock(NOON)
        keys = DailyKeys(seen_at(opened, clock))
        await keys.refresh()
        own_postgres.kill()
        clock.now += timedelta(hours=13)
        assert keys.of(clock.now.date()) is not None


def arrival_at(arrivals: Arrivals, now: datetime) -> Arrival:
    headers = {name.lower().encode(): text.encode() for name, text in BROWSER.items()}
    return arrivals.of(Grant(SITE), headers, (ADDRESS, 4711), None, now)


async def test_while_there_is_no_key_addresses_are_left_out_and_visitors_still_told_apart(runtime: Runtime) -> None:
    clock = Clock(NOON)
    arrivals = Arrivals(seen_at(runtime, clock))
    left_out = arrival_at(arrivals, NOON)
    assert (left_out.where.address, left_out.where.sealed) == (ADDRESS, None)
    assert left_out.pseudonym is not None
    assert left_out.pseudonym(SITE, ADDRESS, "Firefox") != left_out.pseudonym(SITE, "203.0.113.10", "Firefox")
    assert REGISTRY.get_sample_value("leadlight_collector_addresses_left_out_total")
    await arrivals.keys.refresh()
    assert arrival_at(arrivals, NOON).where.sealed is not None


async def test_at_midnight_the_key_changes_and_who_leaves_nothing_behind_is_somebody_new(runtime: Runtime) -> None:
    clock = Clock(NOON.replace(hour=23, minute=59))
    arrivals = Arrivals(seen_at(runtime, clock))
    await arrivals.keys.refresh()
    told = []
    for now in (clock.now, clock.now + timedelta(seconds=59), clock.now + timedelta(minutes=1)):
        clock.now = now
        arrival = arrival_at(arrivals, now)
        assert arrival.pseudonym is not None
        assert arrival.where.sealed is not None
        told.append((day_of(arrival.where.sealed), arrival.pseudonym(SITE, ADDRESS, "Firefox")))
    assert [day for day, _ in told] == [NOON.date(), NOON.date(), NOON.date() + timedelta(days=1)]
    assert told[0][1] == told[1][1] != told[2][1]


async def test_a_clock_that_was_ahead_for_a_while_leaves_no_key_in_use_for_longer_than_its_day(
    runtime: Runtime,
) -> None:
    clock = Clock(NOON)
    arrivals = Arrivals(seen_at(runtime, clock))
    for days_ahead in (0, 9, 0):
        clock.now = NOON + timedelta(days=days_ahead)
        await arrivals.keys.refresh()
        arrival = arrival_at(arrivals, clock.now)
        assert arrival.where.sealed is not None
        assert day_of(arrival.where.sealed) == clock.now.date()


async def test_a_clock_that_was_ahead_where_no_key_is_keeps_no_address_out_afterwards(runtime: Runtime) -> None:
    clock = Clock(NOON)
    arrivals = Arrivals(seen_at(runtime, clock))
    await arrivals.keys.refresh()
    told = []
    for days_ahead in (0, 9, 0):
        clock.now = NOON + timedelta(days=days_ahead)
        told.append(arrival_at(arrivals, clock.now).where.sealed is not None)
    assert told == [True, False, True]
