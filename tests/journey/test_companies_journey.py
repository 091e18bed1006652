"""Colleagues introduce themselves from one connection; the next stranger there is probably one of theirs, until a rep says
no; and again when that is taken back."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tests.journey.deployment import MODES, deployed, key_add, site_add

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OFFICE, CAFE = "203.0.113.7", "198.51.100.20"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
SOON_SECONDS = 30

Visitor = dict[str, Any]


@dataclass
class Site:
    """A site, written to as its own server does, and read as an integrator does."""

    collector: str
    feed: str
    ingest: str
    key: str
    http: aiohttp.ClientSession

    async def post(self, *calls: dict[str, Any]) -> None:
        body = {"batch": calls, "sentAt": datetime.now(UTC).isoformat(), "writeKey": self.ingest}
        async with self.http.post(f"{self.collector}/v1/batch", json=body) as answer:
            assert answer.status == 200, await answer.text()
            assert (await answer.json())["success"] is True

    async def ask(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.http.request(method, f"{self.feed}/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def visitor(self, name: str, until: Callable[[Visitor], bool]) -> Visitor:
        """The browser of this name, as soon as it is as expected."""
        found: list[Visitor] = []
        for _ in range(SOON_SECONDS * 5):
            found = (await self.ask(f"/visitors?anonymous_id={name}"))["data"]
            if found and until(found[0]):
                return found[0]
            await asyncio.sleep(0.2)
        raise AssertionError(f"{name} never came out as expected; last seen: {found}")


def call(kind: str, name: str, address: str, *, days_ago: int = 0, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(days=days_ago, seconds=30)
    context = {"ip": address, "userAgent": FIREFOX}
    return {
        "type": kind, "anonymousId": name, "messageId": str(uuid.uuid4()), "timestamp": at.isoformat(),
        "context": context, **more,
    }  # fmt: skip


def viewed(name: str, address: str, *, days_ago: int = 0) -> dict[str, Any]:
    page = {"url": "https://shop.example/pricing", "path": "/pricing"}
    return call("page", name, address, days_ago=days_ago, properties=page)


def introduced(name: str, email: str, address: str, *, days_ago: int = 0) -> dict[str, Any]:
    return call("identify", name, address, days_ago=days_ago, traits={"email": email})


def domain_of(visitor: Visitor) -> str | None:
    return visitor["company"]["domain"] if visitor["company"] else None


@pytest.mark.parametrize("mode", MODES)
async def test_a_stranger_from_an_office_is_probably_of_its_company_until_a_rep_says_no(
    mode: str, request: pytest.FixtureRequest
) -> None:
    async with deployed(mode, request) as leadlight, aiohttp.ClientSession() as http:
        added = await site_add(leadlight, "Shop", "shop.example")
        ingest = await key_add(leadlight, added["id"], scope="ingest")
        key = await key_add(leadlight, added["id"], scope="read,write")
        site = Site(leadlight.collector, leadlight.origin, ingest, key, http)

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
