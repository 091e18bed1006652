"""Machines through the real stores: evidence in any order, and what owners say of it."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.identity.machines.evidence import evidence_of, item_of, reasons_of
from leadlight.core.objects import Visitor
from leadlight.core.records import Identified, Network
from leadlight.store.identity import machines
from leadlight.store.owners import sites
from leadlight.store.tables import alerts, audit_lines
from leadlight.store.views import visitor_objects
from services.identifier.knowledge import load_knowledge
from tests.core.browsing import MINUTE, NOON, SITE, Browser
from tests.services.scorer.conftest import Scored

KNOWN = load_knowledge()
BLOCK = "198.51.100.0/24"
HOSTING = Network(kind="hosting", block=BLOCK, host="h1")
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
PROBE = CHROME + " AcmeProbe/2.0"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_fresh = count()
THROUGH_STORES = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def coming(
    browser: Browser, agent: str = CHROME, network: Network = HOSTING, odd: tuple[str, ...] = ()
) -> list[Identified]:
    """The browser's events as the identifier tells them."""
    told = []
    for one in browser.events:
        event = replace(one.event, user_agent=agent, oddities=odd, library="leadlight.js 1")
        evidence = evidence_of(event, KNOWN.named(agent), network)
        reasons = tuple(sorted(reasons_of(map(item_of, evidence))))
        told.append(replace(one, event=event, network=network, machine_evidence=evidence, bot_reasons=reasons))
    return told


def buyer(name: str) -> Browser:
    browser = Browser(name)
    browser.look_to_buy(NOON)
    return browser


async def opened(scored: Scored) -> None:
    async with scored.database.begin() as connection:
        await sites.add(connection, id=SITE, name="Shop", domain="shop.example", write_key="wk", now=NOON)
    scored.clock.now = NOON + 10 * MINUTE


async def seen(scored: Scored, browser: Browser) -> Visitor:
    async with scored.database.read() as connection:
        ids = [browser.visitor]
        [visitor] = await visitor_objects.by_ids(connection, SITE, ids, now=scored.clock.now)
        return visitor


async def derived(scored: Scored) -> None:
    while await scored.tick():
        pass


async def test_two_kinds_make_a_machine_that_counts_for_nothing_and_one_does_not(scored: Scored) -> None:
    machine, person = buyer("machine"), buyer("person")
    scored.clock.now = NOON + 10 * MINUTE
    await scored.take(coming(machine, odd=("no_fetch_metadata",)), coming(person))
    bot, human = await seen(scored, machine), await seen(scored, person)
    assert (bot.bot, bot.bot_reasons, bot.score, bot.reasons, bot.signals) == (True, ["headers", "network"], 0, [], [])
    assert bot.bot_evidence == ["headers:no_fetch_metadata", "network:hosting"]
    assert (human.bot, human.intent, human.bot_evidence) == (False, "hot", ["network:hosting"])
    async with scored.database.read() as connection:
        assert set((await connection.execute(select(alerts.c.visitor_id))).scalars()) == {person.visitor}


async def test_whoever_opens_pages_and_looks_at_none_is_a_machine_until_they_do(scored: Scored) -> None:
    browser = Browser("idle")
    views = [browser.page(NOON + number * MINUTE, path) for number, path in enumerate(("/", "/pricing", "/demo"))]
    scored.clock.now = NOON + 4 * MINUTE
    await scored.take(coming(browser))
    assert (await seen(scored, browser)).bot_reasons == ["behaviour", "network"]
    browser.engaged(NOON + 3 * MINUTE, views[1], timedelta(seconds=9))
    await scored.take(coming(browser)[-1:])
    after = await seen(scored, browser)
    assert (after.bot, after.bot_evidence, [reason.rule for reason in after.reasons]) == (
        False,
        ["network:hosting"],
        ["pricing_read"],
    )


async def test_a_restored_machine_counts_as_if_it_had_never_been_one(scored: Scored) -> None:
    await opened(scored)
    crawler, like_it, person = buyer("crawler"), buyer("like it"), buyer("person")
    await scored.take(coming(crawler, CRAWLER), coming(like_it, CRAWLER), coming(person))
    async with scored.database.begin() as connection:
        learnt = await machines.restore(connection, SITE, crawler.visitor, by="ada@shop.example", now=scored.clock.now)
    await derived(scored)
    restored, other, never = [await seen(scored, one) for one in (crawler, like_it, person)]
    assert [(lesson.about, lesson.says, lesson.label) for lesson in learnt] == [("agent", "person", "Googlebot")]
    for shown in (restored, other):
        assert (shown.bot, shown.score, shown.intent, shown.reasons) == (False, never.score, "hot", never.reasons)
    async with scored.database.begin() as connection:
        assert await machines.undo(connection, SITE, crawler.visitor, by="ada@shop.example", now=scored.clock.now)
        lines = (await connection.execute(select(audit_lines.c.what).order_by(audit_lines.c.at))).scalars().all()
    await derived(scored)
    assert {"restored a bot as a person", "took back what was said of a visitor being a bot"} == set(lines)
    assert [(await seen(scored, one)).bot_reasons for one in (crawler, like_it)] == [["agent"], ["agent"]]


async def test_of_a_visitor_that_was_too_fast_all_that_is_stored_comes_back(scored: Scored) -> None:
    await opened(scored)
    browser = buyer("fast")
    events = coming(browser, network=Network())
    fast = replace(events[-1], event=replace(events[-1].event, automated=True), bot_reasons=("too_fast",))
    await scored.take([*events[:-1], fast])
    assert (await seen(scored, browser)).score == 0
    async with scored.database.begin() as connection:
        await machines.restore(connection, SITE, browser.visitor, by="ada@shop.example", now=scored.clock.now)
    await derived(scored)
    restored = await seen(scored, browser)
    assert (restored.bot, restored.intent, restored.page_views) == (False, "warm", 4)  # less what came too fast


async def test_a_marked_machine_teaches_its_agent_and_its_network_and_unlearning_one_brings_the_others_back(
    scored: Scored,
) -> None:
    await opened(scored)
    probe, next_one, plain = buyer("probe"), buyer("next"), buyer("plain")
    await scored.take(coming(probe, PROBE, Network()), coming(plain, network=Network()))
    async with scored.database.begin() as connection:
        [lesson] = await machines.mark(connection, SITE, probe.visitor, by="ada@shop.example", now=scored.clock.now)
        nothing = await machines.mark(connection, SITE, plain.visitor, by="ada@shop.example", now=scored.clock.now)
    await scored.take(coming(next_one, PROBE.replace("2.0", "2.1"), Network()))
    await derived(scored)
    assert (lesson.about, lesson.label, nothing) == ("agent", "AcmeProbe", [])
    assert (await seen(scored, probe)).bot_reasons == ["agent", "marked"]
    assert (await seen(scored, next_one)).bot_reasons == ["agent"]
    assert (await seen(scored, plain)).bot_reasons == ["marked"]
    async with scored.database.begin() as connection:
        assert await machines.forget(connection, SITE, lesson.id, by="ada@shop.example", now=scored.clock.now)
    await derived(scored)
    assert (await seen(scored, next_one)).bot is False
    assert (await seen(scored, probe)).bot_reasons == ["marked"]


@given(st.permutations(range(11)), st.sets(st.integers(0, 10)), st.sets(st.integers(0, 10)), st.integers(1, 11))
@THROUGH_STORES
async def test_in_whatever_order_evidence_and_signs_of_a_human_come(
    scored: Scored, order: Sequence[int], from_hosting: set[int], odd: set[int], size: int
) -> None:
    def story(name: str) -> list[Identified]:
        browser = Browser(name)
        views = [browser.page(NOON + number * MINUTE, "/pricing") for number in range(3)]
        browser.look_to_buy(NOON + 5 * MINUTE)
        del browser.events[-1:]
        browser.engaged(NOON + 9 * MINUTE, views[0], timedelta(seconds=0))
        events = []
        plain, elsewhere = coming(browser, network=Network()), coming(browser)
        strange = coming(browser, network=Network(), odd=("no_language",))
        for place in range(len(browser.events)):
            chosen = elsewhere if place in from_hosting else strange if place in odd else plain
            events.append(chosen[place])
        return events

    scored.clock.now = NOON + 20 * MINUTE
    number = next(_fresh)
    one, other = f"straight-{number}", f"crooked-{number}"
    straight, events = story(one), story(other)
    assert len(events) == len(order)
    crooked = [events[place] for place in order]
    await scored.take(straight, *[crooked[first : first + size] for first in range(0, len(crooked), size)])
    first, second = await seen(scored, Browser(one)), await seen(scored, Browser(other))
    assert (second.bot_reasons, second.bot_evidence) == (first.bot_reasons, first.bot_evidence)
    assert (second.score, second.intent, second.page_views) == (first.score, first.intent, first.page_views)
    kinds = {text.partition(":")[0] for text in first.bot_evidence}
    assert first.bot == (len(kinds) > 1)
