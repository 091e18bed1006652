"""A record is set aside whatever its bytes and its reason hold."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from leadlight.bus.port import Partition, Record
from leadlight.store import dead_letters
from leadlight.store.database import Database
from leadlight.store.tables import dead_letters as table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("reason", ["a\x00b", "half a character: \ud800", "x" * 2_000])
async def test_any_reason_can_be_kept(database: Database, reason: str) -> None:
    record = Record(Partition("t", 0), 7, b"\xff\x00:v", b"\x00\xff")
    async with database.begin() as connection:
        await dead_letters.add(connection, "reader", record, reason=reason, now=NOW)
    async with database.read() as connection:
        (kept,) = (await connection.execute(select(table))).all()
    assert (kept.key, kept.value) == (record.key, record.value)
    assert kept.reason[:1] == reason[:1]
