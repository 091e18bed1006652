"""The event log on Kafka."""

from leadlight.bus.kafka.bus import KafkaBus
from leadlight.bus.kafka.topics import create_topics

__all__ = ["KafkaBus", "create_topics"]
