"""Identifier and scorer keep the same contacts and companies: many writers at once must not wait for each other crosswise."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace as with_fields
from sqlalchemy import select

from leadlight.bus.port import Partition, Span
from leadlight.core.records import Identified
from leadlight.store import identity, positions
from leadlight.store.database import Database
from leadlight.store.positions import Position
from leadlight.store.tables import companies, contact_traits, contacts, visitor_contacts
from tests.core.browsing import NOON, Browser

PEOPLE = [f"p{number}@{domain}.example" for number in range(8) for domain in ("mill", "kiln", "loom", "forge")]
WRITERS = 12


def claims(seed: int) -> list[Identified]:
    """One browser in which everybody introduced themselves, in an order of its own, with a name and a company's."""
    order = random.Random(seed).sample(PEOPLE, len(PEOPLE))
    browser = Browser(f"a-{seed}")
    for number, email in enumerate(order):
        browser.identify(NOON + timedelta(seconds=number), email)
    told = []
    for item in browser.events:
        assert item.contact is not None
        assert item.company is not None
        contact = with_fields(item.contact, traits={"name": f"Name {seed}", "job_title": "Buyer"})
        company = with_fields(item.company, name=f"{item.company.domain.partition('.')[0]} works {seed}")
        told.append(with_fields(item, contact=contact, company=company))
    return told


async def write(database: Database, consumer: str, seed: int) -> None:
    partition = Partition("t", seed)
    held = Position(0, 0)
    for part in range(0, len(PEOPLE), 8):
        batch: Sequence[Identified] = claims(seed)[part : part + 8]
        async with database.begin() as connection:
            span = Span(held.offset, held.offset + len(batch))
            moved = await positions.advance(connection, consumer, {partition: held}, {partition: span})
            held = moved[partition]
            await identity.save(connection, batch, now=NOON)


@pytest.mark.parametrize("round", range(3))
async def test_writers_who_name_the_same_people_in_any_order_all_succeed(database: Database, round: int) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(
            *(write(database, name, seed) for seed in range(WRITERS) for name in ("identifier", "scorer"))
        )
    async with database.read() as connection:
        people = set((await connection.execute(select(contacts.c.email))).scalars())
        firms = (await connection.execute(select(companies.c.id))).all()
        traits = (await connection.execute(select(contact_traits.c.contact_id))).all()
        links = (await connection.execute(select(visitor_contacts.c.event_id))).all()
    assert people == set(PEOPLE)
    assert len(firms) == 4
    assert len(traits) == 2 * len(PEOPLE)
    assert len(links) == WRITERS * len(PEOPLE)
