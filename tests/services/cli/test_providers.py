"""What an operator is told of paid services at a terminal."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.infra.names import open_name_server
from tests.services.cli.command import Outcome, leadlight
from tests.services.identifier.remote.service import PaidService, open_service, written

OFFICE = "203.0.113.7"


async def command(folder: Path, *words: str, resolvers: str = "off") -> Outcome:
    """Run a command while this process goes on serving it."""
    return await asyncio.to_thread(leadlight, folder, *words, extra={"LEADLIGHT_RESOLVERS": resolvers})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example")
    return tmp_path


async def test_a_question_is_answered_counted_and_paid(folder: Path) -> None:
    async with open_service() as service:
        (folder / "providers.yaml").write_text(written(service, price=0.02, monthly_budget=0.05), encoding="utf-8")
        service.says_recorded("ipinfo")
        asked = (await command(folder, "providers", "test", "ipinfo", OFFICE, "--json")).json
        assert asked["company"]["domain"] == "harbor-mills.example"
        assert asked["facts"]["name"] == "Harbor Mills AB"
        [names, row] = (await command(folder, "providers", "status", "--json")).json
        assert (names["name"], names["title"]) == ("reverse_dns", "off")
        shown = {
            name: row[name]
            for name in ("name", "title", "calls", "matches", "calls_left", "spent", "budget", "breaker")
        }
        assert shown == {
            "name": "ipinfo",
            "title": "IPinfo",
            "calls": 1,
            "matches": 1,
            "calls_left": 1,
            "spent": 0.02,
            "budget": 0.05,
            "breaker": "closed",
        }
        service.says("no", 401)
        refused = await command(folder, "providers", "test", "ipinfo", OFFICE)
        assert refused.code == 1
        assert "401" in refused.err
        assert "a-secret-key" not in refused.err + refused.out
        used_up = await command(folder, "providers", "test", "ipinfo", OFFICE)
        assert used_up.code == 1
        assert "used up" in used_up.err
        assert len(service.asked) == 2
        [_, row] = (await command(folder, "providers", "status", "--json")).json
        assert (row["breaker"], row["calls_left"]) == ("open", 0)
        assert "401" in row["error"]


async def test_names_can_be_tried_too(folder: Path) -> None:
    async with open_name_server() as names:
        names.call(OFFICE, "gateway.harbor-mills.example")
        words = ("providers", "test", "reverse_dns", OFFICE, "--class", "business", "--json")
        asked = (await command(folder, *words, resolvers=names.address)).json
    assert asked["company"]["domain"] == "harbor-mills.example"


async def test_mistakes_are_named(folder: Path) -> None:
    assert (await command(folder, "providers", "status")).code == 0
    for words, message in (
        (("providers", "test", "ipinfo", OFFICE), "no provider"),
        (("providers", "test", "reverse_dns", "10.0.0.7"), "private"),
        (("providers", "test", "reverse_dns", "somewhere"), "invalid"),
    ):
        refused = await command(folder, *words)
        assert (refused.code, message in refused.err) == (2, True), refused.err
    (folder / "providers.yaml").write_text(written(PaidService("nowhere")), encoding="utf-8")
    broken = await command(folder, "providers", "status")
    assert broken.code == 1
    assert "ipinfo: `url`" in broken.err
    findings = json.loads((await command(folder, "doctor", "--json")).out)
    [finding] = [one for one in findings if one["check"] == "paid services"]
    assert finding["state"] == "fail"
    assert "`url`" in finding["found"]
