"""Contacts merged and taken apart, browsers taken off people and given back: what is left is what plain reading says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core import ids
from leadlight.core.records import CompanyClaim, ContactClaim, EventType, Identified
from leadlight.store.identity import merges, withdrawals
from leadlight.store.identity.merges import MergeRefused
from leadlight.store.identity.withdrawals import WithdrawalRefused
from leadlight.store.tables import contacts
from leadlight.store.views import contact_objects
from tests.core.browsing import DAY, HOUR, MINUTE, NOON, SITE
from tests.core.histories import histories
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import left, wants
from tests.services.scorer.test_laws import rows_of

BY = "owner@shop.example"
NAMES = ("ada@mill", "bo@dairy", "ada.private@mill", "cy@forge")
MOMENTS = (NOON, NOON - MINUTE, NOON - HOUR, NOON - DAY, NOON - 9 * DAY)
_fresh = count()

ADDRESS = st.integers(0, len(NAMES) - 1)

Action = tuple[Any, ...]


@dataclass
class World:
    """A few browsers and addresses that no other story uses, told to the scorer; and a plain model of owners' words."""

    scored: Scored
    browsers: int
    into: dict[int, int] = field(default_factory=dict)  # merges in force, by address
    taken_back: list[tuple[int, frozenset[int], datetime]] = field(default_factory=list)
    said: list[tuple[int, Identified, int]] = field(default_factory=list)  # browser, event as told, address
    number: int = field(default_factory=lambda: next(_fresh))

    def email(self, address: int) -> str:
        local, _, domain = NAMES[address].partition("@")
        return f"{local}.{self.number}@{domain}.example"

    def contact(self, address: int) -> str:
        return ids.contact_id(SITE, self.email(address))

    def visitor(self, browser: int) -> str:
        return ids.visitor_id(SITE, f"w-{self.number}-{browser}")

    def event(self, browser: int, item: Identified, address: int | None, company: CompanyClaim | None) -> Identified:
        """An event of this world's browser, in which it says that it is this address."""
        event = replace(item.event, visitor=self.visitor(browser), anonymous_id=f"w-{self.number}-{browser}")
        claim = None
        if address is not None:
            claim = ContactClaim(self.contact(address), self.email(address), "identify", 0.9)
        return replace(item, event=event, contact=claim, company=company, bot_reasons=())

    def person(self, address: int) -> int:
        while address in self.into:
            address = self.into[address]
        return address

    def group(self, address: int) -> frozenset[int]:
        return frozenset(one for one in range(len(NAMES)) if self.person(one) == self.person(address))

    def holds(self, browser: int, address: int, at: datetime) -> bool:
        return not any(of == browser and address in group and at <= until for of, group, until in self.taken_back)

    async def act(self, action: Action) -> None:
        """Do one thing, to the product and to the model; what the model knows to be impossible must be refused."""
        kind, *given = action
        async with self.scored.database.begin() as tx:
            match kind:
                case "merge":
                    one, other = given
                    known = {address for _, _, address in self.said}
                    impossible = self.person(one) == self.person(other) or not {one, other} <= known
                    try:
                        pair = (self.contact(one), self.contact(other))
                        await merges.merge(tx, SITE, *pair, id=f"m-{next(_fresh)}", by=BY, now=NOON)
                        assert not impossible
                        self.into[self.person(one)] = self.person(other)
                    except MergeRefused:
                        assert impossible
                case "unmerge":
                    (one,) = given
                    try:
                        await merges.unmerge(tx, SITE, self.contact(one), by=BY, now=NOON)
                        del self.into[one]
                    except MergeRefused:
                        assert one not in self.into
                case "withdraw":
                    browser, one, until = given
                    group = self.group(one)
                    linked = any(
                        of == browser and address in group and self.holds(of, address, item.event.occurred_at)
                        for of, item, address in self.said
                    )
                    try:
                        pair = (self.visitor(browser), self.contact(one))
                        await withdrawals.withdraw(tx, SITE, *pair, id=f"w-{next(_fresh)}", by=BY, now=until)
                        assert linked
                        self.taken_back.append((browser, group, until))
                    except WithdrawalRefused:
                        assert not linked
                case "restore":
                    browser, one = given
                    undone = [t for t in self.taken_back if t[0] == browser and t[1] & self.group(one)]
                    try:
                        await withdrawals.restore(tx, SITE, self.visitor(browser), self.contact(one), by=BY, now=NOON)
                        self.taken_back = [t for t in self.taken_back if t not in undone]
                        assert undone
                    except WithdrawalRefused:
                        assert not undone

    async def settle(self) -> None:
        while await left(self.scored):
            assert await self.scored.tick()


@st.composite
def stories(draw: Any) -> list[list[tuple[Identified, int | None]]]:
    """What each of three browsers did, and which address was given with which event: any event may name somebody."""
    told = []
    for browser in range(3):
        history = draw(histories(anonymous_id=f"b-{browser}"))
        given = draw(st.lists(ADDRESS, min_size=len(history), max_size=len(history)))
        silent = draw(st.sets(st.integers(0, len(history) - 1)))
        told.append([(item, None if at in silent else given[at]) for at, item in enumerate(history)])
    return told


ACTIONS = st.one_of(
    st.tuples(st.just("merge"), ADDRESS, ADDRESS),
    st.tuples(st.just("merge"), ADDRESS, ADDRESS),
    st.tuples(st.just("unmerge"), ADDRESS),
    st.tuples(st.just("withdraw"), st.integers(0, 2), ADDRESS, st.sampled_from(MOMENTS)),
    st.tuples(st.just("restore"), st.integers(0, 2), ADDRESS),
    st.tuples(st.just("tick")),
)


def company_of(address: int | None) -> CompanyClaim | None:
    if address is None:
        return None
    domain = NAMES[address].partition("@")[2] + ".example"
    return CompanyClaim(ids.company_id(SITE, domain), domain, domain, "work_email", 0.95)


def as_meant(world: World, plain: World, story: Sequence[Sequence[tuple[Identified, int | None]]]) -> list[Identified]:
    """The same story, had everybody always said what owners hold to be true."""
    events = []
    for browser, told in enumerate(story):
        for item, address in told:
            holds = address is not None and world.holds(browser, address, item.event.occurred_at)
            meant = world.person(address) if holds and address is not None else None
            events.append(plain.event(browser, item, meant, company_of(address) if holds else None))
    return events


async def visitor_parts(world: World) -> list[tuple[dict[str, Any], str | None]]:
    """Everything known about each browser, and the address of its person without the world's number."""
    found = []
    for browser in range(world.browsers):
        rows = await rows_of(world.scored, world.visitor(browser))
        contact = rows["visitors"][0].pop("contact_id") if rows["visitors"] else None
        async with world.scored.database.read() as connection:
            email = await connection.scalar(select(contacts.c.email).where(contacts.c.id == contact))
        found.append((rows, email.replace(f".{world.number}@", "@") if email else None))
    return found


OF_ITS_WORLD = ("id", "email", "emails", "visitors", "company", "created_at")


async def person_parts(world: World, addresses: Iterable[int]) -> dict[int, dict[str, Any] | None]:
    """Each person as readers see them, in terms of browsers' numbers."""
    numbers = {world.visitor(browser): browser for browser in range(world.browsers)}
    found: dict[int, dict[str, Any] | None] = {}
    async with world.scored.database.read() as connection:
        for address in addresses:
            person = await contact_objects.get(connection, SITE, world.contact(address), now=NOON)
            found[address] = None
            if person is not None:
                parts: Mapping[str, Any] = msgspec.to_builtins(person)
                found[address] = {name: value for name, value in parts.items() if name not in OF_ITS_WORLD} | {
                    "is": person.id == world.contact(address),
                    "browsers": sorted(numbers[visitor] for visitor in person.visitors),
                }
    return found


async def agree(world: World, story: Sequence[Sequence[tuple[Identified, int | None]]], scored: Scored) -> None:
    """What is stored is what plain reading makes of the story."""
    plain = World(scored, world.browsers)
    await scored.take(as_meant(world, plain, story))
    assert await visitor_parts(world) == await visitor_parts(plain)
    heads = {world.person(address) for address in range(len(NAMES))}
    assert await person_parts(world, heads) == await person_parts(plain, heads)
    async with scored.database.read() as connection:
        for address in range(len(NAMES)):
            found = await contact_objects.get(connection, SITE, world.contact(address), now=NOON)
            if found is not None:
                assert found.id == world.contact(world.person(address))
                assert found.email == found.emails[0]
                known = {world.email(a) for a in world.group(address) if any(a == said for _, _, said in world.said)}
                assert set(found.emails) == known
                assert found.page_views == pages_in_their_time(world, story, address)


def pages_in_their_time(world: World, story: Sequence[Sequence[tuple[Identified, int | None]]], address: int) -> int:
    """How many pages the person opened, counted by hand: whose turn was it each time?"""
    pages = 0
    for browser, told in enumerate(story):
        claims = sorted(
            (item.event.occurred_at, item.event.id, world.person(said))
            for item, said in told
            if said is not None and world.holds(browser, said, item.event.occurred_at)
        )
        if not claims:
            continue
        first = max(claim for claim in claims if claim[0] == claims[0][0])
        for item, _ in told:
            if item.event.type is EventType.PAGE:
                before = [claim for claim in claims if claim[0] <= item.event.occurred_at]
                pages += (before[-1] if before else first)[2] == world.person(address)
    return pages


@given(st.data())
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_whatever_owners_say_in_whatever_order_the_numbers_are_those_of_plain_reading(
    scored: Scored, data: DataObject
) -> None:
    await wants(scored)
    story = data.draw(stories())
    world = World(scored, len(story))
    told = [(browser, item, said) for browser, events in enumerate(story) for item, said in events]
    arriving = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4))))
    actions = data.draw(st.lists(ACTIONS, min_size=3, max_size=12))
    half = len(arriving) // 2
    await take(world, arriving[:half])
    rest = list(arriving[half:])
    for action in actions:
        some = data.draw(st.integers(0, 4))
        taken, rest = rest[:some], rest[some:]
        await take(world, taken)
        if action == ("tick",):
            await world.settle()
        else:
            await world.act(action)
    await take(world, rest)
    await world.settle()
    await agree(world, story, scored)
    for address in sorted(world.into):
        await world.act(("unmerge", address))
    for browser, group, _ in list(world.taken_back):
        await world.act(("restore", browser, min(group)))
        for address in group:
            await world.act(("restore", browser, address))
    await world.settle()
    assert not world.into
    assert not world.taken_back
    await agree(world, story, scored)


async def take(world: World, part: Sequence[tuple[int, Identified, int | None]]) -> None:
    await world.scored.take([world.event(browser, item, said, company_of(said)) for browser, item, said in part])
    world.said += [(browser, item, said) for browser, item, said in part if said is not None]
