"""Posts of one event a request, answered per second, and the server's processor time for each, at 64 and 256 connections.

    .venv/bin/python -m benchmarks.collector [--seconds 5] [--rounds 3] [--connections 64,256] [--kafka kafka://host:port]
        [--only bare,embedded,kafka]

The collector as `leadlight run collector` starts it, on the embedded log (answers after fdatasync) and on Kafka
(acks=all; a single broker answers before its fsync), beside a bare uvicorn callable on the same loop that reads the
body, decodes it and answers. Each post is a page view of some 700 bytes, by a thousand visitors in turn, as the snippet
sends it. The load comes from a process of its own; servers run one at a time, in rounds that alternate, and the median
round is told. Without --kafka, a broker is started for the occasion if scripts/test-parts has fetched one.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple, cast
from uuid import UUID

import psutil
import uvloop

from benchmarks.machine import described, percentile
from tests.infra.kafka import KafkaBroker
from tests.infra.parts import PartMissing

COMMAND = str(Path(sys.executable).parent / "leadlight")
SECRET = "only-for-benchmarks-0123456789abcdef"
VISITORS = 1_000
WARM_UP_SECONDS = 1.0
DURABILITY = {
    "bare": "nothing stored",
    "embedded": "answered after fdatasync",
    "kafka": "acks=all, one broker, answered before its fsync",
}

BARE = """
import msgspec, sys, uvicorn
decode = msgspec.json.Decoder().decode
BODY = b'{"success": true}'
START = {"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", b"17")]}
async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message.get("more_body"):
            break
    decode(body)
    await send(START)
    await send({"type": "http.response.body", "body": BODY})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off", http="httptools",
            loop="uvloop", server_header=False)
"""


class Round(NamedTuple):
    """One server under load for a few seconds."""

    rate: float  # posts a second
    processor_us: float  # of the server, for each post
    p50_ms: float
    p99_ms: float


class Client(asyncio.Protocol):
    """One kept-alive connection: posts, waits for the whole answer, posts again."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float]) -> None:
        self._requests = requests
        self._latencies = latencies
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.WriteTransport, transport).write
        self._post()

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
        self._post()

    def _post(self) -> None:
        self._begun = time.perf_counter()
        self._write(next(self._requests))


def requests(write_key: str) -> Iterator[bytes]:
    """Page views without end, each visitor in turn; written out beforehand, so that the load costs little."""
    made = []
    for number in range(VISITORS):
        url = f"https://www.fernwerk.example/product/{number % 60}?utm_source=letter"
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        event = {
            "writeKey": write_key,
            "type": "page",
            "messageId": str(UUID(int=number << 64 | 7)),
            "anonymousId": str(UUID(int=number << 64 | 9)),
            "timestamp": "2026-05-04T12:30:15.678Z",
            "properties": {"url": url, "path": "/product", "title": "Product: plan your plant", "referrer": ""},
            "context": {
                "page": {"url": url, "path": "/product", "title": "Product: plan your plant", "referrer": ""},
                "userAgent": agent,
                "locale": "en-GB",
                "timezone": "Europe/Vienna",
                "library": {"name": "leadlight.js", "version": "0.1.0"},
            },
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        head = (
            "POST /v1/page HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain;charset=UTF-8\r\n"
            f"Origin: https://www.fernwerk.example\r\nUser-Agent: {agent}\r\nAccept: */*\r\nSec-Fetch-Site: cross-site\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    while True:
        yield from made


async def load(port: int, pid: int, write_key: str, connections: int, seconds: float) -> Round:
    """Post for `seconds`, once everything is warm."""
    latencies: list[float] = []
    shared, loop, server = requests(write_key), asyncio.get_running_loop(), psutil.Process(pid)
    transports = [
        (await loop.create_connection(lambda: Client(shared, latencies), "127.0.0.1", port))[0]
        for _ in range(connections)
    ]
    await asyncio.sleep(WARM_UP_SECONDS)
    latencies.clear()
    spent, begun = processor_seconds(server), time.perf_counter()
    await asyncio.sleep(seconds)
    found, took = list(latencies), time.perf_counter() - begun
    spent = processor_seconds(server) - spent
    for transport in transports:
        transport.abort()
    p50, p99 = (percentile(found, share) * 1e3 for share in (0.5, 0.99))
    return Round(len(found) / took, spent / len(found) * 1e6, p50, p99)


def measure(port: int, pid: int, write_key: str, connections: int, seconds: float) -> Round:
    """One round with the load in a process of its own."""
    arguments = [str(port), str(pid), write_key, str(connections), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.collector", "--load", *arguments]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return Round(*json.loads(told))


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def serving(kind: str, bus_url: str) -> Iterator[tuple[int, int, str]]:
    """A server of this kind: port, process id and write key."""
    with tempfile.TemporaryDirectory(prefix="leadlight-bench-") as data, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        environment = {**os.environ, "LEADLIGHT_DATA": data, "LEADLIGHT_BUS_URL": bus_url, "LEADLIGHT_SECRET": SECRET}
        environment |= {"LEADLIGHT_LOG_LEVEL": "warning", "LEADLIGHT_PORT": str(port)}
        write_key = "none"
        if kind == "bare":
            command = [sys.executable, "-c", BARE, str(port)]
        else:
            write_key = prepared(environment)
            command = [COMMAND, "run", "collector"]
        server = subprocess.Popen(command, env=environment)
        try:
            wait_for(port, server)
            yield port, server.pid, write_key
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def prepared(environment: Mapping[str, str]) -> str:
    """A migrated database with one site; its write key."""
    for command in (["migrate"], ["topics"]):
        subprocess.run([COMMAND, *command], env=environment, check=True, capture_output=True)
    site = ["site", "add", "Bench", "--domain", "bench.example", "--json"]
    told = subprocess.run([COMMAND, *site], env=environment, check=True, capture_output=True)
    return str(json.loads(told.stdout)["write_key"])


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise SystemExit("the server did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server does not listen")


@contextmanager
def broker(given: str | None) -> Iterator[str | None]:
    """The broker's URL: the one given, or one for the occasion; None where there is none to start."""
    if given:
        yield given
        return
    try:
        own = KafkaBroker.create()
    except PartMissing as part:
        print(f"without Kafka: {part}")
        yield None
        return
    try:
        own.start()
        yield own.url
    finally:
        own.remove()


def compare(kinds: Sequence[str], bus_urls: Mapping[str, str], connections: int, rounds: int, seconds: float) -> None:
    measured: dict[str, list[Round]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            with serving(kind, bus_urls[kind]) as (port, pid, write_key):
                measured[kind].append(measure(port, pid, write_key, connections, seconds))
    bare = median(one.rate for one in measured.get("bare", [])) if "bare" in measured else None
    bare_us = median(one.processor_us for one in measured.get("bare", [])) if "bare" in measured else None
    for kind in kinds:
        typical = Round(*(median(column) for column in zip(*measured[kind], strict=True)))
        ratio = f"{typical.rate / bare:5.2f} of bare," if bare else ""
        more = f" ({typical.processor_us / bare_us:.2f} times)" if bare_us else ""
        print(
            f"{connections:4} connections {kind:>9}: {typical.rate:8,.0f} posts/s, {ratio} "
            f"{typical.processor_us:5.1f} us of processor each{more}, "
            f"p50 {typical.p50_ms:5.1f} ms, p99 {typical.p99_ms:5.1f} ms   [{DURABILITY[kind]}]",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="64,256")
    parser.add_argument("--kafka")
    parser.add_argument("--only", default="bare,embedded,kafka")
    parser.add_argument("--load", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        port, pid, write_key, connections, seconds = options.load
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(json.dumps(runner.run(load(int(port), int(pid), write_key, int(connections), float(seconds)))))
        return
    print(described())
    kinds = options.only.split(",")
    with broker(options.kafka) if "kafka" in kinds else broker("unused") as url:
        if url is None:
            kinds.remove("kafka")
        bus_urls = {"bare": "embedded:", "embedded": "embedded:", "kafka": url or ""}
        for connections in options.connections.split(","):
            compare(kinds, bus_urls, int(connections), options.rounds, options.seconds)


if __name__ == "__main__":
    main()
