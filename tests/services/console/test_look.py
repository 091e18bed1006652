"""What anybody can see, whatever their eyes, hands, screen and settings: measured in a real browser."""

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import insert

from leadlight.store.tables import drops
from tests.services.console.cast import minutes, morning
from tests.services.console.conftest import Window
from tests.services.console.stage import Stage

pytestmark = pytest.mark.chromium

CONTRAST = """() => {
  const parse = (text) => { const p = text.match(/[\\d.]+/g).map(Number); return {rgb: p.slice(0, 3), alpha: p.length > 3 ? p[3] : 1}; };
  const light = (rgb) => { const [r, g, b] = rgb.map((c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (element) => { for (let e = element; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.alpha === 1) return c.rgb; } return [255, 255, 255]; };
  const faint = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest(".unseen, noscript, script")) continue;
    seen += 1;
    const [a, b] = [light(parse(getComputedStyle(element).color).rgb), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return {seen, faint};
}"""

NAMES = """() => {
  const wrong = [];
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) wrong.push(`id ${id} twice`);
  for (const e of document.querySelectorAll("[aria-labelledby]")) if (!document.getElementById(e.getAttribute("aria-labelledby"))) wrong.push(`no ${e.getAttribute("aria-labelledby")}`);
  for (const e of document.querySelectorAll("a, button")) if (!e.textContent.trim() && !e.ariaLabel) wrong.push(`nameless ${e.outerHTML.slice(0, 80)}`);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) if (!e.labels.length && !e.ariaLabel) wrong.push(`no label for ${e.name}`);
  for (const e of document.querySelectorAll("svg")) if (e.getAttribute("aria-hidden") !== "true" && !(e.getAttribute("role") === "img" && e.ariaLabel)) wrong.push("a drawing without words");
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  for (const one of ["main", "nav", "header"]) if (!document.querySelector(one)) wrong.push(`no ${one}`);
  return wrong;
}"""


def paths(stage: Stage) -> list[str]:
    return [
        "/",
        "/visitors",
        f"/visitors/{stage.someone('mara').id}",
        f"/visitors/{stage.someone('long').id}",
        "/alerts",
        "/set-up",
        "/set-up/settings?saved=true",
        "/health",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_has_enough_contrast(stage: Stage, window: Window, browser: Browser, scheme: str) -> None:
    await stage.happens(*morning(stage))
    await window.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in paths(stage):
        await window.page.goto(stage.url + path)
        found = await window.page.evaluate(CONTRAST)
        assert found["seen"] > 10, path
        assert found["faint"] == [], path


@pytest.mark.parametrize("width", [1280, 800, 390, 320])
async def test_nothing_scrolls_sideways(stage: Stage, window: Window, width: int) -> None:
    await stage.happens(*morning(stage))
    await window.page.set_viewport_size({"width": width, "height": 844})
    for path in paths(stage):
        await window.page.goto(stage.url + path)
        assert await window.sideways() <= 0, path


@pytest.mark.parametrize("width", [1280, 390])
async def test_whatever_strangers_write_is_cut_with_the_whole_on_hover(
    stage: Stage, window: Window, width: int
) -> None:
    endless = "x" * 1_900
    someone = stage.someone("endless", demo=True)
    for number, path in enumerate(("/pricing", "/demo", "/contact", "/compare")):
        someone.reads(path, ago=minutes(9 - number), seconds=30, campaign={"source": endless, "name": endless})
    someone.introduces("e@endless.example", ago=minutes(4), company=endless, name=endless, job_title=endless)
    someone.does(endless, ago=minutes(3), path=f"/{endless}")
    someone.reads(f"/{endless}", ago=minutes(2), seconds=30, title=endless)
    await stage.happens(someone)
    await window.page.set_viewport_size({"width": width, "height": 844})
    for path in ("/", "/visitors", f"/visitors/{someone.id}", "/alerts", "/set-up", f"/visitors?q={endless}"):
        await window.page.goto(stage.url + path)
        assert await window.sideways() <= 0, path
        clipped = "[...document.querySelectorAll('.row, .notice, .visit, .person, dl.facts')].map((e) => [e.scrollWidth - e.clientWidth, e.offsetHeight])"
        for wider, height in await window.page.evaluate(clipped):
            assert wider <= 0, path
            assert height < 500, path
    await window.page.goto(f"{stage.url}/visitors/{someone.id}")
    assert await window.page.locator(".live .cut").get_attribute("title") == f"/{endless}"


@pytest.mark.parametrize("width", [1280, 390])
async def test_how_often_survives_where_a_sign_is_cut(stage: Stage, window: Window, width: int) -> None:
    often = stage.someone("often")
    for number in range(3):
        often.reads(f"/case-studies/{number}", ago=minutes(200 - 65 * number), seconds=30)
    await stage.happens(often)
    await window.page.set_viewport_size({"width": width, "height": 844})
    await window.page.goto(stage.url + "/visitors")
    count = window.page.locator(".chip .whole").first
    await expect(count).to_have_text("×3")
    fits = "(e) => e.getBoundingClientRect().right <= e.closest('.chip').getBoundingClientRect().right"
    assert await count.evaluate(fits)


@pytest.mark.parametrize("width", [1280, 390])
async def test_heads_and_options_are_never_broken_in_a_word(stage: Stage, window: Window, width: int) -> None:
    async with stage.runtime.database.begin() as tx:
        row = {"site_id": stage.site.id, "day": stage.now.date(), "reason": "no_identity"}
        await tx.execute(insert(drops).values(**row, count=1_234_567, last_at=stage.now))
    await window.page.set_viewport_size({"width": width, "height": 844})
    await window.page.goto(stage.url + "/set-up")
    lines = "(all) => all.map((e) => { const range = document.createRange(); range.selectNodeContents(e); return range.getClientRects().length; })"
    heads = await window.page.locator("thead th:visible").evaluate_all(lines)
    options = await window.page.locator("code .option").evaluate_all(lines)
    assert len(heads) >= 2
    assert len(options) >= 5
    assert {*heads, *options} == {1}


async def test_everything_has_a_name_and_pages_raise_no_complaint(stage: Stage, window: Window) -> None:
    await stage.happens(*morning(stage))
    for path in paths(stage):
        await window.page.goto(stage.url + path)
        assert await window.page.evaluate(NAMES) == [], path
    assert window.complaints == []


async def test_a_row_takes_sixty_pixels_on_a_desk(stage: Stage, window: Window) -> None:
    await stage.happens(*morning(stage))
    await window.page.goto(stage.url + "/visitors")
    heights = await window.page.evaluate(
        "[...document.querySelectorAll('.row')].map((row) => Math.round(row.getBoundingClientRect().height))"
    )
    assert len(heights) >= 10
    assert max(heights) <= 62


async def test_on_a_phone_the_rail_is_a_bar_below(stage: Stage, window: Window) -> None:
    await window.page.set_viewport_size({"width": 390, "height": 844})
    box = await window.page.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts").bounding_box()
    assert box is not None
    assert box["y"] > 780
    assert box["height"] >= 24


@pytest.mark.parametrize("role", ["admin", "rep"])
async def test_on_a_phone_health_and_the_way_out_are_under_more(stage: Stage, browser: Browser, role: str) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(await stage.sign_in_link(email=f"{role}@fernhall.example", role=role))
    await page.wait_for_url(stage.url + "/")
    health, out = page.get_by_role("link", name="Health"), page.get_by_role("button", name="Sign out")
    await expect(out).to_be_hidden()
    await page.get_by_role("button", name="More").press("Enter")
    await expect(out).to_be_in_viewport()
    await page.keyboard.press("Tab")
    await expect(health).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(out).to_be_hidden()
    await page.get_by_role("button", name="More").click()
    await health.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Health")
    await page.get_by_role("button", name="More").click()
    await out.click()
    await page.wait_for_url(stage.url + "/sign-in")
    await context.close()


async def test_whoever_wants_no_motion_sees_none(stage: Stage, window: Window) -> None:
    await stage.happens(*morning(stage))
    await window.page.emulate_media(reduced_motion="reduce")
    await window.page.goto(stage.url + "/")
    moving = "[...document.querySelectorAll('*')].flatMap((e) => ['', '::before'].map((p) => getComputedStyle(e, p || null).animationName)).filter((n) => n !== 'none')"
    assert await window.page.evaluate(moving) == []
    await window.page.emulate_media(reduced_motion="no-preference")
    assert "breathe" in await window.page.evaluate(moving)


async def test_the_keyboard_shows_where_it_is(stage: Stage, window: Window) -> None:
    await window.page.keyboard.press("Tab")
    assert await window.page.evaluate("document.activeElement.textContent") == "Skip to the page"
    for _ in range(8):
        drawn = await window.page.evaluate(
            "(() => { const e = document.activeElement; const own = getComputedStyle(e); const around = getComputedStyle(e.parentElement);"
            " return own.outlineStyle !== 'none' || around.outlineStyle !== 'none'; })()"
        )
        assert drawn, await window.page.evaluate("document.activeElement.outerHTML")
        await window.page.keyboard.press("Tab")


async def test_the_snippet_can_be_copied(stage: Stage, window: Window) -> None:
    await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await window.page.goto(stage.url + "/set-up")
    await window.page.get_by_role("button", name="Copy").first.click()
    await window.page.get_by_role("button", name="Copied").wait_for()
    copied = await window.page.evaluate("navigator.clipboard.readText()")
    assert copied == f'<script async src="{stage.url}/leadlight.js" data-key="{stage.site.write_key}"></script>'
