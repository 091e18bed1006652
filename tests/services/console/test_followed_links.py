"""A rep sees how somebody became known, and that a link which somebody followed is not yet a person."""

from datetime import timedelta

from msgspec.structs import replace

from leadlight.core.ids import contact_id
from leadlight.core.records import Click, Network
from tests.services.console.conftest import Visit
from tests.services.console.stage import Someone, Stage
from tests.services.console.test_pages import words_of

EMAIL = "ada@kiln-works.example"


def followed_a_link(someone: Someone, *, network: str = "isp", touched: bool = True) -> Someone:
    """Their page view comes from a mail to Ada, and they read on."""
    someone.reads("/pricing", ago=timedelta(minutes=3), seconds=9)
    landing, reading = someone.events
    click = Click(contact_id(someone.site, EMAIL), EMAIL, "link-1", "spring", company_domain="kiln-works.example")
    someone.events[0] = replace(landing, click=replace(click, company_name="Kiln Works"), network=Network(kind=network))
    assert reading.event.engagement is not None
    seen = replace(reading.event.engagement, touched=touched)
    someone.events[1] = replace(reading, event=replace(reading.event, engagement=seen))
    return someone


async def page_of(admin: Visit, someone: Someone) -> str:
    return words_of(await admin.read(f"/visitors/{someone.id}"))


async def test_somebody_who_read_on_is_known_by_the_link_and_how_surely(stage: Stage, admin: Visit) -> None:
    ada = followed_a_link(stage.someone("ada"))
    await stage.happens(ada)
    text = await page_of(admin, ada)
    assert f"{EMAIL} Known by Followed a link sent to them (spring), 0.70 sure" in text
    assert "Kiln Works kiln-works.example, by a followed link, 0.70 sure" in text
    assert "Kiln Works by a followed link, 0.70 sure, campaign spring, Internet provider" in text
    assert "link-1" not in text  # its id is for programs
    assert "Followed a link that was sent to them" in text
    assert "Not confirmed" not in text


async def test_a_browser_that_a_program_drives_is_said_to_be_one(stage: Stage, admin: Visit) -> None:
    driven = followed_a_link(stage.someone("driven"))
    driven.events[1] = replace(driven.events[1], machine_evidence=("behaviour:webdriver",))
    await stage.happens(driven)
    text = await page_of(admin, driven)
    assert "Not confirmed Somebody followed" in text
    assert "its browser says that a program drives it" in text


async def test_a_link_that_nobody_read_on_from_names_nobody(stage: Stage, admin: Visit) -> None:
    somebody = followed_a_link(stage.someone("somebody"), touched=False)
    await stage.happens(somebody)
    text = await page_of(admin, somebody)
    assert "Unknown visitor" in text
    assert f"Somebody followed {EMAIL}'s link (spring)" in text
    assert "nobody has read on yet, with a pointer, a key or by scrolling" in text
    assert EMAIL not in await admin.read("/")
    assert EMAIL not in await admin.read("/visitors")


async def test_a_scanners_visit_says_why_it_is_nobody(stage: Stage, admin: Visit) -> None:
    scanner = followed_a_link(stage.someone("scanner"), network="security_proxy")
    await stage.happens(scanner)
    text = await page_of(admin, scanner)
    assert "Unknown visitor" in text
    assert "it came from where mail is scanned or machines are rented" in text


async def test_an_offices_address_is_said_to_be_one(stage: Stage, admin: Visit) -> None:
    office = stage.someone("office").introduces("info@kiln-works.example", ago=timedelta(minutes=2))
    office.reads("/", ago=timedelta(minutes=1))
    office.events = [
        replace(one, contact=replace(one.contact, role=True)) if one.contact is not None else one
        for one in office.events
    ]
    await stage.happens(office)
    assert "info@kiln-works.example an office's address" in (await page_of(admin, office)).replace("&#39;", "'")
