"""Many rows at once, the same on both databases."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from leadlight.store import bulk
from leadlight.store.database import Database
from leadlight.store.tables import events, seen_events, visitors, visits

NOON = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=UTC)
EVENT = ("site_id", "visitor_id", "id", "type", "name", "path", "occurred_at", "received_at", "properties")
SEEN = ("site_id", "visitor_id", "event_id", "arrived_on")
VISIT = ("site_id", "visitor_id", "started_at", "ended_at")


async def test_rows_come_back_as_they_were_given(database: Database) -> None:
    rows = [
        ("s", "v", "1", "track", None, "/ä", NOON, NOON, {"nested": [1, 2.5, None, {"quote": '"'}]}),
        ("s", "v", "2", "track", "'; --", None, NOON, NOON, {}),
    ]
    async with database.begin() as connection:
        await bulk.append(connection, events, EVENT, rows)
        await bulk.append(connection, events, EVENT, [(*rows[0][:4], "second", *rows[0][5:])])
    async with database.read() as connection:
        found = (await connection.execute(select(*(events.c[name] for name in EVENT)).order_by(events.c.id))).all()
        assert [tuple(row) for row in found] == rows
        keys = [("s", "v", "2"), ("s", "v", "9"), ("t", "v", "1")]
        assert await bulk.select(connection, events, EVENT[:-1], EVENT[:3], keys) == [rows[1][:-1]]
        assert await bulk.select(connection, events, EVENT[:-1], EVENT[:3], []) == []


async def test_an_upsert_replaces_all_but_what_is_kept(database: Database) -> None:
    named = [
        "site_id",
        "id",
        "anonymous_id",
        "partition",
        "demo",
        "engaged_ms",
        "stage",
        "updated_at",
        "page_views",
        "visits",
        "activities",
        "elapsed_ms",
    ]
    first = ("s", "v", "a", 3, True, 2**40, "lead", NOON, 1, 1, 1, 1)
    second = ("s", "v", "b", 4, False, 2**41, "customer", NOON, 2, 2, 2, 2)
    async with database.begin() as connection:
        await bulk.upsert(connection, visitors, named, [first], keep=("stage",))
        await bulk.upsert(connection, visitors, named, [second], keep=("stage",))
        (row,) = await bulk.select(connection, visitors, named, ("site_id", "id"), [("s", "v")])
    assert row == (*second[:6], "lead", *second[7:])
    assert row[4] is False


async def test_only_new_keys_are_told_each_once(database: Database) -> None:
    rows = [("s", "v", id, date(2026, 3, 2)) for id in ("a", "b", "a,b", 'c"', "a")]
    async with database.begin() as connection:
        assert await bulk.append_new(connection, seen_events, SEEN, rows) == {row[:3] for row in rows}
        assert await bulk.append_new(connection, seen_events, SEEN, [*rows, ("s", "v", "z", date(2026, 3, 3))]) == {
            ("s", "v", "z")
        }
        assert await bulk.append_new(connection, seen_events, SEEN, []) == set()
        days = await connection.execute(select(seen_events.c.arrived_on).distinct().order_by(seen_events.c.arrived_on))
        assert list(days.scalars()) == [date(2026, 3, 2), date(2026, 3, 3)]


@pytest.mark.parametrize("number", [1, 2_500])
async def test_rows_are_deleted_by_key(database: Database, number: int) -> None:
    rows = [("s", f"v{at}", NOON, NOON) for at in range(number)]
    async with database.begin() as connection:
        await bulk.upsert(connection, visits, VISIT, [*rows, ("s", "kept", NOON, NOON)])
        await bulk.delete(connection, visits, VISIT[:3], [row[:3] for row in rows])
        await bulk.delete(connection, visits, VISIT[:3], [])
        assert list((await connection.execute(select(visits.c.visitor_id))).scalars()) == ["kept"]
