"""Keyed hashes name contacts and uploaded people of their own site, on both databases, and nobody else."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from leadlight.core.ids import contact_id
from leadlight.core.intake.landings import merge_hash
from leadlight.store.database import Database
from leadlight.store.identity import mail_merge
from leadlight.store.tables import contacts

SECRET = b"an installation's secret, long enough"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MARA, IDA, TOM = "mara@norrvik.example", "ida@solvind.example", "tom@solvind.example"


async def known(database: Database, site: str, *emails: str) -> None:
    rows = [{"site_id": site, "id": contact_id(site, each), "email": each, "created_at": NOW} for each in emails]
    async with database.begin() as connection:
        await connection.execute(insert(contacts), rows)


async def named(database: Database, key: mail_merge.MergeKey, *emails: str, site: str | None = None) -> list[str]:
    asked = {(site or key.site, key.hash_of(email)) for email in emails}
    async with database.read() as connection:
        return sorted((await mail_merge.people_of(connection, asked)).values())


async def test_the_key_names_whoever_is_a_contact_when_it_is_made_or_becomes_one(database: Database) -> None:
    await known(database, "s1", MARA)
    key = await mail_merge.make_key(database, "s1", SECRET, random=b"k" * 32, now=NOW)
    assert key.hash_of(MARA) == merge_hash(key.text.encode(), MARA)
    assert await named(database, key, MARA, IDA) == [MARA]
    async with database.begin() as connection:
        await mail_merge.remember(connection, SECRET, [("s1", IDA), ("s2", TOM), ("s1", IDA)])
    assert await named(database, key, MARA, IDA, TOM) == [IDA, MARA]
    assert await named(database, key, MARA, IDA, TOM, site="s2") == []


async def test_asking_for_the_key_again_shows_the_same_and_uploading_adds_people(database: Database) -> None:
    first = await mail_merge.make_key(database, "s1", SECRET, random=b"k" * 32, now=NOW)
    again = await mail_merge.make_key(database, "s1", SECRET, random=b"z" * 32, now=NOW)
    assert again == first
    for _ in range(2):
        async with database.begin() as connection:
            await mail_merge.add_people(connection, first, [MARA, TOM, MARA])
    assert await named(database, first, MARA, IDA, TOM) == [MARA, TOM]
    async with database.read() as connection:
        assert await mail_merge.count_people(connection, "s1") == 2


async def test_a_new_key_ends_the_old_one_and_keeps_the_people(database: Database) -> None:
    await known(database, "s1", MARA)
    first = await mail_merge.make_key(database, "s1", SECRET, random=b"k" * 32, now=NOW)
    async with database.begin() as connection:
        await mail_merge.add_people(connection, first, [TOM])
    second = await mail_merge.replace_key(database, "s1", SECRET, random=b"n" * 32, now=NOW)
    assert await named(database, first, MARA, TOM) == []
    assert await named(database, second, MARA, TOM) == [MARA, TOM]


async def test_a_key_that_cannot_be_opened_is_told_to_its_owner_and_stops_no_events(database: Database) -> None:
    await mail_merge.make_key(database, "s1", SECRET, random=b"k" * 32, now=NOW)
    async with database.begin() as connection:
        with pytest.raises(Exception, match="LEADLIGHT_SECRET"):
            await mail_merge.find_key(connection, "s1", b"another secret, also long enough...")
        await mail_merge.remember(connection, b"another secret, also long enough...", [("s1", MARA)])
