"""Publishing to Kafka: one flight at a time to each broker, of what has gathered for all its partitions meanwhile."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, NoError, RecordListTooLargeError, for_code
from aiokafka.protocol.produce import ProduceRequest

from leadlight.bus.kafka.batches import Batch, Confirmation, Lane
from leadlight.bus.kafka.clients import stop
from leadlight.bus.kafka.partition import partition_of
from leadlight.bus.metrics import FAILED, PUBLISHED, REBUILDS
from leadlight.errors import LeadlightError, LogUnavailable, RecordTooLarge
from leadlight.logs import get_logger

log = get_logger(__name__)

REQUEST_SECONDS = 4.0
"""What a broker is given to answer. A batch that is older is not sent again."""

CONFIRM_SECONDS = 4.2
"""After this a publish that nobody confirmed is given up: a post must be answered within 5 s."""

STUCK_SECONDS = 15.0
"""A flight that aiokafka has neither ended nor failed by then never will be: its client is built anew."""

UNCONFIRMED_BYTES = 64 * 1024 * 1024
"""Of all batches together, or memory would grow while the broker is away."""

RETRY_SECONDS = 1.0
TELL_SECONDS = 30.0
"""Between two words on the same outage."""

AGAIN_SECONDS = 0.1
"""Before a flight is tried again, or another look at who leads a partition."""

ALL_REPLICAS = -1

Records = Sequence[tuple[bytes, bytes]]


class Waiting(NamedTuple):
    """A publish that cannot be put into batches yet."""

    topic: str
    records: Records
    since: float
    confirmation: Confirmation


class Publisher:
    """Sends records and says when every in-sync replica has them.

    A flight takes off as soon as the broker has answered the one before: with what has gathered until then, so that
    flights grow with the load and nobody waits for a timer.
    """

    def __init__(self, servers: Sequence[str], client_id: str) -> None:
        self.unconfirmed_bytes = 0
        self._servers = list(servers)
        self._client_id = client_id
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[str, list[Lane]] = {}  # of the topics whose partitions are known, by partition
        self._laden: dict[Lane, None] = {}  # those with batches that wait to be sent
        self._flying: dict[int, asyncio.Task[None]] = {}  # by broker
        self._departing: asyncio.Handle | None = None
        self._line: deque[Waiting] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._unsettled: dict[Batch, None] = {}  # oldest first
        self._room = asyncio.Event()
        self._client: AIOKafkaClient | None = None
        self._started = asyncio.Event()
        self._confirmed_at = -STUCK_SECONDS
        self._tasks = {asyncio.create_task(self._start()), asyncio.create_task(self._give_up_late())}
        self._closed = False

    def append(self, topic: str, records: Records) -> asyncio.Future[None]:
        """See `Bus.append`."""
        confirmation = Confirmation(loop=self._loop)
        lanes = self._lanes.get(topic)
        if self._closed:
            confirmation.fail(LogUnavailable("The event log is closed."))
        elif lanes is None or self._line or self.unconfirmed_bytes > UNCONFIRMED_BYTES:
            self._line.append(Waiting(topic, records, self._loop.time(), confirmation))
            if self._serving is None:
                self._serving = asyncio.create_task(self._serve_the_line())
        else:
            self._load(lanes, records, confirmation)
        return confirmation

    def _load(self, lanes: Sequence[Lane], records: Records, confirmation: Confirmation) -> None:
        """Put the records into their partitions' batches, and see to it that something departs."""
        count, at_ms = len(lanes), int(time.time() * 1000)
        for key, value in records:
            lane = lanes[partition_of(key, count)]
            waiting = lane.waiting
            batch = waiting[-1] if waiting else None
            if batch is None or batch.given_up or not batch.append(key, value, at_ms):
                batch = Batch(lane, self._loop.time())
                batch.append(key, value, at_ms)
                waiting.append(batch)
                self._unsettled[batch] = None
                if not lane.in_flight:
                    self._laden[lane] = None
            self.unconfirmed_bytes += len(key) + len(value)
            if batch.latest is not confirmation:
                batch.latest = confirmation
                batch.confirmations.append(confirmation)
                confirmation.batches += 1
        if self._departing is None:
            self._departing = self._loop.call_soon(self._depart)

    async def _serve_the_line(self) -> None:
        """Let in who waits for a topic's partitions to be known, or for room: in the order in which they came."""
        while self._line:
            first = self._line[0]
            try:
                lanes = await self._know(first.topic)
                if self.unconfirmed_bytes > UNCONFIRMED_BYTES:
                    self._room.clear()
                    await self._room.wait()
                    continue
                if not first.confirmation.done():
                    self._load(lanes, first.records, first.confirmation)
            except LogUnavailable as error:
                first.confirmation.fail(error)
            if self._line and self._line[0] is first:
                self._line.popleft()
        self._serving = None

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has.

        Raises:
            LogUnavailable: the brokers cannot be reached, or have no such topic.
        """
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                return len(await self._know(topic))
        except TimeoutError:
            raise LogUnavailable(self._why_not(topic)) from None

    async def answers(self, *, within_seconds: float) -> bool:
        """Whether the log confirmed something just now, or a broker answers; also one that is being connected to."""
        if self._loop.time() - self._confirmed_at < within_seconds:
            return True
        try:
            async with asyncio.timeout(within_seconds):
                await self._started.wait()
                return self._client is not None and bool(await self._client.force_metadata_update())
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Wait for what is under way, no longer than a publish would, and let go of the connections."""
        self._closed = True
        waiting = [confirmation for batch in self._unsettled for confirmation in batch.confirmations]
        waiting += [place.confirmation for place in self._line]
        if waiting:
            await asyncio.wait(waiting, timeout=CONFIRM_SECONDS)
        client, self._client = self._client, None  # nothing takes off any more
        ended = [*self._flying.values(), *self._tasks, *([self._serving] if self._serving else [])]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        for batch in list(self._unsettled):
            self._fail(batch, LogUnavailable("The event log was closed before it confirmed."))
        for place in self._line:
            place.confirmation.fail(LogUnavailable("The event log was closed before it confirmed."))
        if client is not None:
            await stop(client)

    def _depart(self) -> None:
        """Send off what waits, to each broker that has no flight on its way."""
        if self._departing is not None:
            self._departing.cancel()
            self._departing = None
        client = self._client
        if client is None or not self._started.is_set():
            return  # a start ends with another call
        flights: dict[int, list[Batch]] = {}
        leaderless = False
        for lane in list(self._laden):
            if not lane.waiting:
                del self._laden[lane]
                continue
            leader = client.cluster.leader_for_partition(TopicPartition(lane.topic, lane.number))
            if leader is None or leader < 0:
                leaderless = True
            elif leader not in self._flying:
                del self._laden[lane]
                lane.in_flight = True
                flights.setdefault(leader, []).append(lane.waiting.popleft())
        for leader, batches in flights.items():
            self._flying[leader] = asyncio.create_task(self._fly(client, leader, batches))
        if leaderless:
            client.force_metadata_update()
            self._departing = self._loop.call_later(AGAIN_SECONDS, self._depart)

    async def _fly(self, client: AIOKafkaClient, leader: int, batches: Sequence[Batch]) -> None:
        """Bring batches to their leader and settle each: confirmed, failed with its reason, or to be sent again."""
        try:
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    refused = await self._send(client, leader, batches)
            except Exception as error:  # whatever aiokafka comes up with: a publish must end
                refused = dict.fromkeys(batches, error)
                if not getattr(error, "retriable", False):
                    self._rebuild(client, repr(error))
            self._confirm([batch for batch in batches if batch not in refused])
            again = [batch for batch, error in refused.items() if self._must_go_again(batch, error)]
            for batch in again:
                batch.lane.waiting.appendleft(batch)
            if again:
                client.force_metadata_update()
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            del self._flying[leader]
            for batch in batches:
                batch.lane.in_flight = False
                if batch.lane.waiting:
                    self._laden[batch.lane] = None
            self._depart()

    async def _send(self, client: AIOKafkaClient, leader: int, batches: Sequence[Batch]) -> dict[Batch, Exception]:
        """Those that the broker refused, and why."""
        topics: dict[str, list[tuple[int, bytes]]] = {}
        places: dict[tuple[str, int], Batch] = {}
        for batch in batches:
            lane = batch.lane
            topics.setdefault(lane.topic, []).append((lane.number, batch.sealed()))
            places[lane.topic, lane.number] = batch
        request = ProduceRequest(
            transactional_id=None,
            required_acks=ALL_REPLICAS,
            timeout=int(REQUEST_SECONDS * 1000),
            topics=list(topics.items()),
        )
        response = await client.send(leader, request)
        refused: dict[Batch, Exception] = {}
        for topic, partitions in response.topics:
            for number, code, *_ in partitions:
                batch = places.pop((topic, number))
                if code:
                    refused[batch] = for_code(code)()
        return refused | dict.fromkeys(places.values(), NoError("no word of the partition"))

    def _confirm(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self._settle(batch)
            if not batch.given_up:
                for confirmation in batch.confirmations:
                    confirmation.one_confirmed()
        if batches:
            self._confirmed_at = self._loop.time()
        for topic in {batch.lane.topic for batch in batches}:
            PUBLISHED.labels(topic).inc(sum(batch.records for batch in batches if batch.lane.topic == topic))

    def _must_go_again(self, batch: Batch, error: Exception) -> bool:
        """Whether another try may help and is still worth it; if not, its publishes fail."""
        topic = batch.lane.topic
        if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):  # the topic's own limit is lower
            self._fail(batch, RecordTooLarge(f"Too large for the topic {topic}, as its max.message.bytes is set."))
            return False
        young = self._loop.time() - batch.since < REQUEST_SECONDS
        if getattr(error, "retriable", False) and young and not batch.given_up and not self._closed:
            return True
        self._fail(batch, LogUnavailable(f"The event log did not confirm: {error or 'no answer'} ({topic})"))
        return False

    def _settle(self, batch: Batch) -> None:
        """Count it no more among those under way."""
        if batch in self._unsettled:
            del self._unsettled[batch]
        self.unconfirmed_bytes -= batch.bytes
        batch.bytes = 0
        self._room.set()

    def _fail(self, batch: Batch, error: LeadlightError) -> None:
        self._settle(batch)
        self._give_up(batch, error)

    def _give_up(self, batch: Batch, error: LeadlightError) -> None:
        if batch.given_up:
            return
        batch.given_up = True
        FAILED.labels(batch.lane.topic).inc(batch.records)
        for confirmation in batch.confirmations:
            confirmation.fail(type(error)(*error.args))  # or the traces of all who await it would add up
        topic, waiting = batch.lane.topic, batch.lane.waiting
        self._leave_line(topic, LogUnavailable(self._why_not(topic)))
        while waiting:  # they would arrive before what its publisher keeps and sends again
            self._fail(waiting.popleft(), LogUnavailable(f"What came before was not confirmed ({topic})."))

    def give_up(self, topic: str) -> None:
        """See `Bus.give_up`."""
        why = LogUnavailable(f"It is not waited for any more ({topic}).")
        self._leave_line(topic, why)
        for batch in list(self._unsettled):
            if batch.lane.topic == topic:
                self._give_up(batch, why)

    def _leave_line(self, topic: str, why: LogUnavailable) -> None:
        for place in [place for place in self._line if place.topic == topic]:
            place.confirmation.fail(why)
            self._line.remove(place)

    async def _give_up_late(self) -> None:
        """Fail publishes whose time is over; their batches may still arrive."""
        while True:
            await asyncio.sleep(0.1)
            now = self._loop.time()
            while self._line and now - self._line[0].since >= CONFIRM_SECONDS:
                late = self._line.popleft()
                late.confirmation.fail(LogUnavailable(self._why_not(late.topic)))
            for batch in list(self._unsettled):
                if now - batch.since < CONFIRM_SECONDS:
                    break
                self._give_up(batch, LogUnavailable(f"The event log did not confirm within {CONFIRM_SECONDS} s."))
                waiting = batch.lane.waiting
                while waiting and waiting[0].given_up:
                    self._settle(waiting.popleft())

    async def _know(self, topic: str) -> list[Lane]:
        """Learn how many partitions the topic has."""
        asked_at = self._loop.time()
        while (lanes := self._lanes.get(topic)) is None:
            await self._started.wait()
            client = self._client
            assert client is not None
            asked = client.add_topic(topic)
            if known := client.cluster.partitions_for_topic(topic):
                lanes = self._lanes[topic] = [Lane(topic, number) for number in range(len(known))]
                break
            answered = await asked and await client.force_metadata_update()
            if answered and self._loop.time() - asked_at >= REQUEST_SECONDS - RETRY_SECONDS:
                raise LogUnavailable(f"Kafka has no topic {topic} that can be written. `leadlight topics` creates it.")
            await asyncio.sleep(AGAIN_SECONDS)
        return lanes

    def _why_not(self, topic: str) -> str:
        known = topic in self._lanes
        return f"Kafka at {','.join(self._servers)} {'has too much unconfirmed' if known else 'does not answer'}."

    async def _start(self) -> None:
        """Keep trying until a client knows the cluster."""
        told_at = -TELL_SECONDS
        while True:
            client = AIOKafkaClient(
                bootstrap_servers=self._servers,
                client_id=self._client_id,
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                metadata_max_age_ms=60_000,
            )
            if self._lanes:
                client.set_topics(self._lanes)
            try:
                async with asyncio.timeout(2 * REQUEST_SECONDS):
                    await client.bootstrap()
            except (KafkaError, OSError, TimeoutError) as error:
                if self._loop.time() - told_at >= TELL_SECONDS:
                    told_at = self._loop.time()
                    log.warning("Kafka is away, trying every second", servers=self._servers, error=str(error))
                await stop(client)
                await asyncio.sleep(RETRY_SECONDS)
            except BaseException:
                await stop(client)
                raise
            else:
                self._client = client
                self._started.set()
                self._depart()
                return

    def _rebuild(self, broken: AIOKafkaClient, why: str) -> None:
        if self._client is not broken or self._closed:
            return
        log.warning("building a new Kafka client", why=why)
        REBUILDS.labels("producer").inc()
        self._started.clear()
        task = asyncio.create_task(self._replace(broken))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, broken: AIOKafkaClient) -> None:
        await stop(broken)
        await asyncio.sleep(RETRY_SECONDS)
        await self._start()
