"""Bringing a cluster's topics to this version."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from leadlight.bus.kafka.address import bootstrap_servers
from leadlight.bus.topics import Topic, TopicReport
from leadlight.errors import ConfigurationError, LogUnavailable

ADMIN_SECONDS = 30.0
MOST_REPLICAS = 3

_SET_ON_TOPIC = 1  # where a setting comes from, in DescribeConfigs' answer: the topic itself


def settings(topic: Topic, *, replicas: int) -> dict[str, str]:
    """The broker's settings of a topic: one replica may be away without stopping writes."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_seconds * 1000),
        "min.insync.replicas": str(max(1, replicas - 1)),
        "max.message.bytes": "1048588",
    }


async def create_topics(url: str, topics: Sequence[Topic]) -> list[TopicReport]:
    """See `leadlight.bus.topics.create_topics`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers(url), request_timeout_ms=10_000)
    try:
        async with asyncio.timeout(ADMIN_SECONDS):
            await admin.start()
            brokers = len((await admin.describe_cluster())["brokers"])
            return [await _bring(admin, topic, replicas=min(MOST_REPLICAS, brokers)) for topic in topics]
    except (KafkaError, OSError, TimeoutError) as error:
        raise LogUnavailable(f"Kafka at {url} did not take the topics: {error or 'no answer'}") from error
    finally:
        await admin.close()


async def _bring(admin: AIOKafkaAdminClient, topic: Topic, *, replicas: int) -> TopicReport:
    wanted = settings(topic, replicas=replicas)
    new = NewTopic(topic.name, topic.partitions, replicas, topic_configs=wanted)
    while True:
        for known in await admin.describe_topics():
            if known["topic"] == topic.name:
                return await _settle(admin, topic, known["partitions"])
        [(_topic, code, *message)] = (await admin.create_topics([new])).topic_errors
        if for_code(code) is not TopicAlreadyExistsError:
            _check(code, f"topic {topic.name} cannot be created", message)
            return TopicReport(topic.name, True, topic.partitions, replicas, changes=wanted)
        await asyncio.sleep(0.2)  # a topic made a moment ago is not yet described by every broker


async def _settle(admin: AIOKafkaAdminClient, topic: Topic, partitions: Sequence[Mapping[str, Any]]) -> TopicReport:
    replicas = min(len(partition["replicas"]) for partition in partitions)
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
    code, message, _type, _name, entries = answers[0].resources[0]
    _check(code, f"topic {topic.name} cannot be examined", [message])
    present = {name: value for name, value, *_ in entries}
    wanted = settings(topic, replicas=replicas)
    changes = {name: value for name, value in wanted.items() if present.get(name) != value}
    if changes:
        # This request replaces all of the topic's own settings, so those that an operator made are sent along.
        own = {name: value for name, value, _fixed, source, *_ in entries if source == _SET_ON_TOPIC}
        answers = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, own | changes)])
        for code, message, *_ in answers[0].resources:
            _check(code, f"topic {topic.name} cannot be set", [message])
    return TopicReport(topic.name, False, len(partitions), replicas, changes=changes)


def _check(code: int, what: str, message: Sequence[str | None]) -> None:
    """Turn a broker's refusal into an error: one that trying again can mend, or one that it cannot."""
    error = for_code(code)
    if not code:
        return
    text = f"Kafka says that {what}: {next(filter(None, message), error.message)}"
    if error.retriable:
        raise LogUnavailable(text)
    raise ConfigurationError(text)
