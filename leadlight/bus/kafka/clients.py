"""Letting go of aiokafka's clients."""

import asyncio
from typing import Any

from leadlight.logs import get_logger

log = get_logger(__name__)

STOP_SECONDS = 5.0


async def stop(client: Any) -> None:
    """Stop a consumer or a bare client, which may be waiting for a broker that never answers.

    In a task of its own: while a broker is away, aiokafka's stop lets the cancellation of its own tasks out, and the
    caller's would be taken for cancelled.
    """
    stopping = asyncio.create_task(client.stop() if hasattr(client, "stop") else client.close())
    try:
        await asyncio.wait([stopping], timeout=STOP_SECONDS)
    finally:
        if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
            stopping.cancel()
            log.info("a Kafka client did not stop in order", client=type(client).__name__)
            await asyncio.gather(_connections(client).close(), stopping, return_exceptions=True)


def _connections(client: Any) -> Any:
    return getattr(client, "_client", client)
