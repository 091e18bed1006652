"""`leadlight check-install` and `leadlight drops`: what a person at a terminal sees, and what a script can rely on."""

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from tests.infra.web import html, open_website, sitemap
from tests.services.cli.command import Outcome, leadlight
from tests.services.cli.running import up
from tests.services.cli.test_up import fetch

ALLOW = {"LEADLIGHT_WEBHOOK_ALLOW": "127.0.0.0/8", "LEADLIGHT_PUBLIC_URL": "https://leads.shop.example"}


async def run(data: Path, *words: str, extra: dict[str, str] | None = None) -> Outcome:

    return await asyncio.to_thread(leadlight, data, *words, extra=extra)


@pytest.fixture
async def site(tmp_path: Path) -> dict[str, str]:
    made: dict[str, str] = (
        await run(tmp_path, "site", "add", "Shop", "--domain", "shop.example", "--json", extra=ALLOW)
    ).json
    return made


async def test_a_sitemap_is_reported_page_by_page_and_by_exit_code(tmp_path: Path, site: dict[str, str]) -> None:
    other = (await run(tmp_path, "site", "add", "Other", "--domain", "other.example", "--json", extra=ALLOW)).json
    async with open_website() as shop:
        shop.pages |= {"/good": html(site["snippet"]), "/wrong": html(other["snippet"])}
        shop.pages["/sitemap.xml"] = sitemap([shop.url + path for path in shop.pages])
        words = ("check-install", f"{shop.url}/sitemap.xml", "--site", "shop.example")
        wrong = await run(tmp_path, *words, "--json", extra=ALLOW)
        assert wrong.code == 1
        report = json.loads(wrong.out)
        assert (report["state"], report["ok"], report["fail"], report["kind"]) == ("fail", 1, 1, "sitemap")
        by_path = {page["url"].rpartition("/")[2]: page for page in report["pages"]}
        assert [remark["kind"] for remark in by_path["wrong"]["remarks"]] == ["wrong_key"]
        assert "other.example" in by_path["wrong"]["remarks"][0]["text"]
        told = await run(tmp_path, *words, extra=ALLOW)
        assert f"FAIL  {shop.url}/wrong" in told.out
        assert "2 pages: 1 ok, 1 wrong." in told.err

        shop.pages["/wrong"] = html("<script>/*GTM-ABC123*/</script>")
        good = await run(tmp_path, *words, extra=ALLOW)
        assert good.code == 0
        assert "open the page" in good.out.casefold()


async def test_an_address_on_this_machine_is_refused_with_the_way_to_allow_it(
    tmp_path: Path, site: dict[str, str]
) -> None:
    async with open_website() as shop:
        shop.pages["/"] = html(site["snippet"])
        refused = await run(tmp_path, "check-install", shop.url, "--site", site["id"])
        assert refused.code == 1
        assert "LEADLIGHT_WEBHOOK_ALLOW=127.0.0.0/8" in refused.out
        assert shop.asked == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["check-install", "ftp://x", "--site", "shop.example"], 2, "web address"),
        (["check-install", "shop.example", "--site", "nope.example"], 1, "nope.example"),
        (["check-install", "shop.example"], 2, "--site"),
        (["drops", "--site", "nope.example"], 1, "nope.example"),
        (["drops", "--site", "shop.example", "--days", "0"], 2, "--days"),
    ],
)
async def test_wrong_usage_is_told_from_failure(
    tmp_path: Path, site: dict[str, str], words: list[str], code: int, told: str
) -> None:
    outcome = await run(tmp_path, *words)
    assert outcome.code == code
    assert told in outcome.err
    assert "Traceback" not in outcome.err


async def test_drops_are_told_by_day_and_reason_with_what_to_do(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        site = (await run(tmp_path, "site", "add", "Shop", "--domain", "shop.example", "--json")).json
        batch = [
            {"type": "track", "anonymousId": "ann"},
            {"type": "page", "anonymousId": "null"},
            {"type": "page", "anonymousId": "ann"},
        ]
        body = {"writeKey": site["write_key"], "batch": batch}
        assert fetch(f"{running['collector']}/v1/batch", body)[0] == 200
        assert fetch(f"{running['collector']}/v1/batch", body | {"writeKey": "wk_wrong"})[0] == 401
        running["process"].terminate()
        running["process"].wait(30)  # what was counted is written down
    drops = (await run(tmp_path, "drops", "--site", "shop.example", "--json")).json
    assert {drop["reason"]: drop["count"] for drop in drops} == {"no_name": 1, "no_identity": 1}
    assert all(date.fromisoformat(drop["day"]) and drop["what"] and drop["do"] for drop in drops)
    told = await run(tmp_path, "drops", "--site", "shop.example")
    assert "no_name" in told.out
    assert "did not say what happened" in told.err
    assert "1 post was refused as a whole" in told.err
    (whole,) = (await run(tmp_path, "drops", "--json")).json
    assert (whole["reason"], whole["count"]) == ("refused_401", 1)
    assert "data-key" in whole["do"]
