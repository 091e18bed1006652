"""What a request's headers and connection say about all of its calls."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from leadlight.core.intake.admit import Arrival
from leadlight.core.intake.times import skew
from leadlight.core.records import Channel
from services.collector.keys import Grant

Headers = dict[bytes, bytes]


def arrival_of(grant: Grant, headers: Headers, sent_at: Any, received_at: datetime) -> Arrival:
    """Who posted, when, and what they asked for. A browser tells itself apart by headers that no server library sends."""
    error = skew(sent_at, received_at)
    if b"origin" not in headers and b"sec-fetch-site" not in headers:
        return Arrival(grant.site, received_at, Channel.SERVER, error)
    agent = headers.get(b"user-agent")
    asked_not_to = headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"
    return Arrival(
        grant.site,
        received_at,
        Channel.BROWSER,
        error,
        agent=_agent(agent) if agent is not None else None,
        consent=not asked_not_to,
    )


@lru_cache(4_096)
def _agent(header: bytes) -> str:
    return header[:2_048].decode("utf-8", "replace").replace("\x00", "\ufffd")
