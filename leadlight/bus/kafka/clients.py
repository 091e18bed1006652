"""Letting go of aiokafka's clients."""

import asyncio
from typing import Any

from aiokafka.errors import KafkaError

from leadlight.logs import get_logger

log = get_logger(__name__)

STOP_SECONDS = 5.0


async def stop(client: Any) -> None:
    """Stop a producer or consumer, which may be waiting for a broker that never answers."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await client.stop()
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("a Kafka client did not stop in order", error=repr(error))
