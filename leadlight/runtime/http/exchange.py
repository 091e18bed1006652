"""One request and its answer, for services that answer without a task for each."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from msgspec.json import encode

if TYPE_CHECKING:
    from leadlight.runtime.http.connection import Connection

_ILLEGAL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})


class Answer:
    """A whole answer, written out once. Its length and date are added, and whether the connection stays."""

    __slots__ = ("body", "head", "status")

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> None:
        parts = [_STATUS_LINES[status]]
        for name, value in headers:
            if _ILLEGAL.search(value):
                raise ValueError(f"the header {name!r} cannot hold {value!r}")
            parts += (name, b": ", value, b"\r\n")
        if status not in _WITHOUT_BODY:
            parts.append(b"content-length: %d\r\n" % len(body))
        self.status = status
        self.head = b"".join(parts)
        self.body = body

    def plus(self, headers: Iterable[tuple[bytes, bytes]]) -> "Answer":
        """The same with more headers."""
        more = Answer(self.status, headers, self.body)
        more.head = self.head + more.head.partition(b"\r\n")[2].rpartition(b"content-length")[0]
        return more


def problem(status: int, title: str, detail: str, *headers: tuple[bytes, bytes]) -> Answer:
    """A refusal as RFC 9457 writes it."""
    body = encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
    kept = (b"cache-control", b"no-store")
    return Answer(status, [(b"content-type", b"application/problem+json"), kept, *headers], body)


class Exchange:
    """A request with its answer to come. Made by a connection, which keeps the answers in the requests' order."""

    __slots__ = (
        "answered",
        "body",
        "connection",
        "direct",
        "expects",
        "headers",
        "held_bytes",
        "keep_alive",
        "method",
        "most_bytes",
        "peer",
    )

    def __init__(
        self,
        connection: "Connection",
        direct: "Direct | None",
        method: bytes,
        headers: dict[bytes, bytes],
        keep_alive: bool,
    ) -> None:
        self.connection = connection
        self.direct = direct
        self.method = method
        self.headers = headers
        self.keep_alive = keep_alive
        self.peer = connection.peer
        self.body: bytes | bytearray = b""
        self.answered: Answer | None = None
        self.held_bytes = 0
        self.expects = False
        self.most_bytes: int | None = None

    def answer(self, answer: Answer) -> None:
        """Give the answer: it is sent once those to earlier requests are. A second one is not sent."""
        if self.answered is None:
            self.answered = answer
            self.body = b""
            self.connection.answered(self)


class Direct(Protocol):
    """Takes the requests of one path, from within the connection: neither method may wait."""

    def begin(self, exchange: Exchange) -> None:
        """The headers are here. Answer now to refuse the body before it is read; or say how large it may be, by
        `most_bytes`."""
        ...

    def take(self, exchange: Exchange) -> None:
        """The body is here too. Answer now or later, but in any case."""
        ...

    def refuse(self, exchange: Exchange, why: Answer) -> None:
        """Answer with this, in a form that the path's clients can read: the request is too large, too slow or one too
        many."""
        ...
