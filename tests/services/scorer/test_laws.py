"""The laws, through the real databases: order, copies, batches, zombies and kills change nothing."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Table, select

from leadlight.core.records import Identified
from leadlight.errors import PositionLost
from leadlight.store import profiles
from leadlight.store.rules import default_rules
from leadlight.store.tables import (
    alerts,
    changes,
    events,
    ledger,
    page_views,
    positions,
    scores,
    seen_events,
    signals,
    visitors,
    visits,
)
from tests.core.browsing import DAY, MINUTE, NOON, SITE, Browser
from tests.core.histories import arrivals, histories
from tests.core.test_decide import taken
from tests.services.scorer.conftest import Scored

EVERYTHING = (alerts, changes, events, ledger, page_views, positions, scores, seen_events, signals, visitors, visits)
OF_A_VISITOR = (visits, ledger, signals, scores, page_views, events)
THROUGH_STORES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_fresh = count()


async def all_rows(scored: Scored) -> dict[str, list[tuple[Any, ...]]]:
    async with scored.database.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in await connection.execute(select(table))), key=repr)
            for table in EVERYTHING
        }


async def rows_of(scored: Scored, visitor: str) -> dict[str, list[dict[str, Any]]]:
    """Everything known about a visitor, but for ids and the time of update."""
    found: dict[str, list[dict[str, Any]]] = {}

    async def note(table: Table, column: str) -> None:
        rows = await connection.execute(select(table).where(table.c[column] == visitor))
        without = ({"id", "updated_at", "anonymous_id"} if table is visitors else set()) | {"visitor_id"}
        kept = [{name: value for name, value in row._mapping.items() if name not in without} for row in rows]
        found[table.name] = sorted(kept, key=repr)

    async with scored.database.read() as connection:
        await note(visitors, "id")
        for table in OF_A_VISITOR:
            await note(table, "visitor_id")
    return found


def told_again(batches: Sequence[Sequence[Identified]]) -> tuple[list[list[Identified]], str]:
    """The same story of a visitor nobody has seen."""
    browser = Browser(f"again-{next(_fresh)}")
    moved = [
        [
            replace(item, event=replace(item.event, visitor=browser.visitor, anonymous_id=browser.anonymous_id))
            for item in batch
        ]
        for batch in batches
    ]
    return moved, browser.visitor


@given(st.data())
@THROUGH_STORES
async def test_order_copies_and_batches_change_nothing(scored: Scored, data: Any) -> None:
    history = data.draw(histories())
    straight, one = told_again([history])
    crooked, other = told_again(data.draw(arrivals(history)))
    await scored.take(*straight)
    await scored.take(*crooked)
    assert await rows_of(scored, other) == await rows_of(scored, one)


@given(histories())
@THROUGH_STORES
async def test_what_is_stored_is_what_was_decided(scored: Scored, history: list[Identified]) -> None:
    batches, _ = told_again([[event] for event in history])
    await scored.take(*batches)
    (decided,) = taken(batches).values()
    async with scored.database.read() as connection:
        stored = (await profiles.profiles_of(connection, [decided.key], {SITE: default_rules()}))[decided.key]
    assert replace(stored, views={}) == replace(decided, views={})


async def test_a_zombie_changes_nothing(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON - 5 * MINUTE)
    browser.identify(NOON)
    first, second = await scored.slice_of(browser.events[:4]), await scored.slice_of(browser.events[4:])
    moved = await scored.scoring.score(first)
    second = type(second)(second.consumer, second.records, moved, second.spans)
    await scored.scoring.score(second)
    before = await all_rows(scored)
    for stale in (first, second):
        with pytest.raises(PositionLost):
            await scored.scoring.score(stale)
    scored.clock.now += 13 * DAY  # hot has ended by then
    with pytest.raises(PositionLost):
        await scored.scoring.tick(moved)
    assert await all_rows(scored) == before


async def test_the_same_records_delivered_again_move_the_position_and_nothing_else(scored: Scored) -> None:
    browser = Browser()
    browser.look_to_buy(NOON - 5 * MINUTE)
    await scored.take(browser.events)
    before = await all_rows(scored)
    await scored.take(browser.events, browser.events[3:])
    after = await all_rows(scored)
    assert after.pop("positions") != before.pop("positions")
    assert after == before


async def test_changes_are_numbered_on_from_the_positions_version(scored: Scored) -> None:
    browser, other = Browser("a"), Browser("b")
    browser.look_to_buy(NOON - 5 * MINUTE)
    other.page(NOON, "/")
    await scored.take(browser.events + other.events)
    other.page(NOON, "/pricing")
    await scored.take(other.events)
    async with scored.database.read() as connection:
        rows = (await connection.execute(select(changes).order_by(changes.c.writer, changes.c.seq))).all()
    assert {row.writer for row in rows} == {"scorer:leadlight.identified.v1:0"}
    assert [(row.seq >> 20, row.seq % 2**20, row.kind) for row in rows] == [
        (1, 0, "visitor"),
        (1, 1, "visitor"),
        (1, 2, "alert"),
        (2, 0, "visitor"),
    ]
