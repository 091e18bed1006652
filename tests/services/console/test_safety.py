"""Visitors write what reps read: nothing of it may run, and no other site may frame or script the console."""

import re
from html.parser import HTMLParser

import pytest

from tests.services.console.cast import minutes
from tests.services.console.conftest import Visit, Window
from tests.services.console.stage import Stage

NASTY = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"


class Attributes(HTMLParser):
    """The names of all attributes in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {name for name, _ in attrs}


async def nasty_visitor(stage: Stage) -> str:
    someone = (
        stage.someone("nasty")
        .reads(
            f"/{NASTY}", ago=minutes(4), seconds=20, title=NASTY, referrer=f"https://{NASTY}", url="javascript:alert(3)"
        )
        .reads("/pricing", ago=minutes(3), seconds=30, title=NASTY, campaign={"source": NASTY, "name": NASTY})
        .reads("/demo", ago=minutes(2), seconds=30, url="data:text/html,<script>alert(4)</script>")
        .does(NASTY, ago=minutes(2))
        .introduces("nasty@evil.example", ago=minutes(1), company=NASTY, name=NASTY, job_title=NASTY, phone=NASTY)
    )
    await stage.happens(someone)
    return someone.id


async def test_what_visitors_write_stays_text(stage: Stage, admin: Visit) -> None:
    visitor = await nasty_visitor(stage)
    for path in (
        "/",
        "/visitors",
        f"/visitors/{visitor}",
        "/alerts",
        f"/visitors?q={'%3Cscript%3Ealert(5)%3C/script%3E'}",
    ):
        html = await admin.read(path)
        assert "<img" not in html, path
        assert 'onerror=alert(1)>"' not in html, path
        assert re.findall(r"<script(?! defer src=\"/static/)[^>]*>", html) == [], path


async def test_only_web_addresses_become_links(stage: Stage, admin: Visit) -> None:
    html = await admin.read(f"/visitors/{await nasty_visitor(stage)}")
    targets = re.findall(r'href="([^"]*)"', html)
    assert any(target.startswith("https://www.fernhall.example/") for target in targets)
    assert [target for target in targets if not target.startswith(("/", "#", "https://"))] == []


@pytest.mark.chromium
async def test_nothing_that_visitors_write_runs_in_a_real_browser(stage: Stage, window: Window) -> None:
    visitor = await nasty_visitor(stage)
    shown: list[str] = []
    window.page.on("dialog", lambda dialog: shown.append(dialog.message))
    for path in ("/", "/visitors", f"/visitors/{visitor}", "/alerts"):
        await window.page.goto(stage.url + path)
        await window.page.wait_for_timeout(200)
    assert shown == []
    assert window.complaints == []


@pytest.mark.parametrize("path", ["/", "/sign-in", "/visitors", "/nothing", "/static/console.css"])
async def test_every_answer_forbids_inline_code_and_framing(admin: Visit, path: str) -> None:
    async with admin.http.get(admin.url + path, allow_redirects=False) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_pages_hold_no_inline_code_or_style(stage: Stage, admin: Visit) -> None:
    visitor = await nasty_visitor(stage)
    for path in ("/", "/visitors", f"/visitors/{visitor}", "/alerts", "/set-up", "/health", "/sign-in/x"):
        status = 410 if path == "/sign-in/x" else 200
        read = Attributes()
        read.feed(await admin.read(path, status=status))
        assert "href" in read.names, path
        assert [name for name in sorted(read.names) if name == "style" or name.startswith("on")] == [], path


async def test_pages_are_not_kept_and_built_files_are(admin: Visit) -> None:
    html = await admin.read("/")
    async with admin.http.get(admin.url + "/") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
    script = re.search(r'src="(/static/console\.js\?v=[0-9a-f]+)"', html)
    assert script is not None
    async with admin.http.get(admin.url + script[1]) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    async with admin.http.get(admin.url + "/static/../service.py") as answer:
        assert answer.status == 404
