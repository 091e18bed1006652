"""A reader of changes misses none and is told none twice, whoever writes and whatever crashes."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping

import pytest
from sqlalchemy import delete, select

from leadlight.bus.port import Partition
from leadlight.runtime import Runtime
from leadlight.store import positions
from leadlight.store.database import insert
from leadlight.store.positions import Position
from leadlight.store.tables import changes, visitors
from leadlight.store.views import change_feed
from leadlight.store.views.change_feed import ChangeRow
from tests.core.browsing import DAY, MINUTE, SITE, Browser, third_visit
from tests.services.feed.reader import Reader
from tests.services.shop import ELSEWHERE, Clock, Shop, second_process

WEEKS = (21 * DAY, 10 * DAY, 5 * MINUTE)


async def test_every_change_is_told_once_with_the_object_as_it_is(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=WEEKS)
    await shop.take(browser.events[:3])
    await shop.take(browser.events[3:])
    page = await feed.get("/changes")
    assert [change["type"] for change in page["data"]].count("visitor.updated") == 2
    (alert,) = [change for change in page["data"] if change["type"] == "visitor.hot"]
    assert alert["data"]["id"] == browser.visitor
    assert alert["data"]["alert"]["rule"] == "hot"
    assert alert["data"]["alert"]["reasons"]
    assert page["data"][0]["data"]["contact"]["email"] == "ada@mill.example"
    assert page["has_more"] is False
    assert (await feed.get("/changes", cursor=page["next_cursor"]))["data"] == []


async def test_one_who_begins_now_is_told_what_comes(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = Browser()
    browser.page(clock.now - MINUTE, "/")
    await shop.take(browser.events)
    begun = await feed.get("/changes", from_="now")
    assert begun["data"] == []
    browser.page(clock.now, "/pricing")
    await shop.take(browser.events[-1:])
    (change,) = (await feed.get("/changes", cursor=begun["next_cursor"]))["data"]
    assert change["data"]["page_views"] == 2


async def test_what_is_gone_is_told_as_removed(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = Browser()
    browser.page(clock.now, "/")
    await shop.take(browser.events)
    async with shop.database.begin() as connection:
        await connection.execute(delete(visitors).where(visitors.c.id == browser.visitor))
    (change,) = (await feed.get("/changes"))["data"]
    assert (change["type"], change["subject"], change["data"]) == ("visitor.removed", browser.visitor, None)


async def test_changes_of_other_sites_are_passed_over_and_not_read_again(
    shop: Shop, feed: Reader, clock: Clock
) -> None:
    for number in range(5):
        other, own = Browser(f"o-{number}", site=ELSEWHERE), Browser(f"a-{number}")
        for browser in (other, own):
            browser.page(clock.now, "/")
        await shop.take(other.events + own.events)
    told, cursor, pages = [], None, 0
    while True:
        page = await feed.get("/changes", cursor=cursor, limit=2)
        told += page["data"]
        cursor, pages = page["next_cursor"], pages + 1
        if not page["has_more"]:
            break
    assert sorted(change["data"]["anonymous_id"] for change in told) == [f"a-{number}" for number in range(5)]
    assert {change["data"]["site"] for change in told} == {SITE}
    assert pages == 3


WRITERS = 4
CHANGES_EACH = 120


async def write(runtime: Runtime, number: int, seed: int) -> None:
    """A worker as the scorer is one: position first, changes numbered by its version, sometimes a crash instead."""
    chance = random.Random(seed)
    place = Partition("identified", number)
    written = 0
    while written < CHANGES_EACH:
        async with runtime.database.read() as connection:
            held = await positions.load(connection, "writer", [place])
        try:
            async with runtime.database.begin() as tx:
                moved: Mapping[Partition, Position] = await positions.advance(tx, "writer", held, {})
                count = min(chance.randint(1, 7), CHANGES_EACH - written)
                for index in range(count):
                    await tx.execute(
                        insert(tx, changes).values(
                            writer=f"writer/{number}",
                            seq=moved[place].version * 1_000 + index,
                            site_id=SITE,
                            kind="visitor",
                            entity_id=f"{number}-{written + index}",
                            at=runtime.now(),
                        )
                    )
                await asyncio.sleep(chance.random() * 0.01)  # commits overtake each other
                if chance.random() < 0.2:
                    raise ConnectionAbortedError
        except Exception:
            continue
        written += count


async def read(feed: Reader, seed: int) -> list[str]:
    """A reader that stores what it read together with its cursor, and crashes before it could every third time."""
    chance = random.Random(seed)
    stored: list[str] = []
    cursor = None
    while len(stored) < WRITERS * CHANGES_EACH:
        page = await feed.get("/changes", cursor=cursor, limit=chance.choice([1, 5, 50, 200]))
        if chance.random() < 0.3:
            continue
        stored += [change["id"] for change in page["data"]]
        cursor = page["next_cursor"]
        await asyncio.sleep(0.02)
    assert (await feed.get("/changes", cursor=cursor))["data"] == []
    return stored


async def test_readers_and_writers_at_once_neither_miss_nor_repeat(shop: Shop, feed: Reader) -> None:
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(read(feed, seed)) for seed in (1, 2)]
        if shop.database.is_sqlite:
            runtimes = [shop.runtime] * WRITERS
            for number, runtime in enumerate(runtimes):
                tasks.create_task(write(runtime, number, number))
        else:
            async with second_process(shop) as other, asyncio.TaskGroup() as writers:
                for number in range(WRITERS):
                    writers.create_task(write(other if number % 2 else shop.runtime, number, number))
                await asyncio.gather(*readers)
    async with shop.database.read() as connection:
        committed = [
            f"{writer}-{seq}" for writer, seq in await connection.execute(select(changes.c.writer, changes.c.seq))
        ]
    for reader in readers:
        told = reader.result()
        assert Counter(told) == Counter(committed)
        for number in range(WRITERS):
            own = [int(id.rpartition("-")[2]) for id in told if id.startswith(f"writer/{number}-")]
            assert own == sorted(own)


@pytest.mark.parametrize("seed", range(20))
def test_going_on_from_any_step_tells_of_each_object_still_to_come(seed: int, clock: Clock) -> None:
    chance = random.Random(seed)
    numbers: Counter[str] = Counter()
    rows = []
    for _ in range(30):
        writer = chance.choice("xyz")
        numbers[writer] += chance.randint(1, 3)
        rows.append(ChangeRow(writer, numbers[writer], SITE, "visitor", chance.choice("abcdefgh"), clock.now))
    told = [row.entity_id for row, _ in change_feed.steps({}, rows)]
    assert sorted(told) == sorted({row.entity_id for row in rows})
    for number, (_, place) in enumerate(change_feed.steps({}, rows)):
        left = [row for row in rows if row.seq > place.get(row.writer, -1)]
        assert [row.entity_id for row, _ in change_feed.steps(place, left)] == told[number + 1 :]
