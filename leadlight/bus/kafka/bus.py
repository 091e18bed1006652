"""The event log on Kafka: the port's few methods, and the clients behind them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from leadlight.bus.kafka.address import bootstrap_servers
from leadlight.bus.kafka.clients import stop
from leadlight.bus.kafka.consumer import KafkaConsumer
from leadlight.bus.kafka.publisher import REQUEST_SECONDS, Publisher
from leadlight.bus.kafka.quiet import quieten
from leadlight.bus.port import Partition, Positions, failed, too_large
from leadlight.errors import LogUnavailable

READY_SECONDS = 2.0


class KafkaBus:
    """The log port on a Kafka cluster. A publish is confirmed by every in-sync replica, which may not have synced it."""

    def __init__(self, servers: Sequence[str], instance: str) -> None:
        self.servers = list(servers)
        self.instance = instance
        self._publisher = Publisher(servers, client_id=f"{instance}-publisher")
        self._asking = asyncio.Lock()
        self._offsets: AIOKafkaConsumer | None = None

    @classmethod
    async def open(cls, url: str, *, instance: str) -> Self:
        """Begin to connect; brokers that are away are waited for by whoever needs them.

        Raises:
            ConfigurationError: the URL names no brokers.
        """
        servers = bootstrap_servers(url)
        quieten()
        return cls(servers, instance)

    async def publish(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
        if refusal := too_large(records):
            raise refusal
        if records:
            await self._publisher.append(topic, records)

    def append(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> asyncio.Future[None]:
        refusal = too_large(records)
        if refusal or not records:
            return failed(refusal) if refusal else asyncio.ensure_future(self.publish(topic, records))
        return self._publisher.append(topic, records)

    def give_up(self, topic: str) -> None:
        self._publisher.give_up(topic)

    def consumer(self, name: str, topics: Sequence[str], positions: Positions) -> KafkaConsumer:
        return KafkaConsumer(self, name, topics, positions)

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                places = [
                    TopicPartition(topic, number)
                    for topic in topics
                    for number in range(await self._publisher.partitions(topic))
                ]
                async with self._asking:
                    client = await self._offset_client()
                    ends = await client.end_offsets(places)
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogUnavailable(f"Kafka did not tell where its topics end: {error or 'no answer'}") from error
        return {Partition(*place): end for place, end in ends.items()}

    async def _offset_client(self) -> AIOKafkaConsumer:
        if self._offsets is None:
            client = AIOKafkaConsumer(
                bootstrap_servers=self.servers,
                client_id=f"{self.instance}-ends",
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
            )
            try:
                await client.start()
            except BaseException:
                await stop(client)
                raise
            self._offsets = client
        return self._offsets

    async def problem(self) -> str | None:
        if await self._publisher.answers(within_seconds=READY_SECONDS):
            return None
        return f"no answer from {','.join(self.servers)}"

    async def close(self) -> None:
        await self._publisher.close()
        if self._offsets is not None:
            await stop(self._offsets)
