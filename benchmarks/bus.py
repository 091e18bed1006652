"""How fast the event log confirms: records per second, latency and processor time, for 1, 64 and 512 publishers.

    .venv/bin/python -m benchmarks.bus [--seconds 3] [--bytes 500] [--kafka kafka://host:port] [--only embedded]

Without --kafka, a broker is started for the occasion (scripts/test-parts fetches it). Takes under a minute.
"""

import argparse
import asyncio
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvloop
from aiokafka import AIOKafkaProducer

from benchmarks.machine import described, percentile
from leadlight.bus import open_bus
from leadlight.bus.embedded.segment import sync_data
from leadlight.bus.port import Bus, Partition
from leadlight.bus.topics import Topic, create_topics
from tests.infra.kafka import KafkaBroker
from tests.infra.parts import PartMissing

WAITERS = (1, 64, 512)
BATCH_RECORDS = 1_000
KEYS = 5_000


class Measured(NamedTuple):
    """One row of the table."""

    what: str
    records_per_second: float
    p50_ms: float
    p99_ms: float
    processor_us: float


async def single(bus: Bus, topic: str, value: bytes, *, waiters: int, seconds: float) -> Measured:
    """Each waiter publishes one record, waits for it, and goes on."""
    latencies: list[float] = []
    deadline = time.perf_counter() + seconds

    async def publisher(first: int) -> None:
        number = first
        while (begun := time.perf_counter()) < deadline:
            await bus.publish(topic, [(b"site:%d" % (number % KEYS), value)])
            latencies.append(time.perf_counter() - begun)
            number += waiters

    begun, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(publisher(number) for number in range(waiters)))
    return measured(f"{waiters} publishers", latencies, len(latencies), begun, processor)


async def batches(bus: Bus, topic: str, value: bytes, *, seconds: float) -> Measured:
    """One publisher, many records a call."""
    records = [(b"site:%d" % (number % KEYS), value) for number in range(BATCH_RECORDS)]
    latencies: list[float] = []
    begun, processor = time.perf_counter(), time.process_time()
    while (at := time.perf_counter()) < begun + seconds:
        await bus.publish(topic, records)
        latencies.append(time.perf_counter() - at)
    return measured(f"batches of {BATCH_RECORDS}", latencies, BATCH_RECORDS * len(latencies), begun, processor)


async def reading(bus: Bus, topic: str, *, seconds: float) -> Measured:
    """One reader from the beginning, in slices of 1,000."""

    async def beginning(partitions: object) -> dict[Partition, int]:
        return {}

    latencies: list[float] = []
    records = 0
    async with bus.consumer(f"bench-{uuid.uuid4().hex}", [topic], beginning) as consumer:
        while not await consumer.poll(max_records=1, timeout_seconds=5):
            pass
        begun, processor = time.perf_counter(), time.process_time()
        while (at := time.perf_counter()) < begun + seconds:
            batch = await consumer.poll(max_records=1_000, timeout_seconds=0.5)
            if not batch:
                break
            records += len(batch.records)
            latencies.append(time.perf_counter() - at)
        return measured("reading by 1,000", latencies, records, begun, processor)


def measured(what: str, latencies: list[float], records: int, begun: float, processor: float) -> Measured:
    seconds, busy = time.perf_counter() - begun, time.process_time() - processor
    p50, p99 = (1e3 * percentile(latencies, share) for share in (0.5, 0.99))
    return Measured(what, records / seconds, p50, p99, 1e6 * busy / records)


async def run(url: str, data: Path, topic: str, *, seconds: float, value: bytes) -> None:
    bus = await open_bus(url=url, data=data, instance="bench")
    try:
        await bus.publish(topic, [(b"warm", value)] * 100)
        for waiters in WAITERS:
            show(await single(bus, topic, value, waiters=waiters, seconds=seconds))
        show(await batches(bus, topic, value, seconds=seconds))
        show(await reading(bus, topic, seconds=seconds))
    finally:
        await bus.close()


def show(row: Measured) -> None:
    print(
        f"  {row.what:<18}{row.records_per_second:>12,.0f}/s   p50 {row.p50_ms:7.2f} ms   p99 {row.p99_ms:7.2f} ms"
        f"   {row.processor_us:6.1f} us of processor a record"
    )


@contextmanager
def broker(url: str | None) -> Iterator[str]:
    """The broker named, or one started for the occasion."""
    if url:
        yield url
        return
    started = KafkaBroker.create()
    try:
        started.start()
        yield started.url
    finally:
        started.remove()


def bare_writes(folder: Path, value: bytes, *, seconds: float) -> Measured:
    """The reference: one write and one fdatasync after the other, without a log around them."""
    latencies: list[float] = []
    with (folder / "bare").open("ab", buffering=0) as file:
        begun, processor = time.perf_counter(), time.process_time()
        while (at := time.perf_counter()) < begun + seconds:
            file.write(value)
            sync_data(file.fileno())
            latencies.append(time.perf_counter() - at)
    return measured("bare fdatasync", latencies, len(latencies), begun, processor)


async def bare_sends(url: str, topic: str, value: bytes, *, waiters: int, seconds: float) -> Measured:
    """The reference: aiokafka's own `send_and_wait`, awaited by as many tasks."""
    latencies: list[float] = []
    async with AIOKafkaProducer(bootstrap_servers=url.removeprefix("kafka://"), acks="all") as producer:
        await producer.send_and_wait(topic, value, key=b"warm")
        deadline = time.perf_counter() + seconds

        async def publisher(number: int) -> None:
            while (at := time.perf_counter()) < deadline:
                await producer.send_and_wait(topic, value, key=b"site:%d" % number)
                latencies.append(time.perf_counter() - at)

        begun, processor = time.perf_counter(), time.process_time()
        await asyncio.gather(*(publisher(number) for number in range(waiters)))
        return measured(f"bare, {waiters} waiting", latencies, len(latencies), begun, processor)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each row")
    parser.add_argument("--bytes", type=int, default=500, help="of each value")
    parser.add_argument("--kafka", metavar="URL", help="a running broker; without it one is started")
    parser.add_argument("--only", choices=["embedded", "kafka"])
    parser.add_argument("--data", type=Path, help="where the embedded log is put; its disk is what is measured")
    options = parser.parse_args()
    seconds, value = min(options.seconds, 10.0), b"v" * options.bytes
    print(f"{described()}; uvloop; load {os.getloadavg()[0]:.1f}")
    if options.only != "kafka":
        with tempfile.TemporaryDirectory(dir=options.data or Path.cwd()) as folder:
            print(f"embedded, {options.bytes} B, on {folder}: confirmed after fdatasync (survives a power cut)")
            show(bare_writes(Path(folder), value, seconds=seconds))
            uvloop.run(run("embedded:", Path(folder), "bench", seconds=seconds, value=value))
    if options.only != "embedded":
        try:
            with broker(options.kafka) as url:
                print(f"Kafka, {options.bytes} B, {url}, 12 partitions: confirmed by all in-sync replicas before fsync")
                topic = f"bench-{uuid.uuid4().hex}"
                [made] = asyncio.run(create_topics(url, [Topic(topic, readers=())]))
                print(f"  {made.replicas} replica(s): survives the broker's process, not its machine's power")
                show(uvloop.run(bare_sends(url, topic, value, waiters=64, seconds=seconds)))
                uvloop.run(run(url, Path("unused"), topic, seconds=seconds, value=value))
        except PartMissing as part:
            print(f"Kafka not measured: {part}")


if __name__ == "__main__":
    main()
