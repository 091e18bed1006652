"""Publishing to Kafka: one batch in flight a partition, the next gathers meanwhile; a producer that is built anew."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from leadlight.bus.kafka.clients import stop
from leadlight.bus.kafka.partition import partition_of
from leadlight.bus.metrics import FAILED, PUBLISHED, REBUILDS
from leadlight.errors import LeadlightError, LogUnavailable, RecordTooLarge
from leadlight.logs import get_logger

log = get_logger(__name__)

REQUEST_SECONDS = 4.0
"""What a broker is given to answer. A send that finds no broker fails after the same time."""

CONFIRM_SECONDS = 4.2
"""After this a publish that nobody confirmed is given up: a post must be answered within 5 s."""

STUCK_SECONDS = 15.0
"""A batch that aiokafka has neither sent nor failed by then never will be: the producer is built anew."""

BATCH_BYTES = 1_040_000
"""Of a batch, overhead included: Kafka takes 1,048,588 bytes."""

UNCONFIRMED_BYTES = 64 * 1024 * 1024
"""Of all batches together, or memory would grow while the broker is away."""

RETRY_SECONDS = 1.0


class Confirmation:
    """What one publish waits for: all batches that took its records."""

    __slots__ = ("batches", "future")

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.batches = 0

    def one_confirmed(self) -> None:
        self.batches -= 1
        if not self.batches and not self.future.done():
            self.future.set_result(None)

    def fail(self, error: LeadlightError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Batch:
    """Records of one partition that travel together."""

    __slots__ = ("builder", "bytes", "confirmations", "given_up", "records", "since", "topic")

    def __init__(self, topic: str, builder: Any, since: float) -> None:
        self.topic = topic
        self.builder = builder
        self.since = since
        self.records = 0
        self.bytes = 0
        self.confirmations: list[Confirmation] = []
        self.given_up = False


class Lane:
    """One partition's batches in order: the first is on its way, the last gathers."""

    def __init__(self, publisher: "Publisher", topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self._publisher = publisher
        self._waiting: deque[Batch] = deque()
        self.sending: asyncio.Task[None] | None = None

    def append(self, key: bytes, value: bytes, confirmation: Confirmation) -> None:
        batch = self._waiting[-1] if self._waiting else None
        if batch is None or batch.given_up or batch.builder.append(timestamp=None, key=key, value=value) is None:
            batch = self._publisher.new_batch(self.topic)
            batch.builder.append(timestamp=None, key=key, value=value)
            self._waiting.append(batch)
        batch.records += 1
        batch.bytes += len(key) + len(value)
        self._publisher.unconfirmed_bytes += len(key) + len(value)
        if not batch.confirmations or batch.confirmations[-1] is not confirmation:
            batch.confirmations.append(confirmation)
            confirmation.batches += 1
        if self.sending is None:
            self.sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                await self._publisher.deliver(self, self._waiting.popleft())
        finally:
            self.sending = None


class Publisher:
    """Sends records and says when every in-sync replica has them."""

    def __init__(self, servers: Sequence[str], client_id: str) -> None:
        self.unconfirmed_bytes = 0
        self._servers = list(servers)
        self._client_id = client_id
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._partitions: dict[str, int] = {}
        self._unsettled: dict[Batch, None] = {}  # oldest first
        self._room = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._started = asyncio.Event()
        self._confirmed_at = -STUCK_SECONDS
        self._tasks = {asyncio.create_task(self._start()), asyncio.create_task(self._give_up_late())}
        self._closed = False

    async def publish(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
        """See `Bus.publish`."""
        if self._closed:
            raise LogUnavailable("The event log is closed.")
        if topic in self._partitions and self.unconfirmed_bytes <= UNCONFIRMED_BYTES:
            await self._append(topic, records)
            return
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._prepare(topic)
                await self._append(topic, records)
        except TimeoutError:
            raise LogUnavailable(self._why_not(topic)) from None

    def _append(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> asyncio.Future[None]:
        count = self._partitions[topic]
        confirmation = Confirmation()
        for key, value in records:
            number = partition_of(key, count)
            lane = self._lanes.get((topic, number)) or self._lane(topic, number)
            lane.append(key, value, confirmation)
        return confirmation.future

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has.

        Raises:
            LogUnavailable: the brokers cannot be reached, or have no such topic.
        """
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._know(topic)
        except TimeoutError:
            raise LogUnavailable(self._why_not(topic)) from None
        return self._partitions[topic]

    async def answers(self, *, within_seconds: float) -> bool:
        """Whether the log confirmed something just now, or a broker answers."""
        if self._loop.time() - self._confirmed_at < within_seconds:
            return True
        if self._producer is None:
            return False
        try:
            async with asyncio.timeout(within_seconds):
                return bool(await self._producer.client.force_metadata_update())
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Wait for what is in flight, no longer than a publish would, and let go of the connections."""
        self._closed = True
        sending = [lane.sending for lane in self._lanes.values() if lane.sending is not None]
        if sending:
            await asyncio.wait(sending, timeout=CONFIRM_SECONDS)
        ended = [*sending, *self._tasks]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        for batch in self._unsettled:
            self._fail(batch, "The event log was closed before it confirmed.")
        if self._producer is not None:
            await stop(self._producer)

    def new_batch(self, topic: str) -> Batch:
        assert self._producer is not None, "partitions are known only once a producer has started"
        batch = Batch(topic, self._producer.create_batch(), self._loop.time())
        self._unsettled[batch] = None
        return batch

    async def deliver(self, lane: Lane, batch: Batch) -> None:
        """Send one batch and settle it: confirmed, or failed with its reason."""
        try:
            await self._started.wait()
            if batch.given_up:
                return
            producer = self._producer
            assert producer is not None
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    await (await producer.send_batch(batch.builder, lane.topic, partition=lane.number))
            except (MessageSizeTooLargeError, RecordListTooLargeError):  # the topic's own limit is lower
                self._fail(
                    batch, f"Too large for the topic {lane.topic}, as its max.message.bytes is set.", RecordTooLarge
                )
            except Exception as error:  # whatever aiokafka comes up with: a publish must end
                self._fail(batch, f"The event log did not confirm: {error or 'no answer'} ({lane.topic})")
                if not getattr(error, "retriable", False):
                    self._rebuild(producer, repr(error))
            else:
                self._confirmed_at = self._loop.time()
                PUBLISHED.labels(lane.topic).inc(batch.records)
                for confirmation in batch.confirmations:
                    confirmation.one_confirmed()
        finally:
            self._unsettled.pop(batch, None)
            self.unconfirmed_bytes -= batch.bytes
            self._room.set()

    def _fail(self, batch: Batch, why: str, kind: type[LeadlightError] = LogUnavailable) -> None:
        if batch.given_up:
            return
        batch.given_up = True
        FAILED.labels(batch.topic).inc(batch.records)
        for confirmation in batch.confirmations:
            confirmation.fail(kind(why))

    async def _give_up_late(self) -> None:
        """Fail publishes whose time is over; their batches may still arrive."""
        while True:
            await asyncio.sleep(0.1)
            now = self._loop.time()
            for batch in list(self._unsettled):
                if now - batch.since < CONFIRM_SECONDS:
                    break
                self._fail(batch, f"The event log did not confirm within {CONFIRM_SECONDS} s.")

    async def _prepare(self, topic: str) -> None:
        """Wait until the topic's partitions are known and there is room for more records."""
        while topic not in self._partitions or self.unconfirmed_bytes > UNCONFIRMED_BYTES:
            await self._know(topic)
            if self.unconfirmed_bytes > UNCONFIRMED_BYTES:
                self._room.clear()
                await self._room.wait()

    async def _know(self, topic: str) -> None:
        """Learn how many partitions the topic has."""
        while topic not in self._partitions:
            await self._started.wait()
            producer = self._producer
            assert producer is not None
            try:
                self._partitions[topic] = len(await producer.partitions_for(topic))
            except KafkaError as error:
                raise LogUnavailable(
                    f"Kafka has no topic {topic} that can be written ({error}). `leadlight topics` creates it."
                ) from error

    def _why_not(self, topic: str) -> str:
        known = topic in self._partitions
        return f"Kafka at {','.join(self._servers)} {'has too much unconfirmed' if known else 'does not answer'}."

    def _lane(self, topic: str, number: int) -> Lane:
        lane = self._lanes[topic, number] = Lane(self, topic, number)
        return lane

    async def _start(self) -> None:
        """Keep trying until a producer has started."""
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=False,
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                max_batch_size=BATCH_BYTES,
                max_request_size=BATCH_BYTES,
                metadata_max_age_ms=60_000,
            )
            try:
                async with asyncio.timeout(2 * REQUEST_SECONDS):
                    await producer.start()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("Kafka is away, trying again", servers=self._servers, error=str(error))
                await stop(producer)
                await asyncio.sleep(RETRY_SECONDS)
            except BaseException:
                await stop(producer)
                raise
            else:
                self._producer = producer
                self._started.set()
                return

    def _rebuild(self, broken: AIOKafkaProducer, why: str) -> None:
        if self._producer is not broken or self._closed:
            return
        log.warning("building a new Kafka producer", why=why)
        REBUILDS.labels("producer").inc()
        self._started.clear()
        self._partitions.clear()
        task = asyncio.create_task(self._replace(broken))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, broken: AIOKafkaProducer) -> None:
        await stop(broken)
        await asyncio.sleep(RETRY_SECONDS)
        await self._start()
