"""A worker's life: take a batch, let it be handled in one transaction, tell the log, go on.

Outages are retried and let lag grow. After an unexpected error the records are run one by one, and one that fails twice
is dead-lettered with its bytes and its reason. A lost position changes nothing: the worker asks where it stands.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from prometheus_client import Counter, Gauge

from leadlight.bus.port import Batch, Consumer, Partition, Record, Span
from leadlight.errors import Outage, PositionLost
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store import dead_letters, positions
from leadlight.store.positions import Position

log = get_logger(__name__)

SLICE_RECORDS = 1_000
"""Records in one transaction: larger slices fall out of the processor's cache and hold locks longer."""

IDLE_SECONDS = 0.5
"""How long a poll waits for records before timed work gets its turn."""

PACE_SECONDS = 0.05
"""From the start of one transaction to the next, unless more than a slice waits: under load, records gather into fewer
and larger transactions, and a lone record still goes at once. Measured on Kafka and PostgreSQL, see benchmarks/."""

RETRY_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Waits between tries while something outside is away; the last one repeats."""

REASON_CHARACTERS = 2_000
"""Of an error's text in the dead-letter store: enough to understand it, too little to fill a disk."""

HANDLED = Counter("leadlight_records_handled_total", "Records whose transaction was committed", ["consumer"])
DEAD = Counter("leadlight_records_dead_total", "Records put into the dead-letter store", ["consumer"])
RETRIES = Counter("leadlight_worker_retries_total", "Batches tried again, by cause", ["consumer", "cause"])
LAG = Gauge("leadlight_consumer_lag_records", "Records published but not yet handled", ["consumer"])


@dataclass(frozen=True, slots=True)
class Slice:
    """Records and the positions that their transaction must move: see `positions.advance`."""

    consumer: str
    records: Sequence[Record]
    held: Mapping[Partition, Position]
    spans: Mapping[Partition, Span]


Handle = Callable[[Slice], Awaitable[Mapping[Partition, Position]]]
"""Handle a slice in one transaction that begins with `positions.advance`; returns what that returned."""

Tick = Callable[[Mapping[Partition, Position]], Awaitable[Mapping[Partition, Position]]]
"""Timed work on the partitions owned; returns the positions it has moved (none, if nothing was due)."""


@dataclass(slots=True)
class Worker:
    """One named consumer and what it does with its records."""

    runtime: Runtime
    name: str
    topics: Sequence[str]
    handle: Handle
    tick: Tick | None = None
    tick_seconds: float = 1.0
    _held: dict[Partition, Position] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until the process is asked to stop. Raises only for errors outside any record."""
        try:
            async with self.runtime.bus.consumer(self.name, self.topics, self._positions) as consumer:
                await self._work(consumer)
        except Outage:
            if not self.runtime.stopping.is_set():
                raise

    async def _work(self, consumer: Consumer) -> None:
        loop = asyncio.get_running_loop()
        next_tick = loop.time() + self.tick_seconds
        while not self.runtime.stopping.is_set():
            batch = await consumer.poll(max_records=SLICE_RECORDS, timeout_seconds=IDLE_SECONDS)
            if batch:
                begun = loop.time()
                await self._settle(consumer, batch)
                if len(batch.records) < SLICE_RECORDS:
                    await asyncio.sleep(max(0.0, begun + PACE_SECONDS - loop.time()))
            if loop.time() >= next_tick:
                next_tick = loop.time() + self.tick_seconds
                await self._timed(consumer)

    async def _positions(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        attempt = 0
        while True:
            try:
                async with self.runtime.database.read() as connection:
                    stored = await positions.load(connection, self.name, partitions)
                break
            except Outage as error:
                if self.runtime.stopping.is_set():
                    raise
                await self._wait(attempt, error)
                attempt += 1
        self._held |= stored
        return {partition: position.offset for partition, position in stored.items()}

    async def _settle(self, consumer: Consumer, batch: Batch) -> None:
        """Bring one batch to its end: handled, dead-lettered, or someone else's."""
        whole = Slice(self.name, batch.records, {p: self._held[p] for p in batch.spans}, batch.spans)
        try:
            try:
                await self._persist(whole, self.handle)
            except (PositionLost, Outage):
                raise
            except Exception as error:
                log.warning("batch failed, running its records one by one", consumer=self.name, error=repr(error))
                RETRIES.labels(self.name, "error").inc()
                for single in self._singles(whole):
                    if self.runtime.stopping.is_set():
                        return  # what is left is read again at the next start
                    await self._settle_one(single)
        except PositionLost as lost:
            log.warning("position lost, reading on from the stored one", consumer=self.name, reason=str(lost))
            RETRIES.labels(self.name, "position_lost").inc()
            await consumer.reload()
        except Outage:
            return  # stopping: what is unfinished is read again at the next start
        else:
            await consumer.stored({p: self._held[p].offset for p in batch.spans})

    async def _settle_one(self, single: Slice) -> None:
        for last in (False, True):
            try:
                await self._persist(single, self.handle)
            except (PositionLost, Outage):
                raise
            except Exception as error:
                if last:
                    log.exception("record is dead", consumer=self.name, spans=str(dict(single.spans)))
                    reason = f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]
                    await self._persist(single, partial(self._bury, reason=reason))
                    DEAD.labels(self.name).inc()
                    self.runtime.lately.add(self.runtime.now(), dead=1)
            else:
                return

    async def _bury(self, dead: Slice, *, reason: str) -> Mapping[Partition, Position]:
        async with self.runtime.database.begin() as connection:
            moved = await positions.advance(connection, dead.consumer, dead.held, dead.spans)
            for record in dead.records:
                await dead_letters.add(connection, dead.consumer, record, reason=reason, now=self.runtime.now())
        return moved

    def _singles(self, whole: Slice) -> "Sequence[Slice]":
        """The batch as slices of one record, which move each partition step by step to the batch's end."""
        singles = []
        for partition, span in whole.spans.items():
            records = [record for record in whole.records if record.partition == partition]
            ends = [record.offset for record in records[1:]] + [span.next]
            first = span.first
            for record, end in zip(records, ends, strict=True):
                singles.append(Slice(self.name, [record], {}, {partition: Span(first, end)}))
                first = end
        return singles

    async def _persist(self, part: Slice, handle: Handle) -> None:
        """Run one transaction until no outage stands in its way."""
        attempt = 0
        while True:
            held = {p: self._held[p] for p in part.spans}
            try:
                self._held |= await handle(Slice(part.consumer, part.records, held, part.spans))
            except Outage as error:
                if self.runtime.stopping.is_set():
                    raise
                RETRIES.labels(self.name, "outage").inc()
                await self._wait(attempt, error)
                attempt += 1
            else:
                HANDLED.labels(self.name).inc(len(part.records))
                self.runtime.lately.add(self.runtime.now(), handled=len(part.records))
                return

    async def _timed(self, consumer: Consumer) -> None:
        owned = {p: self._held[p] for p in consumer.assignment if p in self._held}
        try:
            if self.tick is not None:
                self._held |= await self.tick(owned)
            ends = await self.runtime.bus.ends(self.topics)
            LAG.labels(self.name).set(sum(max(0, ends[p] - self._held[p].offset) for p in owned if p in ends))
        except PositionLost:
            await consumer.reload()
        except Outage as error:
            log.warning("timed work put off", consumer=self.name, error=str(error))

    async def _wait(self, attempt: int, error: Exception) -> None:
        seconds = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)] * random.uniform(0.8, 1.2)
        log.warning("outage, trying again", consumer=self.name, error=str(error), wait_seconds=round(seconds, 1))
        await self.runtime.pause(seconds)
