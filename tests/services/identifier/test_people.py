"""How people are introduced: by forms, pages, servers and links, each told as what it is."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.ids import contact_id
from leadlight.core.intake.landings import HEAD_REQUEST, landing_token
from leadlight.core.intake.tracked_links import Link, link_id, mint
from leadlight.core.records import Channel, Event, EventType, Page
from leadlight.core.sites.document import settings_of
from leadlight.runtime import Runtime
from leadlight.store.owners import site_settings, sites
from leadlight.store.tables import contacts, visitor_contacts
from tests.services.identifier.test_identifier import (
    NOON,
    SITE,
    event,
    identified,
    introduced,
    publish,
    rows,
    running,
    runtime,
    settled,
)

__all__ = ["runtime"]


def link_for(email: str, *, site: str = SITE, days: int = 30) -> Link:
    over = int((NOON + timedelta(days=days)).timestamp())
    return Link(site=site, url="https://shop.example/pricing", expires_at=over, campaign="spring", person=email)


def landed(id: str, token: str, **fields: Any) -> Event:
    return event(id, link=token, page=Page(path="/pricing"), **fields)


async def test_each_way_of_saying_who_one_is_is_told_as_what_it_is(runtime: Runtime) -> None:
    form = replace(introduced("m-1", "ada@norrvik.example", visitor="a"), properties={"form": True})
    found = await settled(
        runtime,
        [
            form,
            introduced("m-2", "bo@norrvik.example", visitor="b"),
            event("m-3", visitor="c", user_id="cy@norrvik.example"),
            event("m-4", visitor="d", user_id="di@norrvik.example", channel=Channel.SERVER, type=EventType.TRACK),
        ],
    )
    told = {one.event.id: one.contact for one in found}
    assert {id: (claim.method, claim.confidence) for id, claim in told.items() if claim} == {
        "m-1": ("form", 0.85),
        "m-2": ("identify", 0.9),
        "m-3": ("identify", 0.9),
        "m-4": ("server", 0.95),
    }
    stored = dict(await listed(runtime, visitor_contacts, "event_id", "evidence"))
    assert stored["m-1"] == {"call": "identify", "said_by": "traits"}
    assert stored["m-3"] == {"call": "page", "said_by": "user_id"}


async def test_an_offices_address_is_marked(runtime: Runtime) -> None:
    await settled(runtime, [introduced("m-1", "info@norrvik.example"), introduced("m-2", "ada@norrvik.example")])
    assert await rows(runtime, contacts, "email", "role") == {
        ("info@norrvik.example", True),
        ("ada@norrvik.example", False),
    }


async def test_what_the_owner_says_of_mail_domains_and_offices_is_in_force(runtime: Runtime) -> None:
    wishes = settings_of(
        {"work_domains": ["gmx.net"], "private_domains": ["norrvik.example"], "office_names": ["front-desk"]}
    )
    async with runtime.database.begin() as tx:
        await sites.add(tx, id=SITE, name="Shop", domain="shop.example", write_key="wk", now=NOON)
        await site_settings.change(tx, SITE, wishes, by="owner", now=NOON)
    one, other = await settled(
        runtime, [introduced("m-1", "front-desk@norrvik.example"), introduced("m-2", "ada@gmx.net")]
    )
    assert one.contact is not None
    assert (one.contact.role, one.company) == (True, None)
    assert other.company is not None
    assert other.company.domain == "gmx.net"


async def test_a_page_that_a_link_led_to_tells_for_whom_it_was_made_and_makes_nobody_of_its_visitor(
    runtime: Runtime,
) -> None:
    token = mint(link_for("Ada@Norrvik.example".lower()), runtime.secret)
    [one] = await settled(runtime, [landed("m-1", token)])
    assert (one.contact, one.company) == (None, None)
    assert one.click is not None
    assert (one.click.email, one.click.link, one.click.campaign) == ("ada@norrvik.example", link_id(token), "spring")
    assert (one.click.landed, one.click.suspect, one.click.company_domain) == (True, (), "norrvik.example")
    assert await rows(runtime, contacts, "id", "email") == {
        (contact_id(SITE, "ada@norrvik.example"), "ada@norrvik.example")
    }
    assert await rows(runtime, visitor_contacts, "contact_id") == set()


async def test_what_the_door_saw_of_a_click_comes_along_and_nobody_else_can_say_so(runtime: Runtime) -> None:
    link, click = link_for("ada@norrvik.example"), str(uuid4())
    token = landing_token(link, mint(link, runtime.secret), runtime.secret, click=click, now=NOON, seen=(HEAD_REQUEST,))
    door = event(click, visitor="recipient:x", type=EventType.TRACK, name="Link Clicked", link=token)
    forged = event("m-2", visitor="forger", type=EventType.TRACK, name="Link Clicked", link=token)
    told = {one.event.id: one.click for one in await settled(runtime, [door, forged, landed("m-3", token)])}
    assert told["m-2"] is None
    door_click, landing = told[click], told["m-3"]
    assert door_click is not None
    assert landing is not None
    assert (door_click.landed, door_click.suspect) == (False, (HEAD_REQUEST,))
    assert (landing.landed, landing.suspect, landing.link) == (True, (HEAD_REQUEST,), door_click.link)


@pytest.mark.parametrize("wrong", ["expired", "elsewhere", "tampered", "for everybody", "unknown hash", "nonsense"])
async def test_a_token_that_is_over_anothers_or_none_tells_nothing(runtime: Runtime, wrong: str) -> None:
    good = mint(link_for("ada@norrvik.example"), runtime.secret)
    tokens = {
        "expired": mint(link_for("ada@norrvik.example", days=-1), runtime.secret),
        "elsewhere": mint(link_for("ada@norrvik.example", site="other"), runtime.secret),
        "tampered": good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
        "for everybody": mint(
            Link(site=SITE, url="https://shop.example/", expires_at=link_for("x").expires_at), runtime.secret
        ),
        "unknown hash": "h." + "0" * 64,
        "nonsense": "c." + "A" * 100,
    }
    await publish(runtime, [landed("m-1", tokens[wrong])])
    async with running(runtime):
        [one] = await identified(runtime, 1)
    assert one.click is None


async def listed(runtime: Runtime, table: Any, *columns: str) -> list[Any]:
    async with runtime.database.read() as connection:
        return [tuple(row) for row in await connection.execute(select(*(table.c[name] for name in columns)))]
