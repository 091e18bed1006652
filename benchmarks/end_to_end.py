"""Page view to number, and page view to webhook, through the whole product in both modes.

Throughput: the browsing log of the journeys (a thousand visitors with all their habits, one to a few events a post) is
posted as fast as the collector takes it, and the clock stops when the last of it can be read in the feed. Reference: the
same posts to a bare uvicorn callable that decodes the body and answers.

Latency: 200 events/s for a while, among them visitors whose post makes them hot; from that post's start to the arrival
of the signed webhook.

Default rules, default durability (embedded: fsync before each answer; Kafka: acks=all on one broker, which answers
before its fsync; PostgreSQL with fsync). One machine runs everything, the load too.
"""

import argparse
import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import aiohttp

from benchmarks.machine import Spent, described, percentile
from tests.infra.kafka import KafkaBroker
from tests.infra.postgres import PostgresServer
from tests.journey import deployment as product
from tests.journey.browsing_log import browsing_log
from tests.journey.receiver import Receiver, receiving

CONNECTIONS = 32
SENTINELS = 60
"""Visitors posted last: enough that every one of 12 partitions has some."""

BARE = """
import msgspec, uvicorn
decode = msgspec.json.Decoder().decode
async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    decode(body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"success": true}'})
uvicorn.run(app, port=PORT, log_level="error", access_log=False, lifespan="off", http="httptools", loop="uvloop")
"""


async def main() -> None:
    parser = argparse.ArgumentParser(description="end to end")
    parser.add_argument("--visitors", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=30, help="of the latency measurement")
    parser.add_argument("--mode", choices=["embedded", "distributed"], action="append")
    options = parser.parse_args()
    print(described())
    log = browsing_log(datetime.now(UTC), visitors=options.visitors)
    posts = [(post.path, post.headers, post.body) for post in log.posts]
    events = len(log.events)
    async with bare() as url:
        spent = Spent()
        took = await post_all(url, posts, "wk")
        bare_rate = events / took
        print(
            f"bare callable: {bare_rate:,.0f} events/s in {len(posts):,} posts of {events / len(posts):.1f} events; {shares(spent, events)}"
        )
    for mode in options.mode or ["embedded", "distributed"]:
        async with deployed(mode) as running:
            site = await product.site_add(running, "Bench", "bench.example")
            key = await product.key_add(running, site["id"])
            spent = Spent()
            began = time.perf_counter()
            await post_all(running.collector, posts, site["write_key"])
            accepted = time.perf_counter() - began
            await settled(running, site["write_key"], key)
            took = time.perf_counter() - began
            print(
                f"{mode}: {events / took:,.0f} events/s end to end ({events / took / bare_rate:.2f} of bare), "
                f"accepted at {events / accepted:,.0f}/s; {shares(spent, events)}"
            )
            async with receiving() as receiver:
                await product.webhook_add(running, receiver.url, site["id"])
                await asyncio.sleep(2.5)  # settings apply within 2 s
                times = await latencies(running, site["write_key"], receiver, options.seconds)
            print(
                f"{mode}: page view to webhook at 200 events/s, {len(times)} alerts: "
                f"p50 {percentile(times, 0.5) * 1000:.0f} ms, p99 {percentile(times, 0.99) * 1000:.0f} ms"
            )


def shares(spent: Spent, events: int) -> str:
    """CPU microseconds per event, by who spent them."""
    return "CPU us/event: " + ", ".join(
        f"{kind} {seconds / events * 1e6:.0f}" for kind, seconds in sorted(spent.since().items())
    )


async def post_all(origin: str, posts: Sequence[tuple[str, Any, Any]], write_key: str) -> float:
    """Send every post over `CONNECTIONS` connections; seconds from the first to the last answer."""
    bodies = [(path, dict(headers), json.dumps({**body, "writeKey": write_key})) for path, headers, body in posts]
    queue = iter(bodies)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=connector) as client:

        async def lane() -> None:
            for path, headers, body in queue:
                await post(client, f"{origin}{path}", headers, body)

        await asyncio.gather(*(lane() for _ in range(CONNECTIONS)))
    return time.perf_counter() - began


async def post(client: aiohttp.ClientSession, url: str, headers: dict[str, str], body: str) -> None:
    while True:
        async with client.post(url, data=body, headers=headers) as answer:
            await answer.read()
            if answer.status == 503:
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
                continue
            if answer.status >= 500:
                raise SystemExit(f"{url} answered {answer.status}")
            return


async def settled(running: product.Deployment, write_key: str, key: str) -> None:
    """Return when events posted now can be read in the feed, from every partition."""
    names = [f"sentinel-{uuid4()}" for _ in range(SENTINELS)]
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as client:
        batch = [{"type": "page", "messageId": name, "anonymousId": name} for name in names]
        await post(client, f"{running.collector}/v1/batch", {}, json.dumps({"writeKey": write_key, "batch": batch}))
        for name in names:
            while True:
                url = f"{running.origin}/api/v1/visitors?anonymous_id={name}"
                async with client.get(url, headers=headers) as answer:
                    if answer.status == 200 and (await answer.json())["data"]:
                        break
                await asyncio.sleep(0.02)


async def latencies(running: product.Deployment, write_key: str, receiver: Receiver, seconds: int) -> list[float]:
    """Seconds from the post that makes a visitor hot to its webhook, under 200 events/s in all."""
    posted: dict[str, float] = {}
    arrived: dict[str, float] = {}

    async def listen() -> None:
        """Note when each webhook came; every alert is awaited one by one, so none is noted late."""
        for number in range(seconds * 10):
            deliveries = await receiver.wait_for(partial(longer_than, number), within_seconds=seconds + 60)
            arrived.setdefault(json.loads(deliveries[number].body)["data"]["anonymous_id"], time.perf_counter())

    listening = asyncio.create_task(listen())
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as tasks:
        began = time.perf_counter()
        for tick in range(seconds * 10):  # every 100 ms: one visitor turns hot (14 events), six read on
            await asyncio.sleep(max(0.0, began + tick / 10 - time.perf_counter()))
            name = f"hot-{tick}"
            posted[name] = time.perf_counter()
            batches = [hot_visit(name), *([page(f"reader-{tick}-{n}", "/blog/glare")] for n in range(6))]
            for batch in batches:
                body = json.dumps({"writeKey": write_key, "sentAt": text(datetime.now(UTC)), "batch": batch})
                tasks.create_task(post(client, f"{running.collector}/v1/batch", {}, body))
    await listening
    return [arrived[name] - at for name, at in posted.items()]


def longer_than(number: int, deliveries: Sequence[object]) -> bool:
    return len(deliveries) > number


def hot_visit(name: str) -> list[dict[str, Any]]:
    """Someone who reads six telling pages for 20 s each and says who they are: 13 events and one more page."""
    now = datetime.now(UTC)
    batch: list[dict[str, Any]] = []
    for number, path in enumerate(
        ("/pricing", "/compare/fluorescent", "/case-studies/foundry", "/demo", "/contact", "/pricing")
    ):
        at = now - timedelta(seconds=130 - number * 21)
        view = page(name, path, at)
        batch.append(view)
        read = {
            "page_view_id": view["messageId"],
            "engaged_ms": 20_000,
            "active_until": text(at + timedelta(seconds=20)),
        }
        batch.append(
            {
                "type": "track",
                "event": "Page Engaged",
                "messageId": str(uuid4()),
                "anonymousId": name,
                "timestamp": text(at + timedelta(seconds=20)),
                "properties": read,
            }
        )
    batch.append(
        {
            "type": "identify",
            "messageId": str(uuid4()),
            "anonymousId": name,
            "timestamp": text(now),
            "traits": {"email": f"{name}@halden.example"},
        }
    )
    batch.append(page(name, "/contact/thanks", now))
    return batch


def page(name: str, path: str, at: datetime | None = None) -> dict[str, Any]:
    where = {"url": f"https://bench.example{path}", "path": path}
    return {
        "type": "page",
        "messageId": str(uuid4()),
        "anonymousId": name,
        "timestamp": text(at or datetime.now(UTC)),
        "context": {"page": where},
        "properties": where,
    }


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


@asynccontextmanager
async def deployed(mode: str) -> AsyncIterator[product.Deployment]:
    if mode == "embedded":
        async with product.embedded() as running:
            yield running
        return
    broker, postgres = KafkaBroker.create(), PostgresServer.create()
    try:
        await asyncio.to_thread(broker.start)
        await asyncio.to_thread(postgres.start)
        async with product.distributed(broker, postgres.url(postgres.create_database())) as running:
            yield running
    finally:
        await asyncio.to_thread(broker.remove)
        await asyncio.to_thread(postgres.remove)


@asynccontextmanager
async def bare() -> AsyncIterator[str]:
    """The reference: what HTTP alone costs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE.replace("PORT", str(port)))
    try:
        async with aiohttp.ClientSession() as client, asyncio.timeout(20):
            while True:
                try:
                    async with client.post(f"http://127.0.0.1:{port}/", data="{}"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
