"""The topics of this version, with their settings and the readers that trimming waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadlight.core.records import EVENTS_TOPIC, IDENTIFIED_TOPIC

DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Topic:
    """A named strand of records. The number of partitions is fixed at creation; the embedded log has one."""

    name: str
    readers: tuple[str, ...]
    partitions: int = 12
    retention_seconds: int = 7 * DAY_SECONDS


EVENTS = Topic(EVENTS_TOPIC, readers=("identifier",))
IDENTIFIED = Topic(IDENTIFIED_TOPIC, readers=("scorer",))
TOPICS = (EVENTS, IDENTIFIED)


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What was done to one topic: `changes` are the settings that were given, empty when all was as it should be.

    An existing topic keeps its `partitions` and `replicas`, whatever this version would choose.
    """

    name: str
    created: bool
    partitions: int
    replicas: int
    changes: Mapping[str, str]


async def create_topics(url: str, topics: Sequence[Topic] = TOPICS) -> list[TopicReport]:
    """Create what is missing and bring settings to this version; repeatable. The embedded log needs none of it.

    Raises:
        LogUnavailable: the brokers do not answer, or not now.
        ConfigurationError: the URL names no brokers, or they refuse.
    """
    if not url.startswith("kafka://"):
        return []
    from leadlight.bus import kafka

    return await kafka.create_topics(url, topics)
