"""Which company visitors' connections tell of, from sealed addresses to rows, through a real log and both databases."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.identity.networks.blocks import host_key, range_of
from leadlight.core.privacy.sealing import NONCE_BYTES
from leadlight.core.records import Event, Identified
from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.daily_keys import DailyKeys
from leadlight.settings import Settings
from leadlight.store.identity import overrides
from leadlight.store.migrate import migrate
from leadlight.store.tables import company_sightings, recounts, visitor_companies, visitor_networks
from tests.services.identifier.test_identifier import (
    SITE,
    event,
    identified,
    introduced,
    publish,
    rows,
    running,
    settled,
)

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
OFFICE, HOME = "203.0.113.7", "198.51.100.20"


@pytest.fixture
async def runtime(database_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    async with open_runtime(Settings(data=tmp_path, database_url=database_url, secret="s" * 32)) as opened:
        await migrate(opened.database)
        yield opened


@pytest.fixture
async def keys(runtime: Runtime) -> DailyKeys:
    made = DailyKeys(runtime)
    await made.refresh()
    return made


def over(keys: DailyKeys, address: str, one: Event) -> Event:
    """The event as it comes over an address, sealed as the collector does."""
    now = datetime.now(UTC)
    key = keys.of(now.date())
    assert key is not None
    return replace(one, address=key.seal(SITE, address, os.urandom(NONCE_BYTES)), occurred_at=now)


def colleagues(keys: DailyKeys, address: str = OFFICE, **more: Any) -> list[Event]:
    return [
        over(keys, address, introduced(f"m-{name}", f"{name}@kiln.example", visitor=f"browser of {name}", **more))
        for name in ("ada", "bela", "cy")
    ]


def company_of(found: list[Identified], id: str) -> tuple[str, str] | None:
    [one] = [one for one in found if one.event.id == id]
    return (one.company.domain, one.company.method) if one.company else None


async def again(runtime: Runtime, events: list[Event], number: int) -> list[Identified]:
    runtime.stopping.clear()
    await publish(runtime, events)
    async with running(runtime):
        return await identified(runtime, number)


async def test_the_next_stranger_is_probably_a_colleague_and_others_are_not(runtime: Runtime, keys: DailyKeys) -> None:
    before = over(keys, OFFICE, event("m-0", visitor="early"))
    found = await settled(runtime, [before, *colleagues(keys)])
    assert company_of(found, "m-0") in (None, ("kiln.example", "first_party"))
    strangers = [over(keys, OFFICE, event("m-1", visitor="next")), over(keys, HOME, event("m-2", visitor="far"))]
    found = await again(runtime, strangers, 6)
    assert company_of(found, "m-1") == ("kiln.example", "first_party")
    assert company_of(found, "m-2") is None
    assert company_of(found, "m-ada") == ("kiln.example", "work_email")
    [one] = [one for one in found if one.event.id == "m-1"]
    assert (one.network.block, one.network.kind) == ("203.0.113.0/24", "unknown")
    assert OFFICE not in str(await rows(runtime, visitor_networks, *(c.name for c in visitor_networks.c)))


async def test_replays_change_no_row(runtime: Runtime, keys: DailyKeys) -> None:
    events = [*colleagues(keys), over(keys, OFFICE, event("m-1", visitor="next"))]
    await settled(runtime, events)
    tables = (visitor_networks, company_sightings, visitor_companies)
    before = [await everything(runtime, table) for table in tables]
    assert all(before)
    await again(runtime, events[::-1], 8)
    assert [await everything(runtime, table) for table in tables] == before


async def everything(runtime: Runtime, table: Any) -> list[str]:
    async with runtime.database.read() as connection:
        return sorted(map(str, await connection.execute(select(table))))


async def test_machines_and_addresses_that_are_nobodys_say_nothing(runtime: Runtime, keys: DailyKeys) -> None:
    machines = [
        over(keys, OFFICE, introduced(f"b-{n}", f"bot{n}@kiln.example", visitor=f"b{n}")) for n in range(3)
    ]  # fmt: skip
    named = [replace(one, user_agent=GOOGLEBOT) for one in machines]
    found = await settled(runtime, [*named, *colleagues(keys, "10.0.0.7")])
    assert await rows(runtime, company_sightings, "domain") == set()
    assert {one.network.host for one in found if one.event.id == "m-ada"} == {None}
    strangers = [over(keys, "10.0.0.7", event("m-1", visitor="n1")), over(keys, OFFICE, event("m-2", visitor="n2"))]
    found = await again(runtime, strangers, 8)
    assert [company_of(found, id) for id in ("m-1", "m-2")] == [None, None]


async def test_an_override_names_the_next_visitor_at_once(runtime: Runtime, keys: DailyKeys) -> None:
    await settled(runtime, [over(keys, OFFICE, event("m-0", visitor="early"))])
    async with runtime.database.begin() as tx:
        given = range_of("203.0.113.0/28")
        await overrides.add(
            tx,
            SITE,
            given,
            domain="kiln.example",
            name=None,
            who="cli",
            now=runtime.now(),
            key=host_key(runtime.secret),
        )
    assert {row[0] for row in await rows(runtime, recounts, "visitor_id")} == {event("x", visitor="early").visitor}
    found = await again(runtime, [over(keys, OFFICE, event("m-1", visitor="next"))], 2)
    assert company_of(found, "m-1") == ("kiln.example", "override")


async def test_an_address_whose_key_is_gone_is_no_network(runtime: Runtime, keys: DailyKeys) -> None:
    one = over(keys, OFFICE, event("m-1"))
    old = replace(one, address="2020-01-01.AAAA")
    broken = replace(one, id="m-2", address="garbage")
    found = await settled(runtime, [old, broken])
    assert [each.network.host for each in found] == [None, None]
