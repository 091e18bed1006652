"""What the identifier makes of events, through a real log and both databases."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from leadlight.bus.port import Partition
from leadlight.bus.topics import EVENTS, IDENTIFIED
from leadlight.core.identity.people.links import intervals
from leadlight.core.ids import company_id, contact_id, visitor_id
from leadlight.core.records import Agent, Event, EventType, Identified, decode_identified, encode, key_of
from leadlight.errors import ConfigurationError
from leadlight.runtime import Runtime, open_runtime
from leadlight.settings import Settings
from leadlight.store import dead_letters, identity
from leadlight.store.migrate import migrate
from leadlight.store.tables import companies, contact_traits, contacts, visitor_companies, visitor_contacts
from services.identifier.knowledge import load_knowledge
from services.identifier.service import service

SITE = "site-1"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"


def event(id: str, *, visitor: str = "browser-1", minute: int = 0, **fields: Any) -> Event:
    at = NOON + timedelta(minutes=minute)
    given: dict[str, Any] = {"type": EventType.PAGE, "occurred_at": at, "received_at": at} | fields
    return Event(site=SITE, visitor=visitor_id(SITE, visitor), id=id, anonymous_id=visitor, **given)


def introduced(id: str, email: str, *, minute: int = 0, visitor: str = "browser-1", **traits: Any) -> Event:
    return event(id, minute=minute, visitor=visitor, type=EventType.IDENTIFY, traits={"email": email} | traits)


@pytest.fixture(params=["sqlite", "postgres"])
async def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Runtime]:
    """The embedded log with either database."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else ""
    async with open_runtime(Settings(data=tmp_path, database_url=url, secret="s" * 32)) as opened:
        await migrate(opened.database)
        yield opened


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[None]:
    """An identifier at work; inside the block it can be waited for with `identified`."""
    run = service(runtime).run
    assert run is not None
    task = asyncio.ensure_future(run())
    try:
        yield
    finally:
        runtime.stopping.set()
        await task


async def publish(runtime: Runtime, events: Sequence[Event]) -> None:
    await runtime.bus.publish(EVENTS.name, [(key_of(one), encode(one)) for one in events])


async def identified(runtime: Runtime, number: int) -> list[Identified]:
    """The first `number` identified records, once their rows are committed too."""

    async def beginning(wanted: Sequence[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(wanted, 0)

    found: list[Identified] = []
    async with asyncio.timeout(20):
        async with runtime.bus.consumer("reader", [IDENTIFIED.name], beginning) as consumer:
            while len(found) < number:
                batch = await consumer.poll(max_records=1_000, timeout_seconds=0.5)
                found += [decode_identified(record.value) for record in batch.records]
    return found


async def settled(runtime: Runtime, events: Sequence[Event]) -> list[Identified]:
    """Run an identifier over the events until it has stopped in order."""
    await publish(runtime, events)
    async with running(runtime):
        return await identified(runtime, len(events))


async def rows(runtime: Runtime, table: Table, *columns: str) -> set[tuple[Any, ...]]:
    async with runtime.database.read() as connection:
        return {tuple(row) for row in await connection.execute(select(*(table.c[name] for name in columns)))}


async def test_a_page_view_gains_its_agent_and_nothing_that_was_not_said(runtime: Runtime) -> None:
    [one] = await settled(runtime, [event("m-1", user_agent=FIREFOX)])
    assert one.agent == Agent("laptop or desktop", "Firefox 144", "Windows 10")
    assert (one.bot_reasons, one.contact, one.company) == ((), None, None)
    assert one.event.id == "m-1"


async def test_a_crawler_is_a_machine_and_a_server_event_without_an_agent_is_none(runtime: Runtime) -> None:
    crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    one, other = await settled(
        runtime, [event("m-1", user_agent=crawler), event("m-2", type=EventType.TRACK, name="Paid")]
    )
    assert one.bot_reasons == ("agent",)
    assert (other.bot_reasons, other.agent) == ((), Agent())


async def test_a_form_names_the_contact_and_the_company_of_a_work_address(runtime: Runtime) -> None:
    form = introduced(
        "m-1", " Ada.Moreau@Mail.Norrvik.example ", firstName="Ada", lastName="Moreau", title="Buyer", phone=4512
    )
    [one] = await settled(runtime, [form])
    contact, company = contact_id(SITE, "ada.moreau@mail.norrvik.example"), company_id(SITE, "norrvik.example")
    assert one.contact is not None
    assert (one.contact.id, one.contact.email) == (contact, "ada.moreau@mail.norrvik.example")
    assert one.company is not None
    assert (one.company.id, one.company.domain, one.company.name) == (company, "norrvik.example", "Norrvik")
    assert (one.company.method, one.company.confidence) == ("work_email", 0.95)
    assert await rows(runtime, contacts, "id", "email", "company_id") == {(contact, one.contact.email, company)}
    assert await rows(runtime, companies, "id", "domain", "name") == {(company, "norrvik.example", "Norrvik")}
    assert await rows(runtime, contact_traits, "contact_id", "field", "value") == {
        (contact, "name", "Ada Moreau"), (contact, "job_title", "Buyer"), (contact, "phone", "4512"),
    }  # fmt: skip
    visitor = visitor_id(SITE, "browser-1")
    assert await rows(runtime, visitor_contacts, "visitor_id", "event_id", "contact_id", "claimed_at") == {
        (visitor, "m-1", contact, NOON)
    }
    assert await rows(runtime, visitor_companies, "visitor_id", "company_id", "method") == {
        (visitor, company, "work_email")
    }


@pytest.mark.parametrize(
    "email",
    [
        "ada@gmail.com",
        "ada@web.de",
        "ada@hey.com",
        "ada@tuta.com",
        "x@privaterelay.appleid.com",
        "ada@mailinator.com",
        "ada@co.uk",
    ],
)
async def test_an_address_that_anybody_can_have_names_no_company(tmp_path: Path, email: str) -> None:
    async with open_runtime(Settings(data=tmp_path)) as runtime:
        await migrate(runtime.database)
        [one] = await settled(runtime, [introduced("m-1", email)])
        assert one.contact is not None
        assert one.company is None
        assert await rows(runtime, companies, "id") == set()


async def test_a_user_id_that_is_an_address_introduces_too_and_one_of_nobody_does_not(runtime: Runtime) -> None:
    events = [
        event("m-1", user_id="ada@norrvik.example"),
        introduced("m-2", "null"),
        introduced("m-3", "undefined@undefined.example"),
        event("m-4", type=EventType.GROUP, traits={"email": "office@norrvik.example"}),
    ]
    found = await settled(runtime, events)
    assert [one.contact.email if one.contact else None for one in found] == ["ada@norrvik.example", None, None, None]


async def test_a_second_address_in_one_browser_begins_the_next_contact(runtime: Runtime) -> None:
    await settled(
        runtime, [introduced("m-2", "bela@kiln.example", minute=60), introduced("m-1", "ada@norrvik.example")]
    )
    async with runtime.database.read() as connection:
        claims = await identity.contact_claims(connection, SITE, visitor_id(SITE, "browser-1"))
    first, second = intervals(claims)
    assert (first.target, first.since, first.until) == (
        contact_id(SITE, "ada@norrvik.example"), None, NOON + timedelta(minutes=60),
    )  # fmt: skip
    assert (second.target, second.until) == (contact_id(SITE, "bela@kiln.example"), None)


def many_claims() -> list[Event]:
    names = ("Norrvik Foods", "Norrvik", "Acme", None, "Norrvik AB")
    return [
        introduced(
            f"m-{n}",
            f"person{n % 4}@norrvik.example",
            minute=n * 7 % 11,
            visitor=f"browser-{n % 3}",
            name=f"Name {n}",
            phone=f"{n % 2}",
            company=names[n % 5],
        )
        for n in range(20)
    ]


async def everything(runtime: Runtime) -> list[set[tuple[Any, ...]]]:
    return [
        await rows(
            runtime, table, *(column.name for column in table.c if column.name not in ("created_at", "evidence"))
        )
        for table in (contacts, companies, contact_traits, visitor_contacts, visitor_companies)
    ]


async def test_order_and_repeats_leave_the_same_rows(runtime: Runtime, tmp_path: Path) -> None:
    events = many_claims()
    await settled(runtime, events)
    expected = await everything(runtime)
    assert {row[3] for row in expected[1]} == {"Norrvik AB"}
    shuffled = events + events[:9]
    random.Random(4).shuffle(shuffled)
    async with open_runtime(Settings(data=tmp_path / "again")) as again:
        await migrate(again.database)
        await settled(again, shuffled)
        assert await everything(again) == expected


async def test_a_stated_name_that_does_not_fit_the_domain_renames_no_company(runtime: Runtime) -> None:
    await settled(runtime, [introduced("m-1", "a@norrvik.example", company={"name": "The Best"})])
    assert await rows(runtime, companies, "name", "name_claimed_at") == {("Norrvik", None)}
    assert ("company", "The Best") in await rows(runtime, contact_traits, "field", "value")


async def test_a_restart_goes_on_where_the_last_one_stopped(runtime: Runtime) -> None:
    await settled(runtime, [introduced("m-1", "ada@norrvik.example")])
    runtime.stopping.clear()
    await publish(runtime, [introduced("m-2", "bela@norrvik.example")])
    async with running(runtime):
        assert [one.event.id for one in await identified(runtime, 2)] == ["m-1", "m-2"]


async def test_a_record_that_is_no_event_is_set_aside_and_the_others_go_on(runtime: Runtime) -> None:
    broken = [b"", b"{", b"{}", b"\xff", b"[" * 100_000, b'{"site":"s","visitor":"v","id":1}']
    await runtime.bus.publish(EVENTS.name, [(b"site-1:x", value) for value in broken])
    [one] = await settled(runtime, [event("m-1")])
    assert one.event.id == "m-1"
    async with runtime.database.read() as connection:
        assert await dead_letters.count(connection, since=NOON - timedelta(days=9_000)) == len(broken)


def test_missing_data_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make setup"):
        load_knowledge(tmp_path)
