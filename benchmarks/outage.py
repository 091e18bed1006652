"""A collector while Kafka is down: every post accepted, every event drained afterwards, in order per visitor.

    .venv/bin/python -m benchmarks outage [--seconds 60] [--rate 1000] [--connections 50]

A broker and a collector (`leadlight run collector`) are started for the occasion. Posts of one page view go out at an even
rate for a few seconds; the broker is killed; they go on for `--seconds`; it is started again; they go on until the spool
is empty, and a few seconds more. Each visitor's next event is posted when the one before was answered. Then the log is
read from its beginning and compared with what was acknowledged. The collector answers from the spool after fdatasync.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

import aiohttp
import psutil
import uvloop

from benchmarks.collector import COMMAND, SECRET, prepared, wait_for
from benchmarks.machine import described, percentile
from leadlight.bus import open_bus
from leadlight.bus.port import Partition
from leadlight.bus.topics import EVENTS
from leadlight.core.records import decode_event
from tests.infra.kafka import KafkaBroker
from tests.infra.parts import free_port

VISITORS_OF_A_CONNECTION = 20
QUIET_SECONDS = 8.0
"""Before the outage and after it."""


class Client(asyncio.Protocol):
    """One kept-alive connection, whose posts go out by the clock: late ones at once, but never two at a time."""

    def __init__(self, name: int, write_key: str, posts_per_second: float) -> None:
        self.answered: list[tuple[float, float, int]] = []  # when posted, how long it took, status
        self.stopping = False
        self.stopped = asyncio.Event()
        self._name = name
        self._write_key = write_key
        self._interval = 1 / posts_per_second
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + self._interval * (name % 17) / 17

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._loop.call_at(self._due, self._post)

    def connection_lost(self, exc: Exception | None) -> None:
        self.stopped.set()

    def data_received(self, data: bytes) -> None:
        now = self._loop.time()
        self.answered.append((self._begun, now - self._begun, int(data[9:12])))
        if self.stopping:
            self._transport.close()
            return
        self._due += self._interval
        self._loop.call_at(max(now, self._due), self._post)

    def _post(self) -> None:
        number = len(self.answered)
        event = {
            "writeKey": self._write_key,
            "type": "page",
            "messageId": f"{self._name}-{number}",
            "anonymousId": f"visitor-{self._name}-{number % VISITORS_OF_A_CONNECTION}",
            "properties": {
                "url": f"https://www.fernwerk.example/product/{number % 60}",
                "title": "Plan your plant" * 20,
            },
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        head = (
            "POST /v1/page HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nUser-Agent: Mozilla/5.0 (X11)\r\n"
            f"Origin: https://www.fernwerk.example\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._begun = self._loop.time()
        self._transport.write(head.encode() + body)


class Watch:
    """What the collector tells of itself, once a second."""

    def __init__(self, port: int, pid: int) -> None:
        self.most_rss = 0
        self.most_spooled = 0
        self.spooled: list[tuple[float, int, int]] = []  # when, in the spool, drained in all
        self._port = port
        self._process = psutil.Process(pid)

    async def run(self) -> None:
        async with aiohttp.ClientSession() as client:
            while True:
                await self.look(client)
                await asyncio.sleep(0.5)

    async def look(self, client: aiohttp.ClientSession) -> None:
        async with client.get(f"http://127.0.0.1:{self._port}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        told = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}
        spooled, drained = int(told["leadlight_spool_records"]), int(told["leadlight_spool_drained_total"])
        self.spooled.append((time.monotonic(), spooled, drained))
        self.most_spooled = max(self.most_spooled, spooled)
        self.most_rss = max(self.most_rss, self._process.memory_info().rss)


async def soak(broker: KafkaBroker, port: int, pid: int, write_key: str, options: argparse.Namespace) -> bool:
    """The whole outage; whether nothing was lost, refused or out of order."""
    loop, watch = asyncio.get_running_loop(), Watch(port, pid)
    watching = asyncio.create_task(watch.run())
    clients: list[Client] = []
    for name in range(options.connections):
        each = options.rate / options.connections
        made = partial(Client, name, write_key, each)
        _, client = await loop.create_connection(made, "127.0.0.1", port)
        clients.append(client)
    await asyncio.sleep(QUIET_SECONDS)
    rss_before = watch.most_rss
    await asyncio.to_thread(broker.kill)
    down = loop.time()
    await asyncio.sleep(options.seconds)
    held = watch.most_spooled
    up = loop.time()
    await asyncio.to_thread(broker.start)
    back = time.monotonic()
    while watch.spooled[-1][1]:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    await asyncio.sleep(QUIET_SECONDS)
    for client in clients:
        client.stopping = True
    await asyncio.gather(*(client.stopped.wait() for client in clients))
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching

    answers = [answer for client in clients for answer in client.answered]
    statuses = Counter(status for _, _, status in answers)
    print(f"posts: {len(answers):,}, answered {dict(statuses)}; {held:,} in the spool when Kafka was started again")
    tell("Kafka up", [took for at, took, _ in answers if at < down - 5])
    tell("first 5 s of the outage", [took for at, took, _ in answers if down - 5 <= at < down + 5])
    tell("the rest of it", [took for at, took, _ in answers if down + 5 <= at < up])
    tell("Kafka back, draining", [took for at, took, _ in answers if at >= up])
    print(drain_rate(watch.spooled, back))
    print(
        f"collector: {rss_before / 1e6:.0f} MB resident before the outage, at most {watch.most_rss / 1e6:.0f} MB in all"
    )
    refused = {f"{c._name}-{n}" for c in clients for n, (_, _, status) in enumerate(c.answered) if status != 200}
    found, repeats, wrong = await compare(broker.url, [len(c.answered) for c in clients], refused)
    print(f"log: {found:,} events under their own ids, {repeats:,} repeats, {wrong:,} missing or out of order")
    return not wrong and set(statuses) == {200}


def tell(when: str, seconds: Sequence[float]) -> None:
    if seconds:
        p50, p99, most = (percentile(seconds, share) * 1e3 for share in (0.5, 0.99, 1.0))
        print(f"{when:>24}: {len(seconds):8,} posts, p50 {p50:6.1f} ms, p99 {p99:7.1f} ms, longest {most:7.1f} ms")


def drain_rate(spooled: Sequence[tuple[float, int, int]], back: float) -> str:
    """From the first event drained until the spool was empty, while new ones went on coming."""
    drained_before = spooled[0][2]
    began = next((at, drained) for at, _, drained in spooled if drained > drained_before)
    ended = next((at, drained) for at, left, drained in spooled if at >= began[0] and not left)
    seconds = max(ended[0] - began[0], 0.5)
    total = ended[1] - drained_before
    return f"drained {total:,} events in {seconds:.1f} s ({total / seconds:,.0f}/s), beginning {began[0] - back:.1f} s after Kafka was back"


async def compare(url: str, posted: Sequence[int], refused: set[str]) -> tuple[int, int, int]:
    """Events found, repeats among them, and acknowledged ones that are missing or came before an earlier one."""
    bus = await open_bus(url=url, data=Path("unused"), instance="compare")
    ends: Mapping[Partition, int] = await bus.ends([EVENTS.name])
    seen, latest, repeats, wrong, read = set[str](), dict[str, int](), 0, 0, 0

    async def beginning(wanted: Sequence[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(wanted, 0)

    async with bus.consumer("compare", [EVENTS.name], beginning) as consumer:
        while read < sum(ends.values()):
            batch = await consumer.poll(max_records=5_000, timeout_seconds=2)
            read += len(batch.records)
            for record in batch.records:
                event = decode_event(record.value)
                if event.id in seen:
                    repeats += 1
                    continue
                seen.add(event.id)
                number = int(event.id.partition("-")[2])
                wrong += number < latest.get(event.anonymous_id or "", -1)
                latest[event.anonymous_id or ""] = number
    await bus.close()
    wanted = {f"{name}-{number}" for name, count in enumerate(posted) for number in range(count)} - refused
    return len(seen), repeats, wrong + len(wanted - seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1_000)
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()
    print(described())
    print(
        f"{options.rate:,.0f} posts/s of one event on {options.connections} connections, Kafka down for {options.seconds:.0f} s"
    )
    broker = KafkaBroker.create()
    server = None
    with tempfile.TemporaryDirectory(prefix="leadlight-bench-") as data:
        try:
            broker.start()
            port = free_port()
            environment = {**os.environ, "LEADLIGHT_DATA": data, "LEADLIGHT_BUS_URL": broker.url}
            environment |= {"LEADLIGHT_SECRET": SECRET, "LEADLIGHT_LOG_LEVEL": "error", "LEADLIGHT_PORT": str(port)}
            write_key = prepared(environment)
            server = subprocess.Popen([COMMAND, "run", "collector"], env=environment)
            wait_for(port, server)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                well = runner.run(soak(broker, port, server.pid, write_key, options))
        finally:
            if server is not None:
                server.send_signal(signal.SIGTERM)
                server.wait(20)
            broker.remove()
    if not well:
        raise SystemExit("events were refused, lost or out of order")


if __name__ == "__main__":
    main()
