"""What pixels and tracked links have in common: a visitor who comes with a plain request, and one event of theirs."""

from collections.abc import Awaitable
from typing import Protocol

from leadlight.core.intake.calls import Post
from services.collector.arrival import Headers, Peer
from services.collector.ingest import Outcome
from services.collector.keys import Grant

PREFETCHING = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
"""Headers by which browsers and mail programs say that nobody is looking yet."""


class Store(Protocol):
    """Keeps the calls of a post as the ingest paths do: `Refused` when nothing of it was stored."""

    def __call__(self, post: Post, headers: Headers, peer: Peer, grant: Grant) -> Awaitable[Outcome]: ...


def as_browsers(headers: Headers) -> Headers:
    """The headers such that the request counts as a browser's, which older ones and mail programs do not say."""
    return headers if b"sec-fetch-site" in headers else headers | {b"sec-fetch-site": b"none"}


def is_prefetch(headers: Headers) -> bool:
    """Whether the answer is fetched for later: nobody has seen it, and perhaps nobody will."""
    return any(b"pre" in headers.get(name, b"").lower() for name in PREFETCHING)


def text_of(header: bytes | None) -> str | None:
    return None if header is None else header.decode("utf-8", "replace")
