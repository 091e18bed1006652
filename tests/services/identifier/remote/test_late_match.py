"""A stranger's event goes its way at once; what the world outside tells of their connection comes after."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from leadlight.runtime import Runtime, open_runtime
from leadlight.runtime.daily_keys import DailyKeys
from leadlight.settings import Settings
from leadlight.store.migrate import migrate
from leadlight.store.tables import companies, recounts, visitor_companies
from tests.infra.names import NameServer, open_name_server
from tests.services.identifier.companies.test_companies import GOOGLEBOT, over
from tests.services.identifier.remote.conftest import until
from tests.services.identifier.test_identifier import event, identified, introduced, publish, running

OFFICE, LAB, CLOUD = "203.0.113.7", "203.0.113.8", "198.51.100.9"
OWN_CLASSES = "range,class\n203.0.113.0/24,business\n198.51.100.0/24,hosting\n"


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with open_name_server() as server:
        yield server


@pytest.fixture
async def runtime(database_url: str, tmp_path: Path, names: NameServer) -> AsyncIterator[Runtime]:
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / "ours.csv").write_text(OWN_CLASSES, encoding="utf-8")
    settings = Settings(data=tmp_path, database_url=database_url, secret="s" * 32, resolvers=(names.address,))
    async with open_runtime(settings) as opened:
        await migrate(opened.database)
        yield opened


async def named(runtime: Runtime) -> list[tuple[str, str, str]]:
    """Companies claimed now: the visitor, the method and the domain."""
    of = visitor_companies.c
    async with runtime.database.read() as connection:
        rows = await connection.execute(
            select(of.visitor_id, of.method, companies.c.domain)
            .join(companies, companies.c.id == of.company_id)
            .where(of.withdrawn_at.is_(None))
        )
        return sorted((row[0], row[1], row[2]) for row in rows)


async def test_a_stranger_is_named_after_the_fact(runtime: Runtime, names: NameServer) -> None:
    keys = DailyKeys(runtime)
    await keys.refresh()
    names.call(OFFICE, "gateway.harbor-mills.example")
    names.call(LAB, "lab.kiln.example")
    names.call(CLOUD, "www.loom.example")
    stranger = over(keys, OFFICE, event("m-1", visitor="stranger"))
    machine = over(keys, LAB, event("m-2", visitor="machine", user_agent=GOOGLEBOT))
    colleague = over(keys, LAB, introduced("m-3", "ada@kiln.example", visitor="ada"))
    guest = over(keys, CLOUD, event("m-4", visitor="guest"))
    old = over(keys, LAB, event("m-5", visitor="old", imported=True))
    await publish(runtime, [stranger, machine, colleague, guest, old])

    async def named_late() -> bool:
        return any(method == "reverse_dns" for _, method, _ in await named(runtime))

    async with running(runtime):
        found = {one.event.id: one for one in await identified(runtime, 5)}
        assert found["m-1"].company is None, "nobody waits for the world outside"
        await until(named_late)
    assert (stranger.visitor, "reverse_dns", "harbor-mills.example") in await named(runtime)
    assert {name for name, kind, _ in names.asked if kind == "PTR"} == {"7.113.0.203.in-addr.arpa."}
    async with runtime.database.read() as connection:
        asked = set((await connection.execute(select(recounts.c.visitor_id))).scalars())
    assert stranger.visitor in asked


async def test_without_name_servers_the_identifier_works_as_well(runtime: Runtime, names: NameServer) -> None:
    quiet = replace(runtime, settings=replace(runtime.settings, resolvers=None))
    keys = DailyKeys(quiet)
    await keys.refresh()
    await publish(quiet, [over(keys, OFFICE, event("m-1", visitor="stranger"))])
    async with running(quiet):
        assert (await identified(quiet, 1))[0].company is None
    assert names.asked == []
