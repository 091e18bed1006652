"""Colleagues introduce themselves from one connection; the next stranger there is probably one of theirs, until a rep says
no; and again when that is taken back."""

import aiohttp
import pytest

from tests.journey.deployment import MODES, deployed
from tests.journey.server import domain_of, introduced, opened, viewed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OFFICE, CAFE = "203.0.113.7", "198.51.100.20"


@pytest.mark.parametrize("mode", MODES)
async def test_a_stranger_from_an_office_is_probably_of_its_company_until_a_rep_says_no(
    mode: str, request: pytest.FixtureRequest
) -> None:
    async with deployed(mode, request) as leadlight, aiohttp.ClientSession() as http:
        site = await opened(leadlight, http, "Shop")

        await site.post(viewed("early", OFFICE), viewed("drinker", CAFE))
        early = await site.visitor("early", lambda one: one["page_views"] == 1)
        assert early["company"] is None
        await site.post(introduced("ada", "ada@kiln.example", OFFICE, days_ago=2))
        await site.post(
            introduced("bela", "bela@kiln.example", OFFICE, days_ago=1),
            introduced("cy", "cy@kiln.example", OFFICE),
            introduced("dan", "dan@kiln.example", CAFE),
            introduced("eve", "eve@loom.example", CAFE),
        )
        early = await site.visitor("early", lambda one: domain_of(one) == "kiln.example")
        assert early["company"]["method"] == "first_party"
        assert 0.5 <= early["company"]["confidence"] < 0.9
        evidence = early["company"]["evidence"]
        assert (evidence["people"], evidence["days"], evidence["others"]) == ("3", "3", "0")
        await site.post(viewed("stranger", OFFICE), viewed("second-drinker", CAFE))
        stranger = await site.visitor("stranger", lambda one: domain_of(one) == "kiln.example")
        assert stranger["company"] == early["company"]
        for name in ("drinker", "second-drinker"):
            assert (await site.visitor(name, lambda one: one["page_views"] == 1))["company"] is None

        made = await site.ask(f"/visitors/{stranger['id']}/company-corrections", method="POST", body={})
        assert (made["company"], made["wrong"], made["scope"]) == ("kiln.example", True, "connection")
        assert made["visitors"] == 5
        for name in ("stranger", "early"):
            await site.visitor(name, lambda one: one["company"] is None)
        await site.post(viewed("later", OFFICE))
        assert (await site.visitor("later", lambda one: one["page_views"] == 1))["company"] is None
        ada = await site.visitor("ada", lambda one: one["contact"] is not None)
        assert (domain_of(ada), ada["company"]["method"]) == ("kiln.example", "work_email")

        await site.ask(f"/company-corrections/{made['id']}", method="DELETE")
        for name in ("stranger", "early", "later"):
            back = await site.visitor(name, lambda one: domain_of(one) == "kiln.example")
            assert back["company"] == early["company"]
