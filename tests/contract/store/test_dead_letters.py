"""Dead letters on both databases: kept whatever they hold, found again, replayed once, discarded with a trace."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from leadlight.bus.port import Partition, Record
from leadlight.errors import WrongUsage
from leadlight.store import dead_letters
from leadlight.store.database import Database
from leadlight.store.dead_letters import Chosen
from leadlight.store.tables import audit_lines
from leadlight.store.tables import dead_letters as table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def dies(
    database: Database,
    offset: int,
    *,
    site: str = "shop",
    value: bytes = b"x",
    consumer: str = "scorer",
    minutes: int = 0,
) -> str:
    record = Record(Partition("t", 0), offset, f"{site}:v".encode(), value)
    async with database.begin() as connection:
        now = NOW + timedelta(minutes=minutes)
        await dead_letters.add(connection, consumer, record, reason="why", now=now)
    return f"{consumer}:t:0:{offset}"


async def ids(database: Database, chosen: Chosen = Chosen(), *, replayed: bool = False) -> list[str]:  # noqa: B008
    async with database.read() as connection:
        found = await dead_letters.some(connection, chosen, limit=100, replayed=replayed)
    return [letter.id for letter in found]


@pytest.mark.parametrize("reason", ["a\x00b", "half a character: \ud800", "x" * 2_000])
async def test_any_reason_can_be_kept(database: Database, reason: str) -> None:
    record = Record(Partition("t", 0), 7, b"\xff\x00:v", b"\x00\xff")
    async with database.begin() as connection:
        await dead_letters.add(connection, "reader", record, reason=reason, now=NOW)
    async with database.read() as connection:
        (kept,) = (await connection.execute(select(table))).all()
    assert (kept.key, kept.value) == (record.key, record.value)
    assert kept.reason[:1] == reason[:1]


async def test_they_are_found_by_site_and_consumer_latest_first(database: Database) -> None:
    first = await dies(database, 1)
    second = await dies(database, 2, site="other", minutes=1)
    third = await dies(database, 3, consumer="identifier", minutes=2)
    assert await ids(database) == [third, second, first]
    assert await ids(database, Chosen(site_id="shop")) == [third, first]
    assert await ids(database, Chosen(consumer="scorer")) == [second, first]
    async with database.read() as connection:
        assert await dead_letters.waiting(connection, Chosen(site_id="shop")) == 2
        assert await dead_letters.get(connection, second, site_id="shop") is None
        found = await dead_letters.get(connection, second)
    assert found is not None
    assert (found.record.key, found.site_id, found.deaths) == (b"other:v", "other", 1)


async def test_the_same_bytes_are_known_again_when_they_die_again(database: Database) -> None:
    for offset in (1, 1, 5):  # dying twice at one place is dying once
        await dies(database, offset, value=b"same")
    last = await dies(database, 9, value=b"same", consumer="identifier")
    async with database.read() as connection:
        deaths = [(letter.id, letter.deaths) for letter in await dead_letters.some(connection, Chosen(), limit=9)]
    assert sorted(deaths) == [(last, 1), ("scorer:t:0:1", 1), ("scorer:t:0:5", 2)]


async def test_marks_of_a_replay_stay_as_they_were_first_made(database: Database) -> None:
    one, two = await dies(database, 1), await dies(database, 2)
    async with database.begin() as connection:
        assert await dead_letters.mark_replayed(connection, [one], who="ann", now=NOW) == 1
        assert await dead_letters.mark_replayed(connection, [one, two], who="bob", now=NOW) == 1
        first = await dead_letters.get(connection, one)
    assert first is not None
    assert first.replayed_by == "ann"
    assert await ids(database) == []
    assert sorted(await ids(database, replayed=True)) == [one, two]


async def test_discarding_all_spares_other_sites_and_leaves_a_line_for_each_site(database: Database) -> None:
    for offset in range(450):  # more than one statement takes
        await dies(database, offset)
    other = await dies(database, 1_000, site="other")
    async with database.begin() as connection:
        named = [f"scorer:t:0:{offset}" for offset in range(250)]
        assert await dead_letters.discard(connection, Chosen(named, "shop"), who="ann", now=NOW) == 250
        assert await dead_letters.discard(connection, Chosen(None, "shop"), who="ann", now=NOW) == 200
        assert await dead_letters.discard(connection, Chosen([other], "shop"), who="ann", now=NOW) == 0
        rows = await connection.execute(select(audit_lines.c.site_id, audit_lines.c.number))
        assert sorted(map(tuple, rows.all())) == [("shop", 200), ("shop", 250)]
    assert await ids(database) == [other]


@pytest.mark.parametrize("given", ["", "x", "a:b:c:d", "scorer:t:0:-1", "scorer:t:0:1; drop", "scorer:t:0:" + "9" * 30])
async def test_what_is_no_id_is_refused_before_the_database_sees_it(database: Database, given: str) -> None:
    async with database.read() as connection:
        with pytest.raises(WrongUsage):
            await dead_letters.get(connection, given)
