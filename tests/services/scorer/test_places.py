"""Where a visitor is: by the latest event that tells, in whatever order events arrive."""

from itertools import permutations

from msgspec.structs import replace
from sqlalchemy import select

from leadlight.core.records import Identified, Place
from leadlight.store.tables import visitors
from leadlight.store.views import visitor_objects
from tests.core.browsing import MINUTE, NOON, SITE, Browser
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import recount_everybody, wants

LEEDS = Place("GB", "England", "Leeds", 20)
BERLIN = Place("DE", "Berlin", "Berlin", 50)


def travelling(anonymous_id: str) -> list[Identified]:
    """First in Leeds, then in Berlin, then over a network that tells no place."""
    browser = Browser(anonymous_id)
    for minute, path in enumerate(("/a", "/b", "/c")):
        browser.page(NOON + minute * MINUTE, path)
    return [replace(item, place=place) for item, place in zip(browser.events, (LEEDS, BERLIN, Place()), strict=True)]


async def test_the_latest_place_that_was_told_counts_whatever_came_first(scored: Scored) -> None:
    for number, order in enumerate(permutations(range(3))):
        history = travelling(f"a-{number}")
        await scored.take(*[[history[at]] for at in order])
    async with scored.database.read() as connection:
        rows = (
            await connection.execute(
                select(
                    visitors.c.country, visitors.c.region, visitors.c.city, visitors.c.accuracy_km, visitors.c.place_at
                )
            )
        ).all()
    assert {tuple(row) for row in rows} == {("DE", "Berlin", "Berlin", 50, NOON + MINUTE)}
    assert len(rows) == 6


async def test_deriving_a_visitor_anew_keeps_where_they_are(scored: Scored) -> None:
    history = travelling("a-1")
    await wants(scored)
    await scored.take(history)
    await recount_everybody(scored)
    await scored.take([])
    async with scored.database.read() as connection:
        [shown] = await visitor_objects.by_ids(connection, SITE, [history[0].event.visitor], now=scored.clock.now)
    assert (shown.location.country, shown.location.city) == ("DE", "Berlin")
    assert shown.location.accuracy == "city level, about 50 km"
