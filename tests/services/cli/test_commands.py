"""Commands of owners and operators: results on stdout, reasons on stderr, 0 done, 1 failed, 2 wrong usage."""

import json
from pathlib import Path

import pytest

from leadlight.settings import VARIABLES
from tests.services.cli.command import leadlight


def test_the_help_explains_every_command_and_every_variable(tmp_path: Path) -> None:
    text = leadlight(tmp_path, "--help").out
    for command in ("up", "run", "migrate", "topics", "site", "key", "user", "webhook", "demo", "doctor"):
        assert f" {command} " in text
    for variable in VARIABLES:
        assert variable in text


def test_a_site_is_added_listed_and_let_into(tmp_path: Path) -> None:
    site = leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example", "--json").json
    assert set(site) == {"id", "name", "domain", "write_key", "snippet"}
    assert f'data-key="{site["write_key"]}"' in site["snippet"]
    assert leadlight(tmp_path, "site", "list", "--json").json == [site]

    key = leadlight(tmp_path, "key", "add", "crm", "--site", site["id"], "--scope", "read,write", "--json").json
    assert set(key) == {"id", "key"}
    (listed,) = leadlight(tmp_path, "key", "list", "--site", "shop.example", "--json").json
    assert listed["id"] == key["id"]
    assert key["key"] not in str(listed)

    user = leadlight(
        tmp_path, "user", "add", "ann@shop.example", "--role", "admin", "--site", "shop.example", "--json"
    ).json
    assert set(user) == {"id", "sign_in"}
    assert "/sign-in/" in user["sign_in"]

    assert leadlight(tmp_path, "user", "remove", "Ann@shop.example", "--site", "shop.example", "--json").json["removed"]
    assert leadlight(tmp_path, "user", "list", "--site", "shop.example", "--json").json == []

    hook = leadlight(tmp_path, "webhook", "add", "https://crm.example/hook", "--site", site["id"], "--json").json
    assert set(hook) == {"id", "secret"}
    assert hook["secret"].startswith("whsec_")


def test_a_sign_in_link_leads_to_the_public_address(tmp_path: Path) -> None:
    leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example")
    extra = {"LEADLIGHT_PUBLIC_URL": "https://leads.shop.example/"}
    user = leadlight(tmp_path, "user", "add", "ann@shop.example", "--site", "shop.example", "--json", extra=extra).json
    assert user["sign_in"].startswith("https://leads.shop.example/sign-in/")


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (["site", "add", "Shop", "--domain", "no domain"], "not a domain", 2),
        (["site", "add", "  ", "--domain", "shop.example"], "name", 2),
        (["site", "add", "Again", "--domain", "old.example"], "there already", 1),
        (["key", "add", "crm", "--site", "nope.example"], "nope.example", 1),
        (["key", "add", "crm", "--site", "old.example", "--scope", "admin"], "read, write, ingest", 2),
        (["user", "add", "ann", "--site", "old.example"], "e-mail", 2),
        (["user", "add", "ann@shop.example", "--site", "old.example", "--role", "king"], "admin, rep", 2),
        (["webhook", "add", "crm.example", "--site", "old.example"], "web address", 2),
        (["webhook", "add", "http://a b/", "--site", "old.example"], "web address", 2),
        (["webhook", "add", "https://crm.example", "--site", "old.example", "--types", "x"], "visitor.hot", 2),
        (["demo"], "running", 1),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(tmp_path: Path, words: list[str], told: str, code: int) -> None:
    leadlight(tmp_path, "site", "add", "Old", "--domain", "old.example")
    extra = {"LEADLIGHT_PORT": "1"}
    outcome = leadlight(tmp_path, *words, extra=extra)
    assert outcome.code == code
    assert outcome.out == ""
    assert told in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("words", [["nonsense"], ["site", "add"], ["run"], ["run", "cook"], ["up", "--port", "high"]])
def test_wrong_usage_is_told_from_failure(tmp_path: Path, words: list[str]) -> None:
    assert leadlight(tmp_path, *words).code == 2


def test_a_misspelt_variable_ends_the_start_with_the_right_name(tmp_path: Path) -> None:
    outcome = leadlight(tmp_path, "up", extra={"LEADLIGHT_DATABSE_URL": "x"})
    assert outcome.code == 1
    assert "LEADLIGHT_DATABSE_URL" in outcome.err
    assert "LEADLIGHT_DATABASE_URL" in outcome.err


def test_services_that_share_a_log_need_the_same_secret(tmp_path: Path) -> None:
    outcome = leadlight(tmp_path, "run", "scorer", extra={"LEADLIGHT_BUS_URL": "kafka://127.0.0.1:1"})
    assert outcome.code == 1
    assert "LEADLIGHT_SECRET" in outcome.err


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    assert leadlight(tmp_path, "migrate", "--json").json["changed"] is True
    assert leadlight(tmp_path, "migrate", "--json").json["changed"] is False


def test_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    broken = leadlight(tmp_path, "doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(broken.out)}
    assert broken.code == 1
    assert findings["database"]["state"] == "fail"
    assert findings["database"]["do"] == "leadlight migrate"

    leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example")
    sound = leadlight(tmp_path, "doctor", "--json")
    wanting = [finding for finding in sound.json if finding["state"] != "ok"]
    assert [(finding["check"], finding["state"]) for finding in wanting] == [("network data", "warn")] * 2
    assert {finding["do"] for finding in wanting} == {"leadlight data pull"}


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    occupied = tmp_path / "data"
    occupied.write_text("in the way")
    outcome = leadlight(occupied, "up")
    assert outcome.code == 1
    assert str(occupied) in outcome.err
    assert "LEADLIGHT_DATA" in outcome.err


def test_a_folder_without_data_is_not_taken_for_an_empty_installation(tmp_path: Path) -> None:
    outcome = leadlight(tmp_path / "elsewhere", "site", "list", "--json")
    assert outcome.code == 1
    assert "elsewhere" in outcome.err
    assert not (tmp_path / "elsewhere").exists()
