"""A site's own server: it tells of its visitors, with their addresses, and reads and edits what came of it."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from tests.journey.deployment import Deployment, key_add, site_add

FIREFOX: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
SOON_SECONDS: Final = 60
"""Far above what anything takes, restarts included: a busy machine must not fail the test."""

Visitor = dict[str, Any]
Call = dict[str, Any]


@dataclass
class Site:
    """A site, written to as its own server does, and read as an integrator does."""

    collector: str
    feed: str
    ingest: str
    key: str
    http: aiohttp.ClientSession

    async def post(self, *calls: Call) -> None:
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


async def opened(leadlight: Deployment, http: aiohttp.ClientSession, name: str) -> Site:
    """A new site with its keys."""
    added = await site_add(leadlight, name, f"{name.lower()}.example")
    ingest = await key_add(leadlight, added["id"], scope="ingest")
    return Site(
        leadlight.collector, leadlight.origin, ingest, await key_add(leadlight, added["id"], scope="read,write"), http
    )


def call(kind: str, name: str, address: str, *, days_ago: float = 0, **more: Any) -> Call:
    at = datetime.now(UTC) - timedelta(days=days_ago, seconds=30)
    context = {"ip": address, "userAgent": FIREFOX}
    return {
        "type": kind, "anonymousId": name, "messageId": str(uuid.uuid4()), "timestamp": at.isoformat(),
        "context": context, **more,
    }  # fmt: skip


def viewed(name: str, address: str, *, days_ago: float = 0, query: str = "") -> Call:
    page = {"url": f"https://shop.example/pricing{query}", "path": "/pricing"}
    return call("page", name, address, days_ago=days_ago, properties=page)


def read_on(view: Call, *, touched: bool) -> Call:
    """Six seconds on that page, with or without the mouse."""
    at = datetime.fromisoformat(view["timestamp"]) + timedelta(seconds=6)
    properties = {"page_view_id": view["messageId"], "engaged_ms": 6000, "active_until": at.isoformat()}
    told = {
        **view,
        "type": "track",
        "event": "Page Engaged",
        "messageId": str(uuid.uuid4()),
        "timestamp": at.isoformat(),
    }
    return {**told, "properties": properties | ({"touched": True} if touched else {})}


def introduced(name: str, email: str, address: str, *, days_ago: float = 0) -> Call:
    return call("identify", name, address, days_ago=days_ago, traits={"email": email})


def domain_of(visitor: Visitor) -> str | None:
    return visitor["company"]["domain"] if visitor["company"] else None


def email_of(visitor: Visitor) -> str | None:
    return visitor["contact"]["email"] if visitor["contact"] else None
