"""What an integrator reads of the companies of visitors and contacts."""

from leadlight.core import ids
from leadlight.core.identity.companies.firmographics import OWN_LIST, Firmographics
from leadlight.store.companies import facts
from tests.core.browsing import DAY, MINUTE, SITE, third_visit
from tests.services.feed.reader import Reader
from tests.services.shop import Clock, Shop

WEEKS = (21 * DAY, 10 * DAY, 5 * MINUTE)


async def test_a_company_comes_with_what_is_known_of_it_and_from_whom(shop: Shop, feed: Reader, clock: Clock) -> None:
    browser = third_visit(clock.now, starts=WEEKS)
    await shop.take(browser.events)
    company = (await feed.get(f"/visitors/{browser.visitor}"))["company"]
    assert company["firmographics"] is None
    said = [
        Firmographics("provider:ipinfo", clock.now, name="Mill Ltd", industry="Grain", size="51-200", country="SE"),
        Firmographics(OWN_LIST, clock.now, name="The Mill", industry="Flour", account="A", owner="Ada"),
    ]
    async with shop.database.begin() as connection:
        await facts.save(connection, [(SITE, "mill.example", one) for one in said])
        await facts.save(connection, [("another-site", "mill.example", said[0])])
    company = (await feed.get(f"/visitors/{browser.visitor}"))["company"]
    assert (company["name"], company["domain"]) == ("The Mill", "mill.example")
    at = company["firmographics"]["sources"][0]["as_of"]
    assert company["firmographics"] == {
        "industry": "Flour",
        "size": "51-200",
        "country": "SE",
        "website": None,
        "account": "A",
        "owner": "Ada",
        "note": None,
        "sources": [
            {"source": "own_list", "as_of": at, "fields": ["industry", "account", "owner"]},
            {"source": "provider:ipinfo", "as_of": at, "fields": ["size", "country"]},
        ],
    }
    contact = await feed.get(f"/contacts/{ids.contact_id(SITE, 'ada@mill.example')}")
    assert contact["company"]["firmographics"] == company["firmographics"]
    assert contact["company"]["name"] == "The Mill"
