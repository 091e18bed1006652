"""Links in the console: an owner makes one for a person or for a list, and finds the key for mailings that merge in a hash."""

import csv
import html
import io
import re

import pytest
from aiohttp import FormData
from playwright.async_api import Browser

from leadlight.core.intake import tracked_links
from leadlight.core.intake.landings import merge_hash
from leadlight.store.identity import mail_merge
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage
from tests.services.console.test_look import CONTRAST, NAMES

PAGE = "/set-up/links"
LIST = b"E-Mail;Name\nMara@Norrvik.example;Mara\nnobody;N\n\nida@solvind.example;Ida <b>\n"


async def send(admin: Visit, path: str, form: dict[str, str], file: bytes | None = None) -> tuple[int, str, str]:
    data = FormData(form)
    if file is not None:
        data.add_field("file", file, filename="people.csv", content_type="text/csv")
    async with admin.http.post(admin.url + path, data=data) as answer:
        return answer.status, answer.content_type, html.unescape(await answer.text())


async def test_a_link_for_one_person_is_shown_and_hides_them(stage: Stage, admin: Visit) -> None:
    wanted = {"email": "Mara@Norrvik.example", "campaign": "spring", "url": "", "days": "30"}
    status, _, text = await send(admin, PAGE, wanted)
    assert status == 200
    [token] = set(re.findall(r"/l/([\w-]+)", text))
    link = tracked_links.read(token, stage.runtime.secret)
    assert link is not None
    assert (link.site, link.person, link.campaign) == (stage.site.id, "mara@norrvik.example", "spring")
    assert link.url == f"https://{stage.site.domain}/"
    assert f"https://{stage.site.domain}/?ll={token}" in text
    for wrong, told in (({"email": "nobody"}, "is not an e-mail"), ({"url": "javascript:x"}, "is not a web address")):
        status, _, text = await send(admin, PAGE, wanted | wrong)
        assert status == 400
        assert told in text
    assert (await send(admin, PAGE, wanted | {"days": "0"}))[0] == 422


async def test_a_list_names_its_bad_lines_before_it_comes_back_with_links(stage: Stage, admin: Visit) -> None:
    status, kind, text = await send(admin, f"{PAGE}/list", {"campaign": "spring"}, LIST)
    assert (status, kind) == (400, "text/html")
    assert "1 bad line" in text
    assert "Line 3: 'nobody' is not an e-mail address" in text
    status, kind, text = await send(
        admin, f"{PAGE}/list", {"campaign": "spring", "anyway": "true", "honeypots": "true"}, LIST
    )
    assert (status, kind) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["E-Mail"], row["Name"]) for row in rows] == [
        ("Mara@Norrvik.example", "Mara"),
        ("ida@solvind.example", "Ida <b>"),
    ]
    for row, person in zip(rows, ("mara@norrvik.example", "ida@solvind.example"), strict=True):
        link = tracked_links.read(row["token"], stage.runtime.secret)
        trap = tracked_links.read(row["honeypot_link"].rpartition("/")[2], stage.runtime.secret)
        assert link is not None
        assert trap is not None
        assert (link.person, link.honeypot, trap.person, trap.honeypot) == (person, False, person, True)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"", "The list is empty"),
        (b"name,phone\nMara,1\n", "No column of the first line is called e-mail"),
        (b"email\n", "nobody in it"),
        (b"\xff\xfee\x00", "UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00" * 50, "No column of the first line is called e-mail"),
    ],
)
async def test_what_is_no_list_is_refused_with_the_reason(admin: Visit, file: bytes, told: str) -> None:
    status, kind, text = await send(admin, f"{PAGE}/list", {"campaign": "spring"}, file)
    assert (status, kind) == (400, "text/html")
    assert told in text


async def test_the_key_is_made_on_wish_shown_again_and_replaced_when_it_leaked(stage: Stage, admin: Visit) -> None:
    assert "No mailing of this site merges in a hash yet" in await admin.read(PAGE)

    async def key() -> str:
        [found] = set(re.findall(r"llm_[0-9a-f]{64}", await admin.read(PAGE)))
        return str(found)

    async def named(text: str, email: str) -> str | None:
        hash = merge_hash(text.encode(), email)
        async with stage.runtime.database.read() as connection:
            return (await mail_merge.people_of(connection, {(stage.site.id, hash)})).get((stage.site.id, hash))

    await send(admin, f"{PAGE}/key", {})
    first = await key()
    await send(admin, f"{PAGE}/key", {})
    assert await key() == first
    async with stage.runtime.database.begin() as connection:
        await mail_merge.remember(connection, stage.runtime.secret, [(stage.site.id, "mara@norrvik.example")])
    assert await named(first, "mara@norrvik.example") == "mara@norrvik.example"
    assert await named(first, "ida@solvind.example") is None, "a hash names nobody who is not known"
    await send(admin, f"{PAGE}/key", {"new": "true"})
    second = await key()
    assert second != first
    assert await named(first, "mara@norrvik.example") is None
    assert await named(second, "mara@norrvik.example") == "mara@norrvik.example"


async def test_a_stranger_sees_and_makes_nothing(stranger: Visit) -> None:
    async with stranger.http.get(stranger.url + PAGE, allow_redirects=False) as answer:
        assert answer.status == 303
    async with stranger.http.post(f"{stranger.url}{PAGE}/key", allow_redirects=False) as answer:
        assert answer.status == 401


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_everything_can_be_read_and_nothing_moves_sideways(
    stage: Stage, window: Window, browser: Browser, scheme: str
) -> None:
    await window.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await window.page.set_viewport_size({"width": 360, "height": 740})
    await window.page.goto(stage.url + PAGE)
    await window.page.click("text=Make the key")
    await window.page.fill("#one [name=email]", "mara@norrvik.example")
    await window.page.click("text=Make the link")
    await window.page.wait_for_selector("text=For mara@norrvik.example")
    await window.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert (await window.page.evaluate(CONTRAST))["faint"] == []
    assert await window.page.evaluate(NAMES) == []
    assert await window.sideways() <= 0
    assert window.complaints == []
