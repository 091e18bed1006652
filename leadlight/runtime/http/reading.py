"""What arrives on a connection: requests within the limits, handed on as soon as their headers are here."""

import asyncio
import re
from abc import abstractmethod
from enum import IntEnum
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from leadlight.logs import get_logger
from leadlight.runtime.http import refusals
from leadlight.runtime.http.exchange import Answer, Direct, Exchange
from leadlight.runtime.http.front import Front

log = get_logger(__name__)

_SLASHES = re.compile("//+")
_LISTS = (b"x-forwarded-for", b"forwarded")
"""Headers whose lines, if there are several, make one list."""


class Receiving(IntEnum):
    """Which part of a request has begun to arrive and is not whole yet."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


NOTHING, HEAD, BODY = Receiving.NOTHING, Receiving.HEAD, Receiving.BODY

Turn = Exchange | RequestResponseCycle
"""A request that waits for its answer: a service's direct one, or an ASGI application's."""


class Reading(asyncio.Protocol):
    """The half of a connection that reads.

    The parser calls back from within `data_received`; what those calls find wrong is left in `_refusal` until it returns.
    """

    _flow: FlowControl

    def __init__(self, front: Front) -> None:
        self._front = front
        self._parser: Any = httptools.HttpRequestParser(self)
        self._turn: Turn | None = None  # whose body is arriving, or arrived last
        self._receiving = NOTHING
        self._since = front.now  # when the present waiting began
        self._refusal: Answer | None = None
        self._last = False  # no request is read after this one
        self._deaf = False  # nothing at all is read any more
        self._heads = 0  # begun in one piece of data
        self._head_bytes = 0  # of a head in several pieces
        self._large = False
        self._body_bytes = 0  # of an ASGI application's request
        self._uninvited = False  # its client waits for leave to send the body
        self._offered = b""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._add_header = self._headers.append

    @abstractmethod
    def _begin(self, direct: Direct, headers: dict[bytes, bytes]) -> None:
        """The head of a request for a direct path is here."""

    @abstractmethod
    def _begin_cycle(self, path: str, raw_path: bytes, query: bytes, headers: dict[bytes, bytes]) -> None:
        """The head of a request for the application is here."""

    @abstractmethod
    def _hold(self, exchange: Exchange, size: int) -> None:
        """So much of a body is here."""

    @abstractmethod
    def _refuse(self, answer: Answer) -> None:
        """Nothing more is read."""

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        before, self._heads = self._receiving, 0
        if len(data) > self._front.limits.head_bytes:
            self._large = True
        try:
            self._feed(data)
        except httptools.HttpParserCallbackError:
            log.exception("a request could not be read")
            self._refusal = refusals.FAILED
        except httptools.HttpParserError as error:
            if not self._deaf and self._refusal is None:
                self._front.cut("malformed")
                self._refusal = refusals.malformed(error)
        if self._receiving is HEAD and self._refusal is None:
            if self._heads == 0 or (before is NOTHING and self._heads == 1):
                self._head_bytes += len(data)
            self._check_head(self._head_bytes)
        if self._receiving is not HEAD:
            self._large = False
        if self._refusal is not None:
            self._refuse(self._refusal)

    def _feed(self, data: bytes) -> None:
        """Parse what has arrived; the head of a request that offers another protocol once more, without the offer."""
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                if self._deaf or self._refusal is not None:
                    return
                self._parser = httptools.HttpRequestParser(self)
                self._heads -= 1  # it is no other request
                self._parser.feed_data(self._without_offer())
                rest = memoryview(rest)[upgrade.args[0] :]
            else:
                return

    def on_message_begin(self) -> None:
        self._url = b""
        headers: list[tuple[bytes, bytes]] = []
        self._headers = headers
        self._add_header = headers.append
        self._turn = None
        self._receiving = HEAD
        self._since = self._front.now
        self._head_bytes = 0
        self._heads += 1

    def on_url(self, url: bytes) -> None:
        self._url = self._url + url if self._url else url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._add_header((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._deaf or self._refusal is not None:
            return
        self._add_header, limits = _nowhere, self._front.limits  # `_nowhere`: for what comes after a chunked body
        headers = dict(self._headers)
        if self._parser.should_upgrade():
            self._note_offer()
            return
        if self._large or self._head_bytes or not len(headers) == len(self._headers) <= limits.headers:
            self._check_rare(headers)
        self._receiving = BODY
        self._since = self._front.now
        if not self._parser.should_keep_alive() or self._front.stopping:
            self._last = True
        if self._parser.get_http_version() != "1.1":
            self._last = True
            if b"transfer-encoding" in headers:
                self._refusal = refusals.ENCODED_IN_1_0
        elif b"host" not in headers:
            self._refusal = refusals.NOT_ONE_HOST
        if self._refusal is not None:
            return
        direct = self._front.direct.get(self._url)
        if direct is not None:
            self._begin(direct, headers)
        else:
            self._find(headers)

    def on_body(self, body: bytes) -> None:
        turn = self._turn
        if isinstance(turn, Exchange):
            if turn.answered is not None:
                return
            if not turn.body:
                turn.body = body
            elif isinstance(turn.body, bytearray):
                turn.body += body
            else:
                turn.body = bytearray(turn.body + body)
            if len(turn.body) > turn.held_bytes:
                self._hold(turn, len(turn.body))
        elif turn is not None and not turn.response_complete:
            self._uninvited = False
            self._body_bytes += len(body)
            if self._body_bytes > self._front.limits.body_bytes:
                self._refusal = self._refusal or refusals.TOO_LARGE
                return
            turn.body += body
            if len(turn.body) > HIGH_WATER_LIMIT:
                self._flow.pause_reading()
            turn.message_event.set()

    def on_message_complete(self) -> None:
        if self._refusal is not None or self._receiving is HEAD:
            return
        self._receiving = NOTHING
        self._since = self._front.now
        if self._last:
            self._deaf = True
        turn = self._turn
        if isinstance(turn, Exchange):
            if turn.answered is None and turn.direct is not None:
                try:
                    turn.direct.take(turn)
                except Exception:
                    log.exception("a request could not be answered")
                    turn.answer(refusals.FAILED)
        elif turn is not None and not turn.response_complete:
            turn.more_body = False
            turn.message_event.set()

    def _check_rare(self, headers: dict[bytes, bytes]) -> None:
        """What no usual request needs: a head that is large, in pieces, one of very many, or has headers twice."""
        if self._heads > self._front.limits.pipelined:
            self._refusal = refusals.TOO_MANY_AHEAD
            return
        self._check_head(len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers))
        if sum(name == b"host" for name, _ in self._headers) > 1:
            self._refusal = refusals.NOT_ONE_HOST
        for listed in _LISTS:
            if listed in headers:
                headers[listed] = b", ".join(value for name, value in self._headers if name == listed)

    def _note_offer(self) -> None:
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._refusal = refusals.BAD_ADDRESS
        self._offered = b"%s %s HTTP/%s" % (method, self._url, self._parser.get_http_version().encode())

    def _without_offer(self) -> bytes:
        """The head of a request that offers another protocol, which nobody here speaks, without the offer. The parser
        takes its body for words of that protocol; Java's client makes such an offer with its first post."""
        lines = [self._offered]
        for name, value in self._headers:
            if name == b"connection":
                value = b", ".join(
                    part for part in value.split(b",") if part.strip().lower() not in (b"upgrade", b"http2-settings")
                )
            if name not in (b"upgrade", b"http2-settings"):
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def _check_head(self, size: int) -> None:
        if size > self._front.limits.head_bytes or len(self._headers) > self._front.limits.headers:
            self._front.cut("head too large")
            self._refusal = refusals.HEAD_TOO_LARGE

    def _find(self, headers: dict[bytes, bytes]) -> None:
        """Begin a request whose address is not literally one of the direct paths."""
        try:
            address = httptools.parse_url(self._url)
            raw_path: bytes = address.path or b"/"
            path = raw_path.decode("ascii")
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            self._refusal = refusals.BAD_ADDRESS
            return
        if "%" in path:
            path = unquote(path)
        direct = self._front.direct.get(_SLASHES.sub("/", path).encode("utf-8", "replace"))
        if direct is not None:
            self._begin(direct, headers)
        else:
            self._begin_cycle(path, raw_path, address.query or b"", headers)


def _nowhere(_header: tuple[bytes, bytes]) -> None:
    """Where headers go that nobody reads."""
