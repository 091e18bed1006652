"""What a request's headers and connection say about all of its calls."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from leadlight.core.intake.admit import Arrival
from leadlight.core.intake.times import skew
from leadlight.core.records import Channel, Event
from services.collector.keys import Grant

Headers = dict[bytes, bytes]
"""By lower-case name; of a header that came twice, the last."""

AnswerHeaders = Sequence[tuple[bytes, bytes]]

Peer = tuple[str, int] | None
"""Address and port at the other end of the connection; None where the socket has none."""


def arrival_of(grant: Grant, headers: Headers, peer: Peer, sent_at: Any, received_at: datetime) -> Arrival:
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


def also_told(arrival: Arrival, headers: Headers, events: Sequence[Event]) -> AnswerHeaders:
    """What the answer to a browser's post says beside its outcome, once its admitted events are stored."""
    return ()


@lru_cache(4_096)
def _agent(header: bytes) -> str:
    return header[:2_048].decode("utf-8", "replace").replace("\x00", "\ufffd")
