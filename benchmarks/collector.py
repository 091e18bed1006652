"""Posts answered per second and the server's processor time for a post and an event, with 1, 10 and 25 events a post.

    .venv/bin/python -m benchmarks collector [--seconds 3] [--rounds 3] [--connections 64,256] [--events 1,10,25]
        [--only bare,embedded,kafka,spool] [--kafka kafka://host:port]

The collector as `leadlight run collector` starts it, on the embedded log (answers after fdatasync), on Kafka (acks=all;
a single broker answers before its fsync) and on its spool (Kafka cannot be reached; answers after fdatasync), beside a
bare uvicorn callable on the same loop that reads the body, decodes it and answers. The events are page views as the
snippet sends them, by a thousand visitors in turn. All servers stand ready and are loaded in turn, in rounds that
alternate, from a process of its own; the median round is told. At the end each gets half of the posts of one event that
it could answer, for its p99. Without --kafka, a broker is started if scripts/test-parts has fetched one.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.machine import described
from benchmarks.posting import Round, measure
from tests.infra.kafka import KafkaBroker
from tests.infra.parts import PartMissing

COMMAND = str(Path(sys.executable).parent / "leadlight")
SECRET = "only-for-benchmarks-0123456789abcdef"
NOBODY_LISTENS = "kafka://127.0.0.1:9"
DURABILITY = {
    "bare": "nothing stored",
    "embedded": "answered after fdatasync",
    "kafka": "acks=all, one broker, answered before its fsync",
    "spool": "Kafka away, answered after fdatasync",
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

Server = tuple[int, int, str]
"""Its port, process id and write key."""


@contextmanager
def serving(kind: str, bus_url: str) -> Iterator[Server]:
    """A server of this kind, ready to take posts."""
    with tempfile.TemporaryDirectory(prefix="leadlight-bench-") as data, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        environment = {**os.environ, "LEADLIGHT_DATA": data, "LEADLIGHT_BUS_URL": bus_url, "LEADLIGHT_SECRET": SECRET}
        environment |= {"LEADLIGHT_LOG_LEVEL": "error", "LEADLIGHT_PORT": str(port)}
        write_key = "none"
        if kind == "bare":
            command = [sys.executable, "-c", BARE, str(port)]
        else:
            write_key = prepared(environment, with_topics=kind != "spool")
            command = [COMMAND, "run", "collector"]
        server = subprocess.Popen(command, env=environment)
        try:
            wait_for(port, server)
            measure((port, server.pid, write_key), 1, 6.0 if kind == "spool" else 0.5)  # until it knows its log
            yield port, server.pid, write_key
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def prepared(environment: Mapping[str, str], *, with_topics: bool = True) -> str:
    """A migrated database with one site; its write key."""
    for command in (["migrate"], ["topics"])[: 2 if with_topics else 1]:
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


def typical(rounds: Sequence[Round]) -> Round:
    return Round(*(median(column) for column in zip(*rounds, strict=True)))


def compare(
    servers: Mapping[str, Server], connections: int, events: int, rounds: int, seconds: float
) -> dict[str, Round]:
    """Load the servers in turn and tell how each did, beside the bare one if it is among them."""
    measured: dict[str, list[Round]] = {kind: [] for kind in servers}
    for _ in range(rounds):
        for kind, server in servers.items():
            measured[kind].append(measure(server, connections, seconds, events))
    found = {kind: typical(each) for kind, each in measured.items()}
    bare = found.get("bare")
    for kind, one in found.items():
        ratio = f"{one.rate / bare.rate:5.2f} of bare, " if bare else ""
        times = f" ({one.processor_us / bare.processor_us:.2f} times)" if bare else ""
        print(
            f"{connections:4} connections, {events:2} a post {kind:>9}: {one.rate:7,.0f} posts/s, {ratio}"
            f"{one.rate * events:8,.0f} events/s, processor {one.processor_us:6.1f} us a post{times}, "
            f"{one.processor_us / events:5.1f} us an event, p50 {one.p50_ms:5.1f} ms, p99 {one.p99_ms:5.1f} ms, "
            f"{one.memory_mb:3.0f} MB",
            flush=True,
        )
    return found


def at_half(servers: Mapping[str, Server], best: Mapping[str, Round], rounds: int, seconds: float) -> None:
    """The p99 that clients see while half of what the server can answer is posted: the time from when a post was due."""
    for kind, server in servers.items():
        rate = best[kind].rate / 2
        one = typical([measure(server, 64, seconds, 1, rate) for _ in range(rounds)])
        print(
            f"half of what it held, {rate:7,.0f} posts/s {kind:>9}: answered {one.rate:7,.0f}, "
            f"p50 {one.p50_ms:5.1f} ms, p99 {one.p99_ms:5.1f} ms, {one.memory_mb:3.0f} MB   [{DURABILITY[kind]}]",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="64,256")
    parser.add_argument("--events", default="1,10,25")
    parser.add_argument("--kafka")
    parser.add_argument("--only", default="bare,embedded,kafka,spool")
    options = parser.parse_args()
    print(f"{described()}; load average {os.getloadavg()[0]:.1f} before")
    kinds = options.only.split(",")
    with ExitStack() as running:
        url = running.enter_context(broker(options.kafka if "kafka" in kinds else "unused"))
        if url is None:
            kinds.remove("kafka")
        bus_urls = {"bare": "embedded:", "embedded": "embedded:", "kafka": url or "", "spool": NOBODY_LISTENS}
        servers = {kind: running.enter_context(serving(kind, bus_urls[kind])) for kind in kinds}
        best: dict[str, Round] = {}
        for connections in map(int, options.connections.split(",")):
            for events in map(int, options.events.split(",")):
                found = compare(servers, connections, events, options.rounds, options.seconds)
                if events == 1:
                    best = {kind: max(one, best.get(kind, one)) for kind, one in found.items()}
        if best:
            at_half(servers, best, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
