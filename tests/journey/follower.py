"""An integrator that keeps a copy of all visitors by following the feed's changes, through every break of the feed."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from tests.journey.oracle import Expected
from tests.journey.replay import client, get
from tests.journey.scoring import ExpectedScore

KEPT: Final = (
    "visits",
    "page_views",
    "activities",
    "engaged_seconds",
    "elapsed_seconds",
    "first_seen_at",
    "last_seen_at",
    "updated_at",
    "contact",
    "company",
    "bot",
)
"""What changes only by a change: scores fade while nobody looks."""


class Follower:
    """Reads change after change; remembers its cursor only together with what it has taken in."""

    def __init__(self, feed: str, key: str) -> None:
        self.copy: dict[str, dict[str, Any]] = {}
        self.told: Counter[str] = Counter()  # how often each change came
        self.alerts: list[str] = []
        self._address = f"{feed}/api/v1/changes"
        self._key = key
        self._cursor: str | None = None

    async def follow(self, until: asyncio.Event) -> None:
        """Read until the event is set, over every lost connection, and then to the end of what there is."""
        async with client(self._key) as session:
            while True:
                last_round = until.is_set()
                try:
                    more = await self._read(session)
                except (aiohttp.ClientError, OSError, TimeoutError):
                    more, last_round = False, False
                if not more and last_round:
                    return
                if not more:
                    await asyncio.sleep(0.1)

    async def _read(self, session: aiohttp.ClientSession) -> bool:
        query = {"limit": "200"} | ({"cursor": self._cursor} if self._cursor else {})
        answer = await get(session, self._address, query)
        for change in answer["data"]:
            self.told[change["id"]] += 1
            if change["type"] == "visitor.hot":
                self.alerts.append(change["subject"])
            if change["data"] is None:
                self.copy.pop(change["subject"], None)
            else:
                self.copy[change["data"]["id"]] = change["data"]
        self._cursor = answer["next_cursor"]
        return bool(answer["has_more"])


def copy_differences(follower: Follower, shown: Mapping[str, dict[str, Any]]) -> list[str]:
    """Where the follower's copy is not what the feed lists; changes that came twice."""
    lines = [f"change {id} was told {times} times" for id, times in follower.told.items() if times > 1]
    listed = {visitor["id"]: visitor for visitor in shown.values()}
    lines += [f"{id}: in the copy only" for id in follower.copy.keys() - listed.keys()]
    for id, visitor in listed.items():
        mine = follower.copy.get(id)
        if mine is None:
            lines.append(f"{id}: no change was told")
            continue
        lines += [
            f"{id}: {name} is {mine[name]} in the copy, {visitor[name]} in the feed"
            for name in KEPT
            if mine[name] != visitor[name]
        ]
    return lines


async def read_alerts(feed: str, key: str) -> list[dict[str, Any]]:
    """Every alert, oldest first."""
    alerts: list[dict[str, Any]] = []
    query = {"limit": "200", "order": "asc"}
    async with client(key) as session:
        while True:
            page = await get(session, f"{feed}/api/v1/alerts", query)
            alerts += page["data"]
            if page["next_cursor"] is None:
                return alerts
            query["cursor"] = page["next_cursor"]


def alert_differences(
    alerts: list[dict[str, Any]],
    follower: Follower,
    people: Mapping[str, tuple[Expected, ExpectedScore]],
) -> list[str]:
    """Alerts that were told twice or not at all. `people` by visitor id.

    When a crossing is found depends on the order of arrival, so alerts can't be counted from the log alone. But nobody
    who is hot may have none, one visit has one at most, and the changes tell of exactly those that are listed.
    """
    visits = Counter((alert["visitor"], alert["rule"], alert["visit_started_at"]) for alert in alerts)
    lines = [
        f"{visitor}: {times} alerts in the visit of {at}" for (visitor, _, at), times in visits.items() if times > 1
    ]
    told = {alert["visitor"] for alert in alerts}
    for id, (oracle, score) in people.items():
        if score.intents == {"hot"} and not oracle.bot and id not in told:
            lines.append(f"{id}: hot, and nobody was told")
        if oracle.bot and id in told:
            lines.append(f"{id}: an alert for a bot")
    if sorted(follower.alerts) != sorted(alert["id"] for alert in alerts):
        lines.append(f"changes told {len(follower.alerts)} alerts, listed are {len(alerts)}")
    return lines
