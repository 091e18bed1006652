"""A client that sends the browsing log at least once, and the comparison of the feed with the oracle."""

import asyncio
import base64
import gzip
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from tests.journey.oracle import Expected, Received
from tests.journey.scoring import Rules, default_rules, expected_score
from tests.journey.visitors.sender import Post

PATIENCE_SECONDS: Final = 120
"""How long one post is tried again: longer than any restart, so that only a collector that stays away fails."""

STILL_SECONDS: Final = 40
"""How long nothing may move in the feed before what differs counts as wrong: longer than partitions take to find an owner."""

LINK: Final = re.compile(r"ll=for:([^:&\"]+):([^&\"]+)")
"""Where the log has a link that is still to be made: for whom, and where it leads."""

RECEIPT_SLACK: Final = timedelta(seconds=2)
"""How far times may lie apart that depend on the moment of receipt, which the client can only estimate."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was sent: each post once, as it was when it was acknowledged."""

    received: list[Received]
    slowest: timedelta  # the longest that one post took from the first attempt to the acknowledgement
    repeats: int  # attempts beyond the first

    @property
    def slack(self) -> timedelta:
        return RECEIPT_SLACK + self.slowest


class Replay:
    """Sends posts in their order over several connections."""

    def __init__(
        self, collector: str, write_key: str, *, links: Mapping[str, str] | None = None, connections: int = 6
    ) -> None:
        self._sent = 0
        self._advanced = asyncio.Condition()
        self._collector = collector
        self._write_key = write_key
        self._links = links or {}
        self._connections = connections
        self._repeats = 0
        self._slowest = timedelta()

    async def send(self, posts: Sequence[Post]) -> Replayed:
        """Send every post until each was acknowledged, repeating what was refused for now or lost on the way.

        Raises:
            AssertionError: the collector refused a post for good, or took longer than `PATIENCE_SECONDS`.
        """
        received: list[Received | None] = [None] * len(posts)
        waiting = iter(enumerate(posts))
        connector = aiohttp.TCPConnector(limit=self._connections)
        timeout = aiohttp.ClientTimeout(total=15)

        async def sender() -> None:
            for number, post in waiting:
                received[number] = await self._deliver(session, post)
                async with self._advanced:
                    self._sent += 1
                    self._advanced.notify_all()

        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            for _ in range(self._connections):
                tasks.create_task(sender())
        return Replayed([arrival for arrival in received if arrival], self._slowest, self._repeats)

    async def reached(self, count: float) -> None:
        """Returns when so many posts have been acknowledged."""
        async with self._advanced:
            await self._advanced.wait_for(lambda: self._sent >= count)

    async def _deliver(self, session: aiohttp.ClientSession, post: Post) -> Received:
        first = started = datetime.now(UTC)
        while started - first < timedelta(seconds=PATIENCE_SECONDS):
            body = post.stamped(started)
            pause = 0.2
            try:
                status, answer, headers = await self._once(session, post, body)
            except (aiohttp.ClientError, OSError, TimeoutError) as lost:
                status, answer, headers = 0, repr(lost), {}
            if status == 200:
                ended = datetime.now(UTC)
                self._slowest = max(self._slowest, ended - first)
                sent_at = datetime.fromisoformat(body["sentAt"]) if "sentAt" in body else None
                return Received(post, sent_at, started + (ended - started) / 2)
            if status not in (0, 429, 503):
                raise AssertionError(f"{post.path} was answered {status}: {answer}\n{body}")
            self._repeats += 1
            pause = min(float(headers.get("Retry-After", pause)), 2.0)
            await asyncio.sleep(pause)
            started = datetime.now(UTC)
        raise AssertionError(f"{post.path} was not acknowledged within {PATIENCE_SECONDS} s: {status} {answer}")

    async def _once(
        self, session: aiohttp.ClientSession, post: Post, body: dict[str, Any]
    ) -> tuple[int, str, Mapping[str, str]]:
        headers = dict(post.headers)
        if post.headers["Content-Type"].startswith("text/plain"):
            body = {**body, "writeKey": self._write_key}  # a beacon can set no header
        else:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{self._write_key}:".encode()).decode()
        text = json.dumps(body)
        data = LINK.sub(lambda link: f"ll={self._links[link[0]]}", text).encode() if self._links else text.encode()
        if post.headers.get("Content-Encoding") == "gzip":
            data = gzip.compress(data)
        async with session.post(self._collector + post.path, data=data, headers=headers) as response:
            return response.status, await response.text(), response.headers


async def make_links(feed: str, key: str, origin: str, posts: Iterable[Post]) -> dict[str, str]:
    """A token for each link that the posts have a place for."""
    wanted = sorted({found.group() for post in posts for found in LINK.finditer(json.dumps(post.body))})
    places = [LINK.fullmatch(place) for place in wanted]
    people = [{"person": place[1], "url": origin + place[2]} for place in places if place]
    async with client(key) as session:
        body = {"campaign": "autumn", "people": people}
        async with session.post(f"{feed}/api/v1/links/batch", json=body) as response:
            if response.status != 200:
                raise AssertionError(f"no links were made: {response.status} {await response.text()}")
            outcomes = (await response.json())["data"]
    return {place: outcome["link"]["token"] for place, outcome in zip(wanted, outcomes, strict=True)}


async def read_visitors(feed: str, key: str) -> dict[str, dict[str, Any]]:
    """Every visitor in the feed, by anonymous id. One that changed during the walk comes again, and is then the newer."""
    return {visitor["anonymous_id"]: visitor async for visitor in _pages(feed, key)}


async def compare(
    feed: str, key: str, expected: Mapping[str, Expected], *, slack: timedelta, within_seconds: float = 90
) -> dict[str, dict[str, Any]]:
    """Wait until the feed shows every visitor as the oracle does, and answer what it shows.

    Raises:
        AssertionError: it does not, and nothing has moved for a while or the time is up; with the first differences.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_seconds
    moved, last = loop.time(), None
    rules = default_rules()
    while True:
        try:
            shown = await read_visitors(feed, key)
        except aiohttp.ClientConnectionError:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(0.5)
            continue
        wrong = differences(expected, shown, slack=slack, rules=rules, now=datetime.now(UTC))
        if not wrong:
            return shown
        facts = {name: visitor["updated_at"] for name, visitor in shown.items()}
        if facts != last:
            moved, last = loop.time(), facts
        if loop.time() > deadline or loop.time() - moved > STILL_SECONDS:
            listed = "\n  ".join(wrong[:25])
            raise AssertionError(f"{len(wrong)} differences between feed and oracle, the first:\n  {listed}")
        await asyncio.sleep(0.5)


def differences(
    expected: Mapping[str, Expected],
    shown: Mapping[str, dict[str, Any]],
    *,
    slack: timedelta,
    rules: Rules,
    now: datetime,
) -> list[str]:
    """What the feed shows otherwise than the oracle, a line for each difference."""
    lines = [f"{key}: in the feed only" for key in shown if key not in expected]
    contacts: dict[str, set[str]] = defaultdict(set)
    for key, oracle in expected.items():
        if key not in shown:
            lines.append(f"{key}: missing from the feed")
            continue
        feed = shown[key]
        lines += [
            f"{key}: {difference}"
            for difference in _visitor_differences(oracle, feed, slack=slack, rules=rules, now=now)
        ]
        if oracle.email and feed["contact"]:
            contacts[oracle.email].add(feed["contact"]["id"])
    lines += [f"{email}: is several contacts, {ids}" for email, ids in contacts.items() if len(ids) > 1]
    return lines


def _visitor_differences(
    oracle: Expected, feed: dict[str, Any], *, slack: timedelta, rules: Rules, now: datetime
) -> list[str]:
    exact = {
        "visits": oracle.visits,
        "page_views": oracle.page_views,
        "activities": oracle.activities,
        "bot": oracle.bot,
        "contact": oracle.email,
        "company": oracle.company_domain,
        "how": oracle.how,
    }
    told = feed | {
        "contact": (feed["contact"] or {}).get("email"),
        "company": (feed["company"] or {}).get("domain"),
        "how": (feed["company"] or {}).get("method"),
    }
    lines = [f"{name} is {told[name]}, not {value}" for name, value in exact.items() if told[name] != value]
    leeway = slack.total_seconds() if oracle.receipt_counts else 0.0
    seconds = {
        "engaged_seconds": (oracle.engaged_seconds, 1.0),  # the feed tells whole seconds
        "elapsed_seconds": (oracle.elapsed_seconds, 1.0 + leeway * len(oracle.runs)),
    }
    for name, (value, near) in seconds.items():
        if abs(feed[name] - value) >= near:
            lines.append(f"{name} is {feed[name]}, not {value:.3f}")
    score = expected_score(oracle, rules, now)
    if not score.allows(feed["score"]):
        lines.append(f"score is {feed['score']}, not {score.least:.2f} to {score.most:.2f}")
    if feed["intent"] not in score.intents:
        lines.append(f"intent is {feed['intent']}, not {' or '.join(sorted(score.intents))} with score {feed['score']}")
    reasons = sum(reason["points"] for reason in feed["reasons"])
    rounding = 0.51 * (1 + len(feed["reasons"]))  # a point that is nearly gone may be left out
    if not score.least - rounding <= reasons <= score.most + rounding:
        lines.append(f"reasons add up to {reasons}, not {score.least:.2f} to {score.most:.2f}")
    for name, moment in (("first_seen_at", oracle.first_seen_at), ("last_seen_at", oracle.last_seen_at)):
        at = datetime.fromisoformat(feed[name])
        if moment is None or abs((at - moment).total_seconds()) > leeway + 0.001:
            lines.append(f"{name} is {at}, not {moment}")
    return lines


async def compare_routes(
    feed: str, key: str, expected: Mapping[str, Expected], shown: Mapping[str, dict[str, Any]], *, slack: timedelta
) -> int:
    """Hold the visits of every tenth visitor against the oracle's runs, page by page; answers how many were compared.

    Raises:
        AssertionError: some differ; with the first of them.
    """
    wrong: list[str] = []
    sample = sorted(expected)[::10]
    async with client(key) as session:
        for name in sample:
            visits = await get(session, f"{feed}/api/v1/visitors/{shown[name]['id']}/visits", {"limit": "200"})
            wrong += [
                f"{name}: {line}" for line in route_differences(expected[name], visits["data"][::-1], slack=slack)
            ]
    if wrong:
        listed = "\n  ".join(wrong[:25])
        raise AssertionError(f"{len(wrong)} differences between visits and oracle, the first:\n  {listed}")
    return len(sample)


def route_differences(oracle: Expected, visits: list[dict[str, Any]], *, slack: timedelta) -> list[str]:
    """What one visitor's visits, oldest first, tell otherwise than the oracle."""
    if len(visits) != oracle.visits:
        return [f"{len(visits)} visits are listed, not {oracle.visits}"]
    if oracle.visits != len(oracle.runs):
        return []  # where a run of days is cut into visits is the product's to say
    near = slack.total_seconds() if oracle.receipt_counts else 0.001
    lines = []
    for run, visit in zip(oracle.runs, visits, strict=True):
        for name, moment in (("started_at", run.start), ("ended_at", run.end)):
            if abs((datetime.fromisoformat(visit[name]) - moment).total_seconds()) > near:
                lines.append(f"{name} is {visit[name]}, not {moment}")
        reads = [read for read in oracle.reads if run.start <= read.at <= run.end]
        engaged = sum(read.engaged_ms for read in reads) / 1000
        told = [page["path"] for page in visit["pages"]]
        if told != [read.path for read in reads] or visit["page_views"] != len(reads):
            lines.append(f"the route is {told}, not {[read.path for read in reads]}")
        if abs(visit["engaged_seconds"] - engaged) >= 1:
            lines.append(f"engaged_seconds of a visit is {visit['engaged_seconds']}, not {engaged}")
    return lines


async def _pages(feed: str, key: str) -> AsyncIterator[dict[str, Any]]:
    """Every visitor, bots included, page by page."""
    query = {"limit": "200", "bot": "any"}
    async with client(key) as session:
        while True:
            page = await get(session, f"{feed}/api/v1/visitors", query)
            for visitor in page["data"]:
                yield visitor
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


def client(key: str) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=20)
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}, timeout=timeout)


async def get(session: aiohttp.ClientSession, address: str, query: Mapping[str, str]) -> dict[str, Any]:
    while True:
        async with session.get(address, params=query) as response:
            text = await response.text()
            if response.status == 429:
                await asyncio.sleep(min(float(response.headers["Retry-After"]), 5.0))
                continue
            if response.status != 200:
                raise AssertionError(f"the feed answered {response.status}: {text}")
            answer: dict[str, Any] = json.loads(text)
            return answer
