"""Whose ranges are, laid down by command."""

from pathlib import Path

import pytest

from tests.services.cli.command import leadlight

SITE = ("--site", "shop.example")


def test_an_override_is_laid_down_listed_replaced_and_taken_out(tmp_path: Path) -> None:
    leadlight(tmp_path, "site", "add", "Shop", "--domain", "shop.example")
    words = ("companies", "override", "203.0.113.9/28", "www.kiln.example", "--name", "Kiln & Sons")
    done = leadlight(tmp_path, *words, *SITE, "--json").json
    assert done == {"range": "203.0.113.0/28", "domain": "kiln.example", "name": "Kiln & Sons"}
    leadlight(tmp_path, "companies", "override", "203.0.113.0/28", "loom.example", *SITE)
    [listed] = leadlight(tmp_path, "companies", "overrides", *SITE, "--json").json
    assert (listed["range"], listed["domain"], listed["name"]) == ("203.0.113.0/28", "loom.example", None)
    removed = leadlight(tmp_path, "companies", "remove-override", "203.0.113.0/28", *SITE, "--json")
    assert removed.json["removed"]
    again = leadlight(tmp_path, "companies", "remove-override", "203.0.113.0/28", *SITE, "--json")
    assert again.code == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("override", "10.0.0.0/8", "kiln.example"), "private"),
        (("override", "somewhere", "kiln.example"), "no address range"),
        (("override", "203.0.113.0/24", "co.uk"), "no company's domain"),
        (("override", "203.0.113.0/24", "ada@gmail.com"), "A mail service's names nobody"),
        (("correct", "v", "--scope", "world"), "no scope"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    refused = leadlight(tmp_path, "companies", *words, *SITE)
    assert refused.code == 2
    assert why in refused.err
