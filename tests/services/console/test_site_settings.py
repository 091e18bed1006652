"""Site settings in the console: typed, checked, looked at against the past, and applied to it."""

import html
import re
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from playwright.async_api import expect
from sqlalchemy import select

from leadlight.bus.port import Partition
from leadlight.core.records import IDENTIFIED_TOPIC
from leadlight.core.sites.document import document_of, settings_of
from leadlight.store import positions
from leadlight.store.owners import site_settings
from leadlight.store.tables import visitors
from services.scorer.scoring import CONSUMER, Scoring
from tests.services.console.cast import minutes, morning
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage

PATH = "/set-up/settings"


async def post(visit: Visit, path: str, *, status: int, headers: dict[str, str] | None = None, **fields: Any) -> str:
    data = [(name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])]
    async with visit.http.post(visit.url + path, data=data, headers=headers or {}, allow_redirects=False) as answer:
        assert answer.status == status, await answer.text()
        return answer.headers.get("Location", "") + await answer.text()


async def in_force(stage: Stage) -> tuple[dict[str, Any], int]:
    async with stage.runtime.database.read() as connection:
        settings, version = await site_settings.current(connection, stage.site.id)
    return document_of(settings), version


async def wants(stage: Stage, by: str = "tom@fernhall.example", **fields: object) -> None:
    async with stage.runtime.database.begin() as tx:
        await site_settings.change(tx, stage.site.id, settings_of(fields), by=by, now=stage.now)


async def derive(stage: Stage) -> None:
    """Let the scorer do what was asked for."""
    async with stage.runtime.database.read() as connection:
        held = await positions.load(connection, CONSUMER, [Partition(IDENTIFIED_TOPIC, 0)])
    await Scoring(stage.runtime).tick(held)


async def test_what_is_typed_is_put_into_force_with_who_did_it(stage: Stage, admin: Visit) -> None:
    page = await admin.read(PATH)
    assert 'name="version" value="1"' in page
    told = await post(
        admin,
        PATH,
        status=303,
        version="1",
        allowed_origins="https://WWW.fernhall.example\r\n\r\n  *.fernhall.example ",
        excluded_paths="/intern/*",
        excluded_emails="*@fernhall.example",
        privacy="pseudonymous",
        country=["Germany", "", "unknown", "fr"],
        level=["none", "none", "company_only", ""],
    )
    assert told.startswith(f"{PATH}?saved=true")
    document, version = await in_force(stage)
    assert version == 2
    assert document["allowed_origins"] == ["www.fernhall.example", "*.fernhall.example"]
    assert document["privacy"] == "pseudonymous"
    assert document["privacy_by_country"] == {"DE": "none", "unknown": "company_only"}
    page = await admin.read(f"{PATH}?saved=true")
    assert "ines@fernhall.example" in page
    assert "Level: identified → pseudonymous" in page


async def test_each_mistake_stands_beside_its_field_and_what_was_typed_stays(stage: Stage, admin: Visit) -> None:
    page = await post(
        admin,
        PATH,
        status=400,
        version="1",
        excluded_paths="/ok\nintern",
        excluded_networks="203.0.113.7/24",
        country=["Atlantis"],
        level=["none"],
        privacy="identified",
    )
    text = html.unescape(page)
    assert "Nothing was saved: 3 mistakes" in text
    assert re.search(r'id="e-excluded_paths"><li>intern does not begin with a slash. Did you mean /intern\?', text)
    assert "203.0.113.7/24 does not begin where its range does. Did you mean 203.0.113.0/24?" in text
    assert "Atlantis is no country" in text
    assert "/ok\nintern</textarea>" in text
    assert (await in_force(stage))[1] == 1


async def test_whoever_would_undo_anothers_change_is_told_and_keeps_what_was_typed(stage: Stage, admin: Visit) -> None:
    await wants(stage, excluded_paths=["/theirs"])
    page = await post(admin, PATH, status=409, version="1", excluded_paths="/mine", privacy="identified")
    assert "Somebody else has changed these settings meanwhile" in page
    assert "tom@fernhall.example" in page
    assert "/mine</textarea>" in page
    await post(admin, PATH, status=303, version="2", excluded_paths="/mine", privacy="identified")
    assert (await in_force(stage))[0]["excluded_paths"] == ["/mine"]


async def test_the_past_is_looked_at_before_anything_is_saved_then_hidden_then_shown_again(
    stage: Stage, admin: Visit
) -> None:
    someone = stage.someone("tester").introduces("lee@fernhall.example", ago=minutes(9), name="Lee Test")
    someone.reads("/pricing", ago=minutes(8), seconds=30)
    other = stage.someone("other").reads("/intern/wiki", ago=minutes(7)).reads("/pricing", ago=minutes(6))
    await stage.happens(someone, other)
    typed: dict[str, Any] = {
        "excluded_emails": "*@fernhall.example",
        "excluded_paths": "/intern/*",
        "privacy": "identified",
    }
    page = await post(admin, f"{PATH}/preview", status=200, version="1", **typed)
    assert "Would hide" in page
    assert "lee@fernhall.example" in page
    assert "/intern/wiki" in page
    assert (await in_force(stage))[1] == 1
    assert "Lee Test" in await admin.read("/visitors")

    await post(admin, PATH, status=303, version="1", **typed)
    assert "Apply to the past" in await admin.read(f"{PATH}?saved=true")
    assert (await post(admin, f"{PATH}/past", status=303)).startswith(f"{PATH}?asked=true")
    assert "2 visitors to go" in await admin.read(PATH)
    await derive(stage)
    assert "The past is as these settings want it" in await admin.read(f"{PATH}?asked=true")
    assert "Lee Test" not in await admin.read("/visitors")
    apart = await admin.read(f"/visitors/{someone.id}")
    assert "kept apart" in apart
    assert "/intern/wiki" not in await admin.read(f"/visitors/{other.id}")

    await post(admin, PATH, status=303, version="2", privacy="identified")
    assert "would be shown again: 1 visitor, 2 page views" in await admin.read(f"{PATH}?saved=true")
    await post(admin, f"{PATH}/past", status=303)
    await derive(stage)
    assert "Lee Test" in await admin.read("/visitors")
    assert "/intern/wiki" in await admin.read(f"/visitors/{other.id}")


async def test_hidden_visitors_are_in_no_list_figure_alert_or_search(stage: Stage, admin: Visit) -> None:
    await stage.happens(*morning(stage))
    mara = stage.someone("mara")
    pages = ("/", "/visitors", "/visitors?sort=hottest", "/visitors?q=lindqvist", "/visitors?intent=hot", "/alerts")
    for path in pages:
        assert "Mara Lindqvist" in await admin.read(path), path
    await wants(stage, excluded_emails=["*@*.example"], excluded_companies=["norrvik.example"])
    await post(admin, f"{PATH}/past", status=303)
    await derive(stage)
    async with stage.runtime.database.read() as connection:
        hidden = list(await connection.scalars(select(visitors.c.id).where(visitors.c.hidden_reason.is_not(None))))
    assert mara.id in hidden
    assert stage.someone("halden").id not in hidden
    for path in pages:
        shown = await admin.read(path)
        assert "Mara Lindqvist" not in shown, path
        assert not [id for id in hidden if id in shown], path


async def test_the_tag_to_paste_follows_the_level(stage: Stage, admin: Visit) -> None:
    assert "data-mode" not in await admin.read("/set-up")
    await wants(stage, privacy="company_only")
    assert "data-mode=&#34;cookieless&#34;" in await admin.read("/set-up")


async def test_site_settings_are_for_admins_and_from_our_own_pages_alone(
    stage: Stage, stranger: Visit, admin: Visit
) -> None:
    typed: dict[str, Any] = {"version": "1", "excluded_paths": "/mine", "privacy": "identified"}
    await post(stranger, PATH, status=401, headers={"Accept": "text/html"}, **typed)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        rep = Visit(http, stage.url)
        await rep.sign_in(await stage.sign_in_link(email="rep@fernhall.example", role="rep"))
        await rep.read(PATH, status=403)
        for path in (PATH, f"{PATH}/preview", f"{PATH}/past"):
            await post(rep, path, status=403, **typed)
    for path in (PATH, f"{PATH}/preview", f"{PATH}/past"):
        await post(admin, path, status=403, headers={"Origin": "https://elsewhere.example"}, **typed)
    assert (await in_force(stage))[1] == 1


@pytest.mark.chromium
async def test_an_owner_leaves_the_office_out_with_the_keyboard_alone(stage: Stage, window: Window) -> None:
    await stage.happens(stage.someone("tester").introduces("lee@fernhall.example", ago=minutes(9), name="Lee Test"))
    page = window.page
    await page.goto(stage.url + "/set-up")
    await page.get_by_role("link", name="Site settings").press("Enter")
    await page.get_by_label("E-mail addresses").focus()
    await page.keyboard.type("fernhall.example")
    save = page.get_by_role("button", name="Save")
    await save.press("Enter")
    field = page.get_by_label("E-mail addresses")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#e-excluded_emails")).to_contain_text("Did you mean *@fernhall.example?")
    await field.fill("*@fernhall.example")
    await save.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    await page.get_by_role("button", name="Apply to the past").press("Enter")
    await expect(page.get_by_text("1 visitor to go")).to_be_visible()
    await derive(stage)
    await expect(page.get_by_text("The past is as these settings want it")).to_be_visible(timeout=10_000)
    assert [one for one in window.complaints if "400" not in one] == []
