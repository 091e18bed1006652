"""The load on a collector: posts over kept connections from a process of its own, as fast as they are answered or at a
given rate."""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple, cast
from uuid import UUID

import psutil
import uvloop

from benchmarks.machine import percentile

VISITORS = 1_000
WARM_UP_SECONDS = 1.0
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Round(NamedTuple):
    """One server under load for a few seconds."""

    rate: float  # posts a second
    processor_us: float  # of the server, for each post
    p50_ms: float
    p99_ms: float
    memory_mb: float  # resident in the server, the most that was seen


class Client(asyncio.Protocol):
    """One kept-alive connection: posts, waits for the whole answer, posts again; or not before it is time to."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], interval: float, offset: float) -> None:
        self._requests = requests
        self._latencies = latencies
        self._answer = b""
        self._interval = interval
        self._due = time.perf_counter() + offset

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._write = self._transport.write
        self._next()

    def data_received(self, data: bytes) -> None:
        if self._answer:
            data = self._answer + data
        if not data.endswith(b'{"success": true}'):
            if b"\r\n\r\n" in data and not data.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the server answered {data[:300]!r}")
            self._answer = data
            return
        self._answer = b""
        self._latencies.append(time.perf_counter() - self._begun)
        self._next()

    def _next(self) -> None:
        if not self._interval:
            self._post(time.perf_counter())
            return
        begun, self._due = self._due, self._due + self._interval
        wait = begun - time.perf_counter()
        if wait <= 0:  # late: the time that it should have waited for counts too
            self._post(begun)
        else:
            asyncio.get_running_loop().call_later(wait, self._post, begun)

    def _post(self, begun: float) -> None:
        if self._transport.is_closing():
            return  # the round ended while this one was not due yet
        self._begun = begun
        self._write(next(self._requests))


def page_view(number: int) -> dict[str, object]:
    """A page view as the snippet sends it, some 700 bytes."""
    url = f"https://www.fernwerk.example/product/{number % 60}?utm_source=letter"
    return {
        "type": "page",
        "messageId": str(UUID(int=number << 64 | 7)),
        "anonymousId": str(UUID(int=number % VISITORS << 64 | 9)),
        "timestamp": "2026-05-04T12:30:15.678Z",
        "properties": {"url": url, "path": "/product", "title": "Product: plan your plant", "referrer": ""},
        "context": {
            "page": {"url": url, "path": "/product", "title": "Product: plan your plant", "referrer": ""},
            "userAgent": AGENT,
            "locale": "en-GB",
            "timezone": "Europe/Vienna",
            "library": {"name": "leadlight.js", "version": "0.1.0"},
        },
    }


def requests(write_key: str, events: int) -> Iterator[bytes]:
    """Posts without end, each visitor in turn; written out beforehand, so that the load costs little."""
    made = []
    for post in range(VISITORS):
        views = [page_view(post * events + number) for number in range(events)]
        path = "/v1/page" if events == 1 else "/v1/batch"
        content = views[0] | {"writeKey": write_key} if events == 1 else {"batch": views, "writeKey": write_key}
        body = json.dumps(content, separators=(",", ":")).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain;charset=UTF-8\r\n"
            f"Origin: https://www.fernwerk.example\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\nSec-Fetch-Site: cross-site\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    while True:
        yield from made


async def load(
    port: int, pid: int, write_key: str, connections: int, seconds: float, events: int, rate: float
) -> Round:
    """Post for `seconds`, once everything is warm; `rate` in posts a second, 0 for as many as are answered."""
    latencies: list[float] = []
    loop, server = asyncio.get_running_loop(), psutil.Process(pid)
    shared = requests(write_key, events)
    interval = connections / rate if rate else 0.0
    transports = [
        (
            await loop.create_connection(
                lambda n=number: Client(shared, latencies, interval, interval * n / connections),  # type: ignore[misc]
                "127.0.0.1",
                port,
            )
        )[0]
        for number in range(connections)
    ]
    await asyncio.sleep(WARM_UP_SECONDS)
    latencies.clear()
    spent, begun, memory = processor_seconds(server), time.perf_counter(), 0
    while (left := begun + seconds - time.perf_counter()) > 0:
        await asyncio.sleep(min(0.5, left))
        memory = max(memory, server.memory_info().rss)
    found, took = list(latencies), time.perf_counter() - begun
    spent = processor_seconds(server) - spent
    for transport in transports:
        transport.abort()
    p50, p99 = (percentile(found, share) * 1e3 for share in (0.5, 0.99))
    return Round(len(found) / took, spent / len(found) * 1e6, p50, p99, memory / 1e6)


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def measure(
    server: tuple[int, int, str], connections: int, seconds: float, events: int = 1, rate: float = 0.0
) -> Round:
    """One round with the load in a process of its own; `server` is its port, process id and write key."""
    arguments = [str(word) for word in (*server, connections, seconds, events, rate)]
    command = [sys.executable, "-m", "benchmarks.posting", *arguments]
    return Round(*json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("port", int), ("pid", int), ("key", str), ("connections", int), ("seconds", float)):
        parser.add_argument(name, type=kind)
    parser.add_argument("events", type=int)
    parser.add_argument("rate", type=float)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        work = load(given.port, given.pid, given.key, given.connections, given.seconds, given.events, given.rate)
        print(json.dumps(runner.run(work)))


if __name__ == "__main__":
    main()
