"""Machines in the console: who is kept apart and why, restored and marked by an admin, with a way back."""

import pytest
from playwright.async_api import expect

from leadlight.core.ids import visitor_id
from leadlight.store.identity import machines
from tests.services.console.cast import morning
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage
from tests.services.console.test_look import CONTRAST, NAMES


async def test_bots_are_listed_with_what_speaks_for_it(stage: Stage, admin: Visit) -> None:
    assert "No machines yet" in await admin.read("/machines")
    await stage.happens(*morning(stage))
    text = await admin.read("/machines")
    assert "Calls itself no browser" in text
    assert "Restore" in text
    assert "/machines" in await admin.read("/visitors")


async def test_an_admin_restores_a_bot_and_takes_it_back(stage: Stage, admin: Visit) -> None:
    await stage.happens(*morning(stage))
    visitor = visitor_id(stage.site.id, "bot")
    async with admin.http.post(f"{stage.url}/machines/restore", data={"visitor": visitor}) as answer:
        assert "Restored as a person" in await answer.text()
    async with stage.runtime.database.read() as connection:
        said = await machines.decision_of(connection, stage.site.id, visitor)
    assert said is not None
    assert said[0] == machines.PERSON
    async with admin.http.post(f"{stage.url}/machines/undo", data={"visitor": visitor}) as answer:
        assert "Taken back" in await answer.text()
    async with stage.runtime.database.read() as connection:
        assert await machines.decision_of(connection, stage.site.id, visitor) is None


async def test_nobody_is_restored_who_is_not_there(stage: Stage, admin: Visit) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    async with admin.http.post(f"{stage.url}/machines/restore", data={"visitor": unknown}) as answer:
        assert answer.status == 404


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_and_used_at_any_width(stage: Stage, window: Window, scheme: str) -> None:
    await stage.happens(*morning(stage))
    await window.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (1280, 390, 320):
        await window.page.set_viewport_size({"width": width, "height": 844})
        for path in ("/machines", "/visitors", f"/visitors/{visitor_id(stage.site.id, 'bot')}"):
            await window.page.goto(stage.url + path)
            assert await window.sideways() <= 0, (width, path)
            assert (await window.page.evaluate(CONTRAST))["faint"] == [], path
            assert await window.page.evaluate(NAMES) == [], path
    await window.page.goto(f"{stage.url}/machines")
    await window.page.get_by_role("button", name="Restore").click()
    await expect(window.page.get_by_role("status").filter(has_text="Restored as a person")).to_be_visible()
    await expect(window.page.get_by_role("heading", name="Restored as people")).to_be_visible()
    await window.page.get_by_role("button", name="Undo").last.click()
    await expect(window.page.get_by_role("status").filter(has_text="Taken back")).to_be_visible()
    assert window.complaints == []
