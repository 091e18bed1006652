"""The event log: one port, an embedded and a Kafka adapter."""

from pathlib import Path

from leadlight.bus.port import Bus
from leadlight.errors import ConfigurationError


async def open_bus(*, url: str, data: Path, instance: str) -> Bus:
    """Open the log that `url` names: `embedded:` (or nothing) in the data folder, or `kafka://host:port[,host:port]`.

    Kafka may be away: it is waited for. Close the bus when done.

    Raises:
        ConfigurationError: the URL is none of these, or the data folder cannot be used.
    """
    if url in ("", "embedded:"):
        from leadlight.bus.embedded import EmbeddedBus

        return await EmbeddedBus.open(data)
    if url.startswith("kafka://"):
        from leadlight.bus.kafka import KafkaBus

        return await KafkaBus.open(url, instance=instance)
    raise ConfigurationError(
        f"LEADLIGHT_BUS_URL is {url!r}: it must be 'embedded:' or 'kafka://host:port[,host:port]'."
    )
