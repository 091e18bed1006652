"""What the pages show, without a browser."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from sqlalchemy import insert

from leadlight.store.tables import drops
from services.console import words
from tests.infra.parts import free_port
from tests.services.console.cast import minutes, morning
from tests.services.console.conftest import Visit
from tests.services.console.stage import Stage, open_stage

PAGES = ("/", "/visitors", "/alerts", "/set-up", "/health")


def words_of(html: str) -> str:
    """The text of a page as somebody reads it: without markup, in one line."""
    body = re.sub(r"<(script|style|title)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


async def test_an_empty_console_says_what_will_appear_and_what_to_do_now(admin: Visit) -> None:
    now = words_of(await admin.read("/"))
    assert "Nobody has been here yet" in now
    assert "Get the snippet" in now
    assert "leadlight demo" in now
    assert "No visitors yet" in await admin.read("/visitors")
    assert "No alerts yet" in await admin.read("/alerts")
    assert "Waiting for the first page view" in await admin.read("/set-up")
    assert "everything works" in await admin.read("/health")


async def test_now_shows_who_is_here_hottest_first_and_who_was_here_before(stage: Stage, admin: Visit) -> None:
    await stage.happens(*morning(stage))
    html = await admin.read("/")
    text = words_of(html)
    assert "5 people on the site" in text
    order = [
        "Mara Lindqvist",
        "Someone at Halden Logistics",
        "Tomasz Wilk",
        "Unknown visitor",
        "Last 24 hours",
        "Per Sandahl",
    ]
    places = [text.index(name) for name in order]
    assert places == sorted(places)
    assert "turned hot" in text
    assert "/pricing" in text[text.index("Where they are") :]
    assert stage.someone("bot").id not in html


async def test_a_visitors_reasons_add_up_to_the_score(stage: Stage, admin: Visit) -> None:
    tomasz = stage.someone("tomasz")
    await stage.happens(*morning(stage))
    html = await admin.read(f"/visitors/{tomasz.id}")
    shown = re.search(r"Why (\d+)", html)
    assert shown is not None
    points = [int(found.replace("−", "-")) for found in re.findall(r'class="pts (?:plus|minus)">([+−]\d+)<', html)]
    assert len(points) >= 3
    assert sum(points) == int(shown[1])


async def test_a_visitors_page_says_who_where_why_and_what_to_do(stage: Stage, admin: Visit) -> None:
    mara = stage.someone("mara")
    await stage.happens(*morning(stage))
    text = words_of(await admin.read(f"/visitors/{mara.id}"))
    for said in (
        "Head of Purchasing, Norrvik Foods",
        "on /pricing for 1 min",
        "dotted: hot from 70",
        "from newsletter (email), campaign autumn offer",
        "Form Submitted",
        "by work e-mail, 0.95 sure",
        "Also on Phone, Safari 18",
        "Per Sandahl",
        "great interest",
    ):
        assert said in text
    assert 'class="cell hot" aria-current="true"' in await admin.read(f"/visitors/{mara.id}")


async def test_an_introduction_between_two_visits_is_shown_between_them(stage: Stage, admin: Visit) -> None:
    someone = (
        stage.someone("between")
        .introduces("old@fernhall-customers.example", ago=timedelta(days=9), name="Before Everything")
        .reads("/first-visit", ago=timedelta(days=6))
        .introduces("nora@norrvik.example", ago=timedelta(days=4), company="Norrvik", name="Nora Between")
        .reads("/second-visit", ago=minutes(2))
    )
    await stage.happens(someone)
    html = await admin.read(f"/visitors/{someone.id}")
    text = words_of(html[html.index('id="h-visits"') : html.index('id="h-grade"')])
    order = ["/second-visit", "/first-visit", "Before Everything", "Nora Between"]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert f"Nora Between {words.day(stage.now - timedelta(days=4), stage.now)}, " in text


async def test_who_has_only_been_named_or_reported_on_is_not_shown_as_on_the_site(stage: Stage, admin: Visit) -> None:
    named = stage.someone("named").introduces("n@norrvik.example", ago=minutes(1), company="Norrvik", name="Nora Named")
    reported = stage.someone("reported").reads("/pricing", ago=minutes(2), seconds=60)
    del reported.events[0]  # the page view itself never came
    await stage.happens(named, reported)
    html = await admin.read("/")
    assert "nobody on the site" in html
    assert "No page yet" not in html
    assert named.id not in html
    assert reported.id not in html


async def test_a_demo_visitor_is_marked_as_such(stage: Stage, admin: Visit) -> None:
    await stage.happens(stage.someone("d", demo=True).reads("/", ago=minutes(1)))
    assert '<span class="chip" title="Made by leadlight demo">demo</span>' in await admin.read("/")


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("?intent=hot", "Mara Lindqvist", "Tomasz Wilk"),
        ("?intent=cold", "Oona Laine", "Mara Lindqvist"),
        ("?known=contact", "Per Sandahl", "Halden Logistics"),
        ("?known=company", "Halden Logistics", "Unknown visitor"),
        ("?q=norrvik", "Per Sandahl", "Tomasz Wilk"),
        ("?q=TOMASZ+steel", "Tomasz Wilk", "Mara Lindqvist"),
        ("?q=bramasteel.example", "Tomasz Wilk", "Mara Lindqvist"),
        ("?q=%25", "Nobody matches", "Tomasz Wilk"),
        ("?q=%00%27%22%3B--", "Nobody matches", "Tomasz Wilk"),
        ("?page=99", "No further visitors", "Tomasz Wilk"),
    ],
)
async def test_visitors_can_be_filtered_and_searched(
    stage: Stage, admin: Visit, query: str, there: str, not_there: str
) -> None:
    await stage.happens(*morning(stage))
    text = words_of(await admin.read(f"/visitors{query}"))
    assert there in text
    assert not_there not in text


async def test_a_long_list_is_turned_page_by_page(stage: Stage, admin: Visit) -> None:
    await stage.happens(*(stage.someone(f"v{n}").reads("/", ago=minutes(10 + n)) for n in range(60)))
    first = await admin.read("/visitors")
    second = await admin.read("/visitors?page=2")
    assert (first.count("data-row="), second.count("data-row=")) == (50, 10)
    assert not set(re.findall(r'data-row="([^"]+)"', first)) & set(re.findall(r'data-row="([^"]+)"', second))
    assert 'href="/visitors?page=2"' in first


async def test_another_sites_visitor_and_alert_are_not_here(stage: Stage, admin: Visit) -> None:
    other = await stage.another_site("Other", "other.example")
    hot = (
        stage.someone("theirs", site=other.id)
        .reads("/pricing", ago=minutes(5), seconds=30)
        .reads("/demo", ago=minutes(4), seconds=30)
        .introduces("a@theirs.example", ago=minutes(3), company="Theirs", name="Their Visitor")
        .reads("/contact", ago=minutes(2), seconds=30)
    )
    await stage.happens(hot)
    assert "Nothing here" in await admin.read(f"/visitors/{hot.id}", status=404)
    assert "Their Visitor" not in await admin.read("/visitors")
    assert "Their Visitor" not in await admin.read("/visitors?q=their")
    assert "Their Visitor" not in await admin.read("/alerts")


async def test_monitors_may_ask_for_the_head_of_every_page(stage: Stage, admin: Visit, stranger: Visit) -> None:
    await stage.happens(*morning(stage))
    for path in (*PAGES, f"/visitors/{stage.someone('mara').id}", "/favicon.svg"):
        async with admin.http.head(admin.url + path, allow_redirects=False) as answer:
            assert (path, answer.status, await answer.read()) == (path, 200, b"")
    for path, status in (("/", 303), ("/sign-in", 200), ("/nothing", 404)):
        async with stranger.http.head(stranger.url + path, allow_redirects=False) as answer:
            assert (path, answer.status) == (path, status)


@pytest.mark.parametrize("path", ["/visitors/%00", "/visitors/nobody", "/alerts/%00", "/alerts/1", "/no-such-page"])
async def test_what_does_not_exist_is_said_plainly(admin: Visit, path: str) -> None:
    assert "Nothing here" in await admin.read(path, status=404)


async def test_a_misshapen_address_is_no_error_of_ours(admin: Visit) -> None:
    assert "That did not work" in await admin.read("/visitors?page=minus-one", status=422)
    assert "That did not work" in await admin.read("/visitors?intent=boiling", status=422)


async def test_opening_an_alert_leads_to_its_visitor_and_marks_it_as_seen(stage: Stage, admin: Visit) -> None:
    await stage.happens(*morning(stage))
    before = await admin.read("/alerts")
    assert "2 new" in words_of(before)
    alert = re.search(r'href="(/alerts/[0-9a-f-]{36})"', before)
    assert alert is not None
    assert "Someone at Halden Logistics" in await admin.read(alert[1])
    assert "1 new" in words_of(await admin.read("/alerts"))
    async with admin.http.post(admin.url + "/alerts/seen") as answer:
        assert " new" not in words_of(await answer.text())


async def test_what_is_learnt_days_later_is_listed_and_asks_for_nothing(stage: Stage, admin: Visit) -> None:
    past = stage.someone("imported")
    for path in ("/pricing", "/demo", "/contact", "/compare/fluorescent", "/case-studies/foundry"):
        past.reads(path, ago=timedelta(days=1), seconds=30)
    await stage.happens(past)
    text = words_of(await admin.read("/alerts"))
    assert "turned hot" in text
    assert "learnt later" in text
    assert " new" not in text
    assert "turned hot" not in words_of(await admin.read("/"))


async def test_reps_look_but_do_not_set_up(stage: Stage, stranger: Visit) -> None:
    link = await stage.sign_in_link(email="rep@fernhall.example", role="rep")
    assert await stranger.sign_in(link) == 303
    assert 'href="/set-up"' not in await stranger.read("/")
    assert "for admins" in await stranger.read("/set-up", status=403)


async def test_set_up_gives_the_snippet_and_says_when_page_views_arrive(stage: Stage, admin: Visit) -> None:
    snippet = f"&lt;script async src=&#34;{stage.url}/leadlight.js&#34; data-key=&#34;{stage.site.write_key}&#34;&gt;"
    assert snippet in await admin.read("/set-up")
    await stage.happens(stage.someone("first").reads("/", ago=minutes(0)))
    text = words_of(await admin.read("/set-up"))
    assert "Page views arrive" in text
    assert "Waiting for the first page view" not in text


async def test_refused_events_are_counted_with_an_explanation(stage: Stage, admin: Visit) -> None:
    now = stage.now
    async with stage.runtime.database.begin() as tx:
        for ago, count in ((0, 1_200), (3, 34), (30, 9_000)):
            at = now - timedelta(days=ago)
            row = {"site_id": stage.site.id, "day": at.date(), "reason": "no_identity", "count": count, "last_at": at}
            await tx.execute(insert(drops).values(**row))
    text = words_of(await admin.read("/set-up"))
    assert "1,234" in text
    assert "no anonymous id and no user id" in text


async def test_an_admin_can_add_a_site_and_sees_what_was_wrong_with_it(stage: Stage, admin: Visit) -> None:
    async with admin.http.post(admin.url + "/set-up/sites", data={"name": "Ash", "domain": "no domain"}) as answer:
        assert answer.status == 400
        text = await answer.text()
    assert "is not a domain" in text
    assert 'value="no domain"' in text
    async with admin.http.post(admin.url + "/set-up/sites", data={"name": "Ash", "domain": "ash.example"}) as answer:
        assert answer.status == 200
    set_up = await admin.read("/set-up")
    assert "Paste this into every page of ash.example" in set_up
    assert "admin, you" in set_up  # who added it is its first admin, and never signed in to it


@pytest.mark.postgres
async def test_every_page_is_the_same_on_postgresql(tmp_path: Path, postgres_database: str) -> None:
    async with (
        open_stage(tmp_path, free_port(), database_url=postgres_database) as stage,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as http,
    ):
        await stage.happens(*morning(stage))
        visit = Visit(http, stage.url)
        await visit.sign_in(await stage.sign_in_link())
        texts = {path: words_of(await visit.read(path)) for path in PAGES}
        assert "5 people on the site" in texts["/"]
        assert texts["/"].index("Mara Lindqvist") < texts["/"].index("Someone at Halden Logistics")
        assert "Farid" not in texts["/visitors"]
        assert "2 new" in texts["/alerts"]
        assert "Per Sandahl" in await visit.read("/visitors?q=norrvik&known=contact&sort=hottest")
        assert "Norrvik Foods" in await visit.read(f"/visitors/{stage.someone('mara').id}")
