"""The event log on Kafka."""

from leadlight.bus.kafka.bus import KafkaBus

__all__ = ["KafkaBus"]
