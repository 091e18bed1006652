"""A rep sees how a visitor is known, takes somebody off a browser, and an admin makes one person of two."""

import re

from sqlalchemy import select

from leadlight.bus.port import Partition
from leadlight.core.records import IDENTIFIED_TOPIC
from leadlight.store import positions
from leadlight.store.tables import audit_lines
from services.scorer.scoring import CONSUMER, Scoring
from tests.services.console.cast import minutes
from tests.services.console.conftest import Visit
from tests.services.console.stage import Someone, Stage
from tests.services.console.test_pages import words_of

ADA, BO = "ada@mill.example", "bo@dairy.example"


async def two_people(stage: Stage) -> tuple[Someone, Someone]:
    ada = (
        stage.someone("laptop").reads("/pricing", ago=minutes(9), seconds=9).introduces(ADA, ago=minutes(8), name="Ada")
    )
    bo = stage.someone("phone").reads("/demo", ago=minutes(5), seconds=9).introduces(BO, ago=minutes(4), name="Bo")
    await stage.happens(ada, bo)
    return ada, bo


async def derived(stage: Stage) -> None:
    """The scorer derives anew whoever waits for it."""
    partition = Partition(IDENTIFIED_TOPIC, 0)
    async with stage.runtime.database.read() as connection:
        held = await positions.load(connection, CONSUMER, [partition])
    await Scoring(stage.runtime).tick(held)


async def press(visit: Visit, html: str, action: str, *, status: int = 303) -> str:
    """Send the form with this action as it stands on the page."""
    [form] = [form for form in re.findall(r"<form.*?</form>", html, re.DOTALL) if f'action="{action}"' in form]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    async with visit.http.post(visit.url + action, data=fields, allow_redirects=False) as answer:
        assert answer.status == status, await answer.text()
        return await answer.text()


async def test_somebody_is_taken_off_a_browser_and_put_back(stage: Stage, admin: Visit) -> None:
    ada, _ = await two_people(stage)
    path = f"/visitors/{ada.id}"
    html = await admin.read(path)
    assert "How we know" in words_of(html)
    assert "This is not Ada" in words_of(html)
    await press(admin, html, f"{path}/not-them")
    await derived(stage)
    html = await admin.read(path)
    assert "taken back" in words_of(html)
    assert "This is not Ada" not in words_of(html)
    await press(admin, html, f"{path}/them-again")
    await derived(stage)
    html = await admin.read(path)
    assert "taken back" not in words_of(html)
    assert "This is not Ada" in words_of(html)
    async with stage.runtime.database.read() as connection:
        told = list(await connection.scalars(select(audit_lines.c.what)))
    assert sorted(told) == ["restored a visitor's contact", "took a contact off a visitor"]


async def test_two_contacts_are_looked_at_merged_and_taken_apart(stage: Stage, admin: Visit) -> None:
    ada, bo = await two_people(stage)
    path = f"/visitors/{ada.id}"
    asked = await admin.read(f"{path}/merge?email={BO}")
    assert f"2 browsers with 2 addresses: {ADA}, {BO}" in words_of(asked)
    await press(admin, asked, f"{path}/merge")
    await derived(stage)
    html = await admin.read(f"/visitors/{bo.id}")
    assert f"Also {BO} merged by" in words_of(html)
    assert f"/visitors/{ada.id}" in html  # the same person's other browser
    refused = await admin.read(f"{path}/merge?email={BO}", status=409)
    assert "one person already" in words_of(refused)
    await press(admin, html, f"/visitors/{bo.id}/unmerge")
    await derived(stage)
    assert "merged by" not in words_of(await admin.read(f"/visitors/{bo.id}"))


async def test_an_address_nobody_gave_is_told(stage: Stage, admin: Visit) -> None:
    ada, _ = await two_people(stage)
    refused = await admin.read(f"/visitors/{ada.id}/merge?email=nobody@mill.example", status=409)
    assert "no such contact" in words_of(refused)
