"""Followed links through the real databases: who becomes a contact, who doesn't, and that no order changes it."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.records import Identified, Network
from leadlight.store.identity import clicks as clicks_kept
from leadlight.store.tables import clicks, ledger, visitor_companies, visitor_contacts, visitors
from tests.core.browsing import HOUR, MINUTE, NOON, SECOND, SITE, Browser
from tests.core.clicking import GATEWAY, HOME, OFFICE, PHONE, RENTED, TUNNEL, Recipient, look
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import add_site, left, recount_everybody, wants
from tests.services.scorer.test_laws import THROUGH_STORES, rows_of

_fresh = count()


def show_a_machine(browser: Browser, at: datetime) -> None:
    """An agent that names itself a crawler."""
    browser.page(at, "/")
    browser.events[-1] = replace(browser.events[-1], bot_reasons=("agent",))


async def settled(scored: Scored, *batches: Sequence[Identified]) -> None:
    await add_site(scored)
    await scored.take(*batches)
    while await left(scored):
        assert await scored.tick()


async def contact_of(scored: Scored, browser: Browser) -> str | None:
    async with scored.database.read() as connection:
        found: str | None = await connection.scalar(
            select(visitors.c.contact_id).where(visitors.c.id == browser.visitor)
        )
    return found


async def claims_of(scored: Scored, browser: Browser) -> list[tuple[Any, ...]]:
    c = visitor_contacts.c
    async with scored.database.read() as connection:
        rows = await connection.execute(
            select(c.contact_id, c.event_id, c.method, c.confidence, c.evidence, c.claimed_at).where(
                c.visitor_id == browser.visitor
            )
        )
        return sorted(map(tuple, rows))


async def suspicions_of(scored: Scored, browser: Browser) -> list[str | None]:
    async with scored.database.read() as connection:
        rows = await connection.scalars(
            select(clicks.c.suspect).where(clicks.c.visitor_id == browser.visitor).order_by(clicks.c.at)
        )
        return list(rows)


async def test_whoever_reads_on_is_the_one_that_the_link_was_made_for(scored: Scored) -> None:
    ada, browser = Recipient(), Browser()
    view = ada.land(browser, NOON - MINUTE)
    look(browser, NOON, view)
    await settled(scored, browser.events[:1])
    assert await contact_of(scored, browser) is None
    await settled(scored, browser.events[1:])
    assert await contact_of(scored, browser) == ada.contact
    [(contact, event_id, method, confidence, evidence, at)] = await claims_of(scored, browser)
    assert (contact, event_id, method, at) == (ada.contact, f"click:{view}", "tracked_link", NOON - MINUTE)
    assert confidence == 0.7
    assert evidence == {"campaign": "spring", "link": "pricing", "network_class": "isp"}
    async with scored.database.read() as connection:
        rules = list(await connection.scalars(select(ledger.c.rule).where(ledger.c.visitor_id == browser.visitor)))
        company = (await connection.execute(select(visitor_companies.c.method, visitor_companies.c.confidence))).all()
    assert sorted(rules) == ["link_followed", "pricing_read"]
    assert [tuple(row) for row in company] == [("tracked_link", 0.7)]


@pytest.mark.parametrize(("seconds", "touched"), [(0.0, True), (1.9, True), (9.0, False), (0.0, False)], ids=str)
async def test_a_page_that_nobody_used_introduces_nobody(scored: Scored, seconds: float, touched: bool) -> None:
    ada, browser = Recipient(), Browser()
    look(browser, NOON, ada.land(browser, NOON - MINUTE), seconds * SECOND, touched=touched)
    await settled(scored, browser.events)
    assert (await contact_of(scored, browser), await claims_of(scored, browser)) == (None, [])


@pytest.mark.parametrize("network", [GATEWAY, RENTED], ids=lambda network: network.kind)
async def test_no_click_from_where_mail_is_scanned_introduces_anybody(scored: Scored, network: Network) -> None:
    ada, browser = Recipient(), Browser()
    look(browser, NOON, ada.land(browser, NOON - MINUTE, network=network))
    await settled(scored, browser.events)
    assert await claims_of(scored, browser) == []
    assert await suspicions_of(scored, browser) == ["scanner_network"]


@pytest.mark.parametrize(
    ("network", "confidence"), [(TUNNEL, 0.5), (Network(), 0.6), (PHONE, 0.7), (OFFICE, 0.7)], ids=str
)
async def test_people_behind_other_networks_are_believed_less_or_as_much(
    scored: Scored, network: Network, confidence: float
) -> None:
    ada, browser = Recipient(), Browser()
    look(browser, NOON, ada.land(browser, NOON - MINUTE, network=network))
    await settled(scored, browser.events)
    [(contact, _, _, believed, *_)] = await claims_of(scored, browser)
    assert (contact, believed) == (ada.contact, confidence)


async def test_a_named_machine_is_nobody_and_one_found_out_later_never_was(scored: Scored) -> None:
    ada, honest, crawler = Recipient(), Browser("honest"), Browser("crawler")
    look(honest, NOON, ada.land(honest, NOON - MINUTE))
    bo = Recipient("bo@dairy.example")
    look(crawler, NOON, bo.land(crawler, NOON - MINUTE))
    await settled(scored, honest.events, crawler.events)
    assert await contact_of(scored, crawler) == bo.contact
    show_a_machine(crawler, NOON + MINUTE)
    await settled(scored, crawler.events[-1:])
    assert (await contact_of(scored, crawler), await claims_of(scored, crawler)) == (None, [])
    assert await contact_of(scored, honest) == ada.contact


@pytest.mark.parametrize("told_at", [0, 1, 2], ids=["by the page view", "by the reading", "by a later page"])
async def test_a_browser_that_says_that_a_program_drives_it_is_nobodys_reader(scored: Scored, told_at: int) -> None:
    ada, browser = Recipient(), Browser()
    look(browser, NOON, ada.land(browser, NOON - MINUTE))
    browser.page(NOON + MINUTE, "/docs")
    browser.events[told_at] = replace(browser.events[told_at], machine_evidence=("behaviour:webdriver",))
    await settled(scored, *([one] for one in browser.events))
    assert await contact_of(scored, browser) is None


async def test_a_scanner_that_opens_all_links_and_moves_the_mouse_is_found_out_by_its_haste(scored: Scored) -> None:
    """Each link in a browser of its own, each page used for three seconds: every one of them looks like a person."""
    ada = Recipient()
    browsers = [Browser(f"scan-{n}") for n in range(3)]
    for n, (browser, link) in enumerate(zip(browsers, ("pricing", "demo", "contact"), strict=True)):
        at = NOON - MINUTE + n * 4 * SECOND
        look(browser, at + 3 * SECOND, ada.land(browser, at, link), 3 * SECOND)
    await settled(scored, browsers[0].events)
    assert await contact_of(scored, browsers[0]) == ada.contact  # nothing speaks against it yet
    await settled(scored, browsers[1].events, browsers[2].events)
    for browser in browsers:
        assert (await contact_of(scored, browser), await claims_of(scored, browser)) == (None, [])
        assert await suspicions_of(scored, browser) == ["all_links_at_once"]
        rows = await rows_of(scored, browser.visitor)
        assert "link_followed" not in {row["rule"] for row in rows["ledger"]}
    human = Browser("human")
    look(human, NOON + HOUR, ada.land(human, NOON + HOUR - MINUTE))
    await settled(scored, human.events)
    assert await contact_of(scored, human) == ada.contact


async def test_one_link_in_two_places_at_once_is_nobodys_click(scored: Scored) -> None:
    ada, one, other = Recipient(), Browser("one"), Browser("other")
    look(one, NOON, ada.land(one, NOON - MINUTE, network=HOME))
    look(other, NOON, ada.land(other, NOON - MINUTE + 4 * SECOND, network=PHONE))
    await settled(scored, one.events + other.events)
    assert [await contact_of(scored, browser) for browser in (one, other)] == [None, None]


@pytest.mark.parametrize("seen", ["head_request", "honeypot"])
async def test_what_only_machines_do_at_the_door_speaks_against_the_click_beside_it(scored: Scored, seen: str) -> None:
    ada, browser = Recipient(), Browser()
    look(browser, NOON, ada.land(browser, NOON - MINUTE))
    ada.follow(NOON - MINUTE - 20 * SECOND, "trap", HOME, seen)
    await settled(scored, browser.events, ada.events)
    assert await contact_of(scored, browser) is None
    assert await suspicions_of(scored, browser) == [seen]


async def test_a_gateway_that_checks_the_link_while_its_reader_waits_hides_nobody(scored: Scored) -> None:
    ada, reader, gateway = Recipient(), Browser("reader"), Browser("gateway")
    ada.follow(NOON - 62 * SECOND, "pricing", GATEWAY, "head_request")
    for n, link in enumerate(("pricing", "demo", "trap")):
        look(gateway, NOON, ada.land(gateway, NOON - 61 * SECOND + n * SECOND, link, GATEWAY))
    ada.follow(NOON - MINUTE, "pricing", OFFICE)
    look(reader, NOON, ada.land(reader, NOON - MINUTE, network=OFFICE))
    await settled(scored, ada.events, gateway.events, reader.events)
    assert await contact_of(scored, reader) == ada.contact
    assert await contact_of(scored, gateway) is None


async def test_what_somebody_says_beats_a_link_that_was_passed_on_to_them(scored: Scored) -> None:
    ada, browser = Recipient(), Browser()
    browser.identify(NOON - HOUR, "bo@dairy.example")
    look(browser, NOON, ada.land(browser, NOON - MINUTE))
    await settled(scored, browser.events)
    bo = Recipient("bo@dairy.example")
    assert await contact_of(scored, browser) == bo.contact
    await recount_everybody(scored)
    assert await contact_of(scored, browser) == bo.contact


async def test_whom_the_owner_excludes_is_kept_apart_when_a_link_makes_them_known(scored: Scored) -> None:
    await wants(scored, excluded_emails=["*@mill.example"])
    ada, browser = Recipient(), Browser()
    look(browser, NOON, ada.land(browser, NOON - MINUTE))
    await settled(scored, browser.events)
    async with scored.database.read() as connection:
        reason = await connection.scalar(select(visitors.c.hidden_reason).where(visitors.c.id == browser.visitor))
    assert reason == "excluded_email"


Story = Callable[[str], tuple[Recipient, list[Browser], list[Identified]]]


@st.composite
def stories(draw: DrawFn) -> Story:
    """What a recipient, two scanners and a colleague may do with three links, to be told under any name."""
    networks = st.sampled_from((HOME, HOME, HOME, OFFICE, GATEWAY, TUNNEL))
    gaps = st.sampled_from((SECOND, SECOND, 3 * SECOND, 12 * SECOND, 70 * SECOND, 11 * MINUTE, HOUR))
    links = st.sampled_from(("pricing", "demo", "trap"))
    browsers, pages = st.integers(0, 2), st.integers(0, 5)
    seen = st.sampled_from(((), ("head_request",), ("honeypot",)))
    visit = st.tuples(st.just("visit"), browsers, gaps, links, networks)
    step = st.one_of(
        visit,
        visit,
        st.tuples(st.just("land"), browsers, gaps, links, networks),
        st.tuples(st.just("look"), pages, gaps, st.sampled_from((0.0, 1.9, 2.0, 9.0)), st.booleans()),
        st.tuples(st.just("door"), browsers, gaps, links, seen),
        st.tuples(st.just("say"), browsers, gaps, st.just("bo"), st.none()),
        st.tuples(st.just("bot"), browsers, gaps, st.none(), st.none()),
    )
    script = draw(st.lists(step, min_size=2, max_size=12))

    def told(name: str) -> tuple[Recipient, list[Browser], list[Identified]]:
        ada = Recipient(f"ada-{name}@mill.example")
        browsers = [Browser(f"{name}-{n}") for n in range(3)]
        landings: list[tuple[Browser, str]] = []
        at = NOON - 20 * HOUR
        for kind, number, gap, what, how in script:
            at += gap
            browser = browsers[number % 3]
            match kind:
                case "land" | "visit":
                    landings.append((browser, ada.land(browser, at, what, how)))
                    if kind == "visit":
                        look(browser, at, landings[-1][1])
                case "look" if landings:
                    reader, view = landings[number % len(landings)]
                    look(reader, at, view, what * SECOND, touched=how)
                case "door":
                    ada.follow(at, what, HOME, *how)
                case "say":
                    browser.identify(at, f"{what}-{name}@dairy.example")
                case "bot":
                    show_a_machine(browser, at)
        return ada, browsers, [*ada.events, *(item for browser in browsers for item in browser.events)]

    return told


async def everything_of(scored: Scored, name: str, ada: Recipient, browsers: Sequence[Browser]) -> list[Any]:
    """What is known of a story's browsers and clicks, in words that do not tell its name."""
    plain = {ada.contact: "ada", Recipient(f"bo-{name}@dairy.example").contact: "bo", ada.email: "ada@"}
    plain |= {browser.visitor: f"browser {n}" for n, browser in enumerate(browsers)}

    def without_name(value: Any) -> Any:
        text = repr(value)
        for real, word in plain.items():
            text = text.replace(real, word)
        return text.replace(f"{name}-", "")

    found: list[Any] = []
    for browser in browsers:
        rows = await rows_of(scored, browser.visitor)
        found.append({table: sorted(map(without_name, those)) for table, those in rows.items()})
    async with scored.database.read() as connection:
        for table in (clicks, visitor_contacts, visitor_companies):
            chosen = [*(b.visitor for b in browsers), *(one.event.visitor for one in ada.events)]
            stored = await connection.execute(
                select(table).where(table.c.site_id == SITE, table.c.visitor_id.in_(chosen))
            )
            found.append(sorted(without_name(row[3 if table is clicks else 2 :]) for row in map(tuple, stored)))
    return found


@given(st.data())
@THROUGH_STORES
async def test_the_order_copies_and_batches_of_clicks_change_nothing(scored: Scored, data: Any) -> None:
    story: Story = data.draw(stories())
    straight, crooked = (f"s{next(_fresh)}x" for _ in range(2))
    ada, browsers, events = story(straight)
    await settled(scored, *([one] for one in sorted(events, key=lambda one: one.event.occurred_at)))
    expected = await everything_of(scored, straight, ada, browsers)
    ada, browsers, events = story(crooked)
    shuffled = [*events, *data.draw(st.lists(st.sampled_from(events), max_size=5))] if events else []
    random.Random(data.draw(st.integers(0, 10**6))).shuffle(shuffled)
    size = data.draw(st.integers(1, 8))
    await settled(scored, *(shuffled[n : n + size] for n in range(0, len(shuffled), size)))
    assert await everything_of(scored, crooked, ada, browsers) == expected
    await recount_everybody(scored)
    assert await everything_of(scored, crooked, ada, browsers) == expected


async def test_of_two_clicks_that_are_kept_at_the_same_moment_neither_goes_unseen(scored: Scored) -> None:
    """Two scorers, each with one link of one mail: whoever is second sees the first one's click, and both are suspect."""
    await add_site(scored)
    ada, one, other = Recipient(), Browser("one"), Browser("other")
    look(one, NOON, ada.land(one, NOON - MINUTE, "pricing"))
    look(other, NOON, ada.land(other, NOON - MINUTE + SECOND, "demo"))
    await scored.take(one.events[1:])  # the visitor is known, and has not landed yet
    async with scored.database.begin() as tx:
        await clicks_kept.keep(tx, one.events[:1], now=NOON)
        second = asyncio.create_task(keep(scored, other.events[:1]))
        done, _ = await asyncio.wait([second], timeout=0.5)
        assert not done
    await second
    assert [await suspicions_of(scored, browser) for browser in (one, other)] == [["all_links_at_once"]] * 2
    assert await left(scored) == 1


async def keep(scored: Scored, events: Sequence[Identified]) -> None:
    async with scored.database.begin() as tx:
        await clicks_kept.keep(tx, events, now=NOON)
