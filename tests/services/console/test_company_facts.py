"""What a rep sees of the companies of visitors."""

from datetime import timedelta

from leadlight.core.identity.companies.firmographics import OWN_LIST, Firmographics
from leadlight.store.companies import facts
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
