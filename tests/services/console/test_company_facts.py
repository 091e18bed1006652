"""What a rep sees of the companies of visitors, and an owner of the services that tell of them."""

from datetime import timedelta

from leadlight.core.identity.companies.firmographics import OWN_LIST, Firmographics
from leadlight.core.identity.providers.circuit import Circuit
from leadlight.store.companies import facts, spend
from tests.services.console.conftest import Visit
from tests.services.console.stage import Stage


async def test_a_visitors_page_says_what_is_known_of_the_company(stage: Stage, admin: Visit) -> None:
    one = stage.someone("v1").introduces("ada@kiln.example", company="Kiln", ago=timedelta(minutes=5))
    await stage.happens(one)
    assert "Company data" not in await admin.read(f"/visitors/{one.id}")
    said = Firmographics(
        OWN_LIST,
        stage.now,
        name="Kiln & Sons",
        industry="<b>Ceramics</b>",
        size="51-200",
        url="javascript:alert(1)",
        account="A",
        owner="Ada",
    )
    async with stage.runtime.database.begin() as tx:
        await facts.save(tx, [(stage.site.id, "kiln.example", said)])
    page = await admin.read(f"/visitors/{one.id}")
    for shown in (
        "Kiln &amp; Sons",
        "&lt;b&gt;Ceramics&lt;/b&gt;",
        "51-200",
        "Looked after by",
        "your list of companies",
    ):
        assert shown in page
    assert "javascript:" not in page


async def test_health_says_what_services_outside_were_asked_and_which_are_left_alone(
    stage: Stage, admin: Visit
) -> None:
    assert "this month" not in await admin.read("/health")
    budget = spend.Budget(calls=100, micros=None, price_micros=20_000)
    circuit = Circuit()
    circuit.refused(stage.now, "it answers 401: is the key right, and the account in credit?")
    async with stage.runtime.database.begin() as tx:
        await spend.reserve(tx, "ipinfo", budget, now=stage.now)
        await spend.note(tx, "provider:ipinfo", circuit, now=stage.now)
        await spend.note(tx, "reverse_dns", Circuit(), now=stage.now)
    page = await admin.read("/health")
    for shown in (
        "Ipinfo",
        "left alone for now",
        "it answers 401",
        "1 question this month",
        "0 companies named",
        "0.02 spent",
    ):
        assert shown in page
    assert "Reverse dns" not in page, "what works is not mentioned"
