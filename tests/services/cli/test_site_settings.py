"""A site's settings and the past by command: shown, checked, changed, traced, applied and taken back."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services.cli.command import leadlight
from tests.services.cli.running import up
from tests.services.cli.test_up import fetch

SITE = ("--site", "shop.example")


def add_site(data: Path) -> Any:
    return leadlight(data, "site", "add", "Shop", "--domain", "shop.example", "--json").json


def test_settings_shown_can_be_edited_and_given_back(tmp_path: Path) -> None:
    add_site(tmp_path)
    shown = leadlight(tmp_path, "site", "settings", "show", *SITE)
    document = yaml.safe_load(shown.out)
    assert document["privacy"] == "identified"
    document |= {"excluded_paths": ["/intern/*"], "privacy_by_country": {"DE": "pseudonymous"}}
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(document))
    dry = leadlight(tmp_path, "site", "settings", "set", str(file), *SITE, "--dry-run", "--json").json
    assert (dry["dry_run"], dry["version"]) == (True, 1)
    done = leadlight(tmp_path, "site", "settings", "set", str(file), *SITE, "--json").json
    assert (
        done["changed"]
        == dry["changed"]
        == [
            "excluded_paths: + /intern/*",
            "privacy_by_country: DE as everywhere -> pseudonymous",
        ]
    )
    told = leadlight(tmp_path, "site", "settings", "show", *SITE, "--json").json
    assert (told["site"], told["version"], told["settings"]) == ("shop.example", 2, document)
    assert "Nothing changes" in leadlight(tmp_path, "site", "settings", "set", str(file), *SITE).err


def test_single_levels_are_changed_and_the_tag_follows(tmp_path: Path) -> None:
    add_site(tmp_path)
    assert leadlight(tmp_path, "site", "settings", "history", *SITE, "--json").json == []
    words = ("--privacy", "company_only", "--country", "de=none", "--country", "France=none")
    done = leadlight(tmp_path, "site", "settings", "set", *SITE, *words)
    assert done.code == 0
    assert "leadlight site snippet --site shop.example" in done.err  # pages go on with the old tag until then
    (site,) = leadlight(tmp_path, "site", "list", "--json").json
    assert site["snippet"].endswith(' data-mode="cookieless"></script>')
    back = leadlight(tmp_path, "site", "settings", "set", *SITE, "--country", "DE=", "--privacy", "pseudonymous")
    assert back.out.splitlines() == [
        "privacy: company_only -> pseudonymous",
        "privacy_by_country: DE none -> as everywhere",
    ]
    (site,) = leadlight(tmp_path, "site", "list", "--json").json
    assert "data-mode" not in site["snippet"]
    versions = leadlight(tmp_path, "site", "settings", "history", *SITE, "--json").json
    assert [(version["version"], version["by"]) for version in versions] == [(3, "command line"), (2, "command line")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--privacy", "low"], "privacy: 'low' is no level"),
        (["--country", "XX=none"], "'XX' is no country"),
        (["--country", "DE"], "expected a country and a level"),
        ([], "either a document or single fields"),
        (["FILE", "--privacy", "none"], "either a document or single fields"),
        (["FILE"], "excluded_networks: '203.0.113.7/24' does not begin where its range does"),
        (["FILE"], "excluded_paths: 'intern' does not begin with a slash"),
    ],
)
def test_a_mistake_changes_nothing_and_ends_with_2(tmp_path: Path, words: list[str], told: str) -> None:
    add_site(tmp_path)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"excluded_paths": ["intern"], "excluded_networks": ["203.0.113.7/24"]}))
    given = [str(file) if word == "FILE" else word for word in words]
    done = leadlight(tmp_path, "site", "settings", "set", *SITE, *given)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert leadlight(tmp_path, "site", "settings", "show", *SITE, "--json").json["version"] == 1


def test_applying_asks_first_or_wants_a_yes(tmp_path: Path) -> None:
    add_site(tmp_path)
    assert leadlight(tmp_path, "hide", "apply", *SITE).code == 2
    assert leadlight(tmp_path, "hide", "apply", *SITE, "--yes", "--json").json["done"] is True
    told = leadlight(tmp_path, "hide", "preview", *SITE, "--json").json
    assert told["hides"] == dict.fromkeys(("visitors", "contacts", "companies", "page_views", "events", "alerts"), 0)
    leadlight(tmp_path, "site", "settings", "set", *SITE, str(networks(tmp_path)))
    assert "addresses are not kept" in leadlight(tmp_path, "hide", "preview", *SITE).out


def networks(folder: Path) -> Path:
    file = folder / "networks.yaml"
    file.write_text("excluded_networks: [203.0.113.0/24]")
    return file


def test_own_people_disappear_from_the_feed_with_all_they_did_and_come_back(tmp_path: Path, free_port: int) -> None:
    with up(tmp_path, "--port", str(free_port), "--no-demo-site") as running:
        site = add_site(tmp_path)
        key = leadlight(tmp_path, "key", "add", "crm", *SITE, "--json").json["key"]

        def post(*calls: dict[str, Any]) -> None:
            body = {"writeKey": site["write_key"], "batch": list(calls)}
            assert fetch(f"{running['collector']}/v1/batch", body)[0] == 200

        def visitors() -> dict[str, int]:
            _, body = fetch(f"{running['feed']}/visitors", Authorization=f"Bearer {key}")
            return {one["anonymous_id"]: one["page_views"] for one in json.loads(body)["data"]}

        def until(wanted: dict[str, int]) -> None:
            end = time.monotonic() + 30
            while (found := visitors()) != wanted:
                assert time.monotonic() < end, found
                time.sleep(0.2)

        def page(who: str, path: str, id: str) -> dict[str, Any]:
            url = f"https://shop.example{path}"
            return {"type": "page", "anonymousId": who, "messageId": id, "properties": {"url": url, "path": path}}

        identify = {"type": "identify", "anonymousId": "lee", "traits": {"email": "lee@shop.example"}}
        post(page("lee", "/", "1"), identify, page("ann", "/intern/wiki", "2"), page("ann", "/", "3"))
        until({"lee": 1, "ann": 2})
        wishes = tmp_path / "wishes.yaml"
        wishes.write_text('excluded_emails: ["*@shop.example"]\nexcluded_paths: [/intern/*]\n')
        assert leadlight(tmp_path, "site", "settings", "set", str(wishes), *SITE).code == 0
        told = leadlight(tmp_path, "hide", "preview", *SITE, "--json").json
        assert (told["hides"]["visitors"], told["hides"]["page_views"]) == (1, 2)
        assert told["examples"]["contacts"] == ["lee@shop.example"]
        assert leadlight(tmp_path, "hide", "apply", *SITE, "--yes").code == 0
        assert visitors() == {"ann": 1}

        kim = {"type": "identify", "anonymousId": "kim", "traits": {"email": "kim@shop.example"}}
        post(page("kim", "/", "4"), kim)
        post(page("ann", "/pricing", "5"))
        until({"ann": 2})

        wishes.write_text("{}")
        assert leadlight(tmp_path, "site", "settings", "set", str(wishes), *SITE).code == 0
        back = leadlight(tmp_path, "hide", "apply", *SITE, "--yes", "--json").json
        assert back["shows_again"] == {"visitors": 2, "page_views": 3}
        assert visitors() == {"lee": 1, "ann": 3, "kim": 1}
