"""What settings would change of the past, told before it is done; done in steps that can be interrupted."""

from msgspec.structs import replace

from leadlight.core.ids import contact_id
from leadlight.core.sites.document import settings_of
from leadlight.store import past
from leadlight.store.past import Reach
from leadlight.store.views import alert_objects, change_feed, change_objects, contact_objects, visitor_objects
from leadlight.store.views.alert_objects import AlertFilter
from leadlight.store.views.visitor_objects import VisitorFilter
from tests.core.browsing import DAY, HOUR, MINUTE, NOON, SITE, Browser
from tests.services.scorer.conftest import Scored
from tests.services.scorer.owner import add_site, left, wants

WISHES = {
    "excluded_emails": ["*@mill.example"],
    "excluded_companies": ["dairy.example"],
    "excluded_paths": ["/blog/*"],
    "stripped_parameters": ["member"],
}


async def crowd(scored: Scored) -> None:
    """One of the mill's, two of the dairy's, one reader of the blog, one who did nothing of interest."""
    await add_site(scored)
    ada, bo, cy, reader, other = (Browser(name) for name in ("ada", "bo", "cy", "reader", "other"))
    ada.identify(NOON - 6 * MINUTE)
    ada.look_to_buy(NOON - 5 * MINUTE)
    bo.identify(NOON - DAY, "bo@dairy.example")
    bo.page(NOON - DAY, "/pricing")
    cy.identify(NOON - DAY, "cy@dairy.example")
    reader.page(NOON - 3 * HOUR, "/blog/a")
    reader.page(NOON - 2 * HOUR, "/blog/b?member=1")
    reader.page(NOON - HOUR, "/pricing?member=2")
    other.page(NOON - HOUR, "/")
    await scored.take(ada.events, bo.events + cy.events, reader.events + other.events)


async def looked(scored: Scored, **fields: object) -> Reach:
    reach = Reach()
    async for _ in past.walk(scored.database, SITE, settings_of(fields), reach):
        pass
    return reach


async def applied(scored: Scored, **fields: object) -> Reach:
    await wants(scored, **fields)
    reach = Reach()
    async for _ in past.request(scored.database, SITE, settings_of(fields), reach, now=scored.clock):
        pass
    while await left(scored):
        assert await scored.tick()
    return reach


async def test_what_would_be_hidden_is_told_in_numbers_and_names(scored: Scored) -> None:
    await crowd(scored)
    reach = await looked(scored, **WISHES)
    assert (reach.looked_at, reach.to_derive) == (5, 4)
    assert (reach.visitors, reach.page_views, reach.events, reach.alerts) == (3, 7, 0, 1)
    assert sorted(reach.contact_emails.values()) == ["ada@mill.example", "bo@dairy.example", "cy@dairy.example"]
    assert list(reach.company_domains.values()) == ["dairy.example"]
    assert dict(reach.paths) == {"/blog/a": 1, "/blog/b?member=1": 1}
    assert reach.cleaned == 2
    assert await left(scored) == 0


async def test_what_was_told_is_what_is_done_and_done_only_once(scored: Scored) -> None:
    await crowd(scored)
    told = await looked(scored, **WISHES)
    done = await applied(scored, **WISHES)
    assert (done.to_derive, done.visitors, done.page_views) == (told.to_derive, told.visitors, told.page_views)
    again = await looked(scored, **WISHES)
    assert (again.to_derive, again.visitors, again.page_views, again.cleaned) == (0, 0, 0, 0)
    assert again.already_hidden == 3
    back = await looked(scored)
    assert (back.shown_visitors, back.shown_page_views, back.to_derive) == (3, 7, 4)
    await applied(scored)
    assert (await looked(scored)).to_derive == 0
    assert (await looked(scored, **WISHES)).page_views == 7


async def test_readers_of_the_feed_do_not_see_whoever_is_hidden(scored: Scored) -> None:
    await crowd(scored)
    await applied(scored, **WISHES)
    hidden = [Browser(name).visitor for name in ("ada", "bo", "cy")]
    async with scored.database.read() as connection:
        now = scored.clock.now
        listed, _ = await visitor_objects.page(connection, SITE, VisitorFilter(bot=None), now=now, limit=50)
        assert sorted(v.id for v in listed) == sorted(Browser(name).visitor for name in ("reader", "other"))
        assert await visitor_objects.by_ids(connection, SITE, hidden, now=now) == []
        assert not await visitor_objects.exists(connection, SITE, hidden[0])
        found, _ = await visitor_objects.page(
            connection, SITE, VisitorFilter(email="bo@dairy.example"), now=now, limit=50
        )
        assert found == []
        assert await contact_objects.get(connection, SITE, contact_id(SITE, "ada@mill.example"), now=now) is None
        assert (await alert_objects.page(connection, SITE, AlertFilter(), limit=50))[0] == []
        (reader,) = await visitor_objects.by_ids(connection, SITE, [Browser("reader").visitor], now=now)
    assert (reader.page_views, reader.visits, reader.first_seen_at) == (1, 1, NOON - HOUR)


async def test_an_interrupted_command_goes_on_where_it_was(scored: Scored) -> None:
    await crowd(scored)
    await wants(scored, **WISHES)
    async for _ in past.request(scored.database, SITE, settings_of(WISHES), Reach(), now=scored.clock):
        break
    waiting = await left(scored)
    assert waiting == 4
    await scored.tick()
    reach = await applied(scored, **WISHES)
    assert reach.to_derive == 0


async def test_networks_and_levels_change_nothing_of_the_past(scored: Scored) -> None:
    await crowd(scored)
    reach = await looked(
        scored, excluded_networks=["192.0.2.0/24"], privacy="none", allowed_origins=["elsewhere.example"]
    )
    assert (reach.to_derive, reach.hides) == (0, False)


async def test_readers_of_changes_are_told_once_that_somebody_is_gone_and_when_they_are_back(scored: Scored) -> None:
    await crowd(scored)
    ada = Browser("ada")

    async def told_since(place: dict[str, int]) -> tuple[list[tuple[str, str]], dict[str, int]]:
        async with scored.database.read() as connection:
            heads = await change_feed.heads(connection)
            rows, reached = await change_feed.after(connection, place, until=heads, limit=99, site=SITE)
            found = await change_objects.told(connection, SITE, rows, now=scored.clock.now)
        return [(change.type, change.subject) for change in found if change.subject == ada.visitor], reached

    _, place = await told_since({})
    await applied(scored, excluded_emails=["ada@*"])
    told, place = await told_since(place)
    assert told == [("visitor.removed", ada.visitor)]
    ada.events = []
    ada.page(NOON, "/pricing")
    await scored.take([replace(one, event=replace(one.event, id="later")) for one in ada.events])
    told, place = await told_since(place)
    assert told == []
    await applied(scored)
    told, _ = await told_since(place)
    assert told == [("visitor.updated", ada.visitor)]
