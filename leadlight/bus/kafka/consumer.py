"""A named reader of Kafka topics: a static member of its group, which starts where the database says."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from leadlight.bus.kafka.clients import stop
from leadlight.bus.kafka.seat import Seat
from leadlight.bus.metrics import LOST, REBUILDS, SKIPPED
from leadlight.bus.port import Batch, Partition, Positions, Record, Span
from leadlight.errors import ConfigurationError, LogUnavailable
from leadlight.logs import get_logger

if TYPE_CHECKING:
    from leadlight.bus.kafka.bus import KafkaBus

log = get_logger(__name__)

SESSION_SECONDS = 10.0
"""A member gone for longer loses its partitions; one restarted sooner finds them as they were."""

HEARTBEAT_SECONDS = 2.0

HAND_OVER_SECONDS = 5.0
"""On a rebalance, what the caller is given to finish its batch, so that the next owner finds its positions stored."""

CHECK_SECONDS = 10.0
"""Between two looks at the ends. Nothing read from one to the next although there was something: the client is stuck."""

UNFAIR_SECONDS = 120.0
"""The same for one partition while others are read: aiokafka empties one after the other."""

UNASSIGNED_SECONDS = 45.0
"""A start or a rebalance that takes longer has failed."""

SLICE_SECONDS = 1.0
RETRY_SECONDS = 1.0
COMMIT_SECONDS = 1.0


Stalls = Mapping[Partition, tuple[int, float]]
"""Partitions with something left to read: where their reader stands, and since when."""


def standing_still(
    before: Stalls, at: Mapping[Partition, int], ends: Mapping[Partition, int], *, now: float
) -> dict[Partition, tuple[int, float]]:
    """The partitions that have something left to read, each since it was first seen at the same place."""
    return {
        partition: before[partition] if before.get(partition, (None,))[0] == offset else (offset, now)
        for partition, offset in at.items()
        if ends.get(partition, 0) > offset
    }


class KafkaConsumer:
    """Reads what its group assigns to it. aiokafka's client is built, and when it fails built anew, in the background."""

    def __init__(self, bus: "KafkaBus", name: str, topics: Sequence[str], positions: Positions) -> None:
        self._bus = bus
        self._name = name
        self._topics = tuple(topics)
        self._positions = positions
        self._seat = Seat(bus.servers, group=name, instance=bus.instance)
        self._client: AIOKafkaConsumer | None = None
        self._listener: _Listener | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._polling = asyncio.Event()
        self._generation = 0  # grows whenever what we own may have changed
        self._placed = -1  # the generation whose partitions stand where `positions` said
        self._offered: frozenset[Partition] = frozenset()
        self._settled = False  # the group has assigned, if only nothing
        self._next: dict[Partition, int] = {}  # what the caller was last told to store
        self._at: dict[Partition, int] = {}  # where the log is read; differs when a position was out of range
        self._moved_at = self._polled_at = 0.0
        self._stalls: Stalls = {}
        self._to_commit: dict[Partition, int] = {}
        self._commit = asyncio.Event()
        self._fatal: ConfigurationError | None = None
        self._closed = False

    @property
    def assignment(self) -> frozenset[Partition]:
        return frozenset(self._next)

    async def __aenter__(self) -> Self:
        self._moved_at = asyncio.get_running_loop().time()
        self._run(self._build())
        self._run(self._commit_lazily())
        self._run(self._watch())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._polling.set()  # a rebalance need not wait any more
        await self._commit_now()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await stop(self._client)
        self._next.clear()

    async def poll(self, *, max_records: int, timeout_seconds: float) -> Batch:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        if loop.time() - self._polled_at > SLICE_SECONDS:
            self._moved_at, self._stalls = loop.time(), {}  # it was the caller who took its time
        self._polling.set()
        try:
            while True:
                if self._fatal is not None:
                    raise self._fatal
                left = min(SLICE_SECONDS, max(0.0, deadline - loop.time()))
                batch = await self._poll_slice(max_records, left)
                if batch or loop.time() >= deadline:
                    return batch
        finally:
            self._polling.clear()
            self._polled_at = loop.time()

    async def reload(self) -> None:
        self._placed = -1
        if self._client is not None:
            await self._place(self._client)

    async def stored(self, positions: Mapping[Partition, int]) -> None:
        self._to_commit |= positions
        self._commit.set()

    async def _poll_slice(self, max_records: int, seconds: float) -> Batch:
        self._changed.clear()
        client = await self._placed_client()
        if client is None:
            await self._wait_for_change(seconds)
            return Batch()
        generation = self._generation
        try:
            async with asyncio.timeout(seconds + 0.05):  # aiokafka forgets its time-out during a rebalance
                found = await client.getmany(
                    *(TopicPartition(*partition) for partition in self._next),
                    timeout_ms=int(seconds * 1000),
                    max_records=max_records,
                )
        except TimeoutError:
            return Batch()
        except OffsetOutOfRangeError as error:
            await self._go_to_beginning(client, error.args[0])
            return Batch()
        except NoOffsetForPartitionError:
            self._placed = -1  # assigned anew while we waited, and not yet placed
            return Batch()
        except KafkaError as error:
            self._rebuild(client, repr(error))
            return Batch()
        if generation != self._generation:
            self._placed = -1  # what came may belong to either assignment: it is read again
            return Batch()
        return self._batch(found)

    async def _placed_client(self) -> AIOKafkaConsumer | None:
        """The client, if it owns partitions and reads each from where the caller's store says."""
        client = self._client
        if client is None:
            return None
        if self._placed != self._generation:
            await self._place(client)
        return client if self._placed == self._generation and self._next else None

    def _batch(self, found: Mapping[TopicPartition, Sequence[Any]]) -> Batch:
        records: list[Record] = []
        spans: dict[Partition, Span] = {}
        for (topic, number), messages in found.items():
            partition = Partition(topic, number)
            records += [Record(partition, m.offset, m.key or b"", m.value or b"") for m in messages]
            after = messages[-1].offset + 1
            spans[partition] = Span(self._next[partition], after)
            self._next[partition] = self._at[partition] = after
        if records:
            self._moved_at = asyncio.get_running_loop().time()
        return Batch(records, spans)

    async def _wait_for_change(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _place(self, client: AIOKafkaConsumer) -> None:
        """Read each owned partition on from where the caller's store says."""
        generation, offered = self._generation, self._offered
        self._placed = -1
        self._next = {p: at for p, at in self._next.items() if p in offered}
        wanted = await self._positions(sorted(offered)) if offered else {}
        if generation != self._generation:
            return
        try:
            for partition in offered:
                client.seek(TopicPartition(*partition), wanted.get(partition, 0))
        except IllegalStateError:
            return  # revoked meanwhile; the next assignment is on its way
        self._next = {partition: wanted.get(partition, 0) for partition in offered}
        self._at = dict(self._next)
        self._placed = generation
        self._moved_at = asyncio.get_running_loop().time()

    async def _go_to_beginning(self, client: AIOKafkaConsumer, lost: Mapping[TopicPartition, int]) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                starts = await client.beginning_offsets(list(lost))
        except (KafkaError, TimeoutError) as error:
            log.warning("the log's beginning is not known yet", reader=self._name, error=repr(error))
            return  # the same fetch fails again and leads back here
        for place, start in starts.items():
            partition = Partition(*place)
            position = self._at.get(partition)
            if position is None or position != lost[place]:
                continue  # placed elsewhere meanwhile
            client.seek(place, start)
            self._at[partition] = start
            if position == 0:
                self._next[partition] = start
                continue
            skipped = max(0, start - position)
            LOST.labels(partition.topic, self._name).inc()
            SKIPPED.labels(partition.topic, self._name).inc(skipped)
            log.error(
                "the log no longer has what comes next: reading on at what it has",
                topic=partition.topic,
                partition=partition.number,
                reader=self._name,
                position=position,
                records_skipped=skipped,
            )

    async def _watch(self) -> None:
        """Replace a client that finds nothing although there is something."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            client = self._client
            if client is not None and self._polling.is_set():
                await self._check_progress(client)

    async def _check_progress(self, client: AIOKafkaConsumer) -> None:
        now = asyncio.get_running_loop().time()
        if not self._settled:
            if now - self._moved_at > UNASSIGNED_SECONDS:
                self._rebuild(client, "no assignment")
            return
        try:
            ends = await self._bus.ends(self._topics)
        except LogUnavailable:
            return
        self._stalls = standing_still(self._stalls, self._at, ends, now=now)
        patience = CHECK_SECONDS if now - self._moved_at > CHECK_SECONDS else UNFAIR_SECONDS
        stuck = [partition for partition, (_at, since) in self._stalls.items() if now - since >= patience]
        if stuck:
            self._rebuild(client, f"{len(stuck)} partitions stand still before their ends")

    def _rebuild(self, client: AIOKafkaConsumer, why: str) -> None:
        if self._client is not client:
            return
        log.warning("building a new Kafka consumer", reader=self._name, why=why)
        REBUILDS.labels("consumer").inc()
        self._client = self._listener = None
        self._change(frozenset(), settled=False)
        self._run(self._replace(client))

    async def _replace(self, client: AIOKafkaConsumer) -> None:
        await stop(client)
        await asyncio.sleep(RETRY_SECONDS)
        await self._build()

    async def _build(self) -> None:
        """Keep trying until a client has joined the group."""
        while True:
            client = self._new_client()
            try:
                async with asyncio.timeout(UNASSIGNED_SECONDS):
                    await client.start()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("not reading yet, trying again", reader=self._name, topics=self._topics, error=repr(error))
                await stop(client)
                await asyncio.sleep(RETRY_SECONDS)
            except BaseException:
                await stop(client)
                raise
            else:
                self._client = client
                self._moved_at = asyncio.get_running_loop().time()
                self._changed.set()
                return

    def _new_client(self) -> AIOKafkaConsumer:
        client = AIOKafkaConsumer(
            bootstrap_servers=self._bus.servers,
            client_id=self._seat.instance_id,
            group_id=self._name,
            group_instance_id=self._seat.instance_id,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=int(SESSION_SECONDS * 1000),
            heartbeat_interval_ms=int(HEARTBEAT_SECONDS * 1000),
            rebalance_timeout_ms=int(2 * HAND_OVER_SECONDS * 1000),
            request_timeout_ms=int(3 * SESSION_SECONDS * 1000),
            metadata_max_age_ms=60_000,
            fetch_max_wait_ms=200,
            fetch_max_bytes=8 * 1024 * 1024,
        )
        self._listener = _Listener(self)
        client.subscribe(self._topics, listener=self._listener)
        return client

    def _change(self, owned: frozenset[Partition], *, settled: bool) -> None:
        self._offered, self._settled = owned, settled
        self._generation += 1
        self._changed.set()

    async def revoked(self, listener: "_Listener") -> None:
        """The group rebalances: let the caller finish, unless another process has taken the seat."""
        if listener is not self._listener:
            return  # a client that has been replaced
        if self._generation and not self._closed and await self._seat.taken():
            self._fatal = self._seat.explanation()
            self._changed.set()
            raise asyncio.CancelledError  # ends aiokafka's coordination, which would take the seat back
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                await self._polling.wait()
        except TimeoutError:
            log.warning("handing partitions over before the batch was finished", reader=self._name)
        self._change(frozenset(), settled=False)

    async def assigned(self, listener: "_Listener", partitions: frozenset[Partition]) -> None:
        if listener is not self._listener:
            return
        await self._seat.sat_down()
        self._change(partitions, settled=True)

    async def _commit_lazily(self) -> None:
        while True:
            await self._commit.wait()
            self._commit.clear()
            await self._commit_now()
            await asyncio.sleep(COMMIT_SECONDS)

    async def _commit_now(self) -> None:
        """Show the group's lag to standard tools. Nothing here depends on it, so a failure is left alone."""
        client, owned = self._client, self._next
        offsets = {TopicPartition(*p): at for p, at in self._to_commit.items() if p in owned}
        self._to_commit = {}
        if client is None or not offsets or self._fatal is not None:
            return
        try:
            async with asyncio.timeout(2 * COMMIT_SECONDS):
                await client.commit(offsets)
        except (KafkaError, TimeoutError) as error:
            log.debug("positions not shown to the group", reader=self._name, error=repr(error))

    def _run(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._consumer.revoked(self)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._consumer.assigned(self, frozenset(Partition(*partition) for partition in assigned))
