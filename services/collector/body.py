"""Reads a request's body within limits: of its own size, of its size when unpacked, and of all bodies in memory."""

import asyncio
import zlib

from leadlight.core.intake.calls import BATCH_BYTES, EVENT_BYTES
from leadlight.runtime.service import Receive
from services.collector.problems import OVERLOADED, Problem, Refused

IN_FLIGHT_BYTES = 64_000_000
"""Of all bodies being read or waiting for the log. Beyond it posts are refused before they are read."""

SLOWEST_SECONDS = 10.0
"""For a body to arrive in full: a slow one holds memory that others need."""

CONTENT_TYPES = frozenset({"application/json", "text/plain", ""})
FORM_TYPE = "application/x-www-form-urlencoded"


UNKNOWN_TYPE = Problem(
    415, "Unknown content type", "Send JSON as `application/json` or `text/plain`; forms are not taken."
)
UNKNOWN_ENCODING = Problem(415, "Unknown encoding", "Send the body as it is, or with `Content-Encoding: gzip`.")
TOO_SLOW = Problem(408, "Too slow", f"The body did not arrive within {SLOWEST_SECONDS:.0f} s.")


class Bodies:
    """All bodies in memory now."""

    def __init__(self) -> None:
        self.bytes_in_flight = 0

    async def read(self, headers: dict[bytes, bytes], receive: Receive, *, single: bool) -> bytes:
        """The body, unpacked. The caller gives back its length with `release` when it needs it no more.

        Raises:
            Refused: it is too large, too slow, or of a kind that is not taken.
        """
        most = EVENT_BYTES if single else BATCH_BYTES
        maybe_form = (content_type := headers.get(b"content-type")) is not None and _maybe_form(content_type)
        encoding = headers.get(b"content-encoding")
        if encoding is not None and (encoding := encoding.strip().lower()) not in (b"gzip", b"identity", b""):
            raise Refused(UNKNOWN_ENCODING)
        declared = headers.get(b"content-length")
        if declared is not None:
            length = int(declared) if declared.isdigit() and len(declared) < 20 else BATCH_BYTES + 1
            if length > BATCH_BYTES or (length > most and encoding != b"gzip"):
                raise Refused(UNKNOWN_TYPE if maybe_form else too_large(single))
            if self.bytes_in_flight + length > IN_FLIGHT_BYTES:
                raise Refused(OVERLOADED)
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            try:
                async with asyncio.timeout(SLOWEST_SECONDS):
                    body = await self._rest(body, receive, single)
            except TimeoutError:
                raise Refused(TOO_SLOW) from None
        elif message["type"] == "http.disconnect":
            raise Gone
        if encoding == b"gzip":
            body = unpacked(body, most, single)
        if len(body) > most:
            raise Refused(too_large(single))
        if maybe_form and body.lstrip()[:1] != b"{":
            raise Refused(UNKNOWN_TYPE)
        self.bytes_in_flight += len(body)
        return body

    def release(self, body: bytes) -> None:
        self.bytes_in_flight -= len(body)

    async def _rest(self, begun: bytes, receive: Receive, single: bool) -> bytes:
        parts, size = [begun], len(begun)
        self.bytes_in_flight += size
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                part: bytes = message.get("body", b"")
                parts.append(part)
                size += len(part)
                self.bytes_in_flight += len(part)
                if size > BATCH_BYTES:
                    raise Refused(too_large(single))
                if self.bytes_in_flight > IN_FLIGHT_BYTES:
                    raise Refused(OVERLOADED)
                if not message.get("more_body", False):
                    return b"".join(parts)
        finally:
            self.bytes_in_flight -= size


class Gone(Exception):
    """The client has closed the connection; nobody waits for an answer."""


def too_large(single: bool) -> Problem:
    limit = f"One event takes at most {EVENT_BYTES} bytes" if single else f"A batch takes at most {BATCH_BYTES} bytes"
    return Problem(413, "Too large", f"{limit}, also after unpacking. Send less at a time.")


def not_gzip(why: str) -> Problem:
    return Problem(400, "Not gzip", f"The body says that it is gzipped, but {why}.")


def unpacked(body: bytes, most: int, single: bool) -> bytes:
    """The gzipped body's contents; a small body that would unpack into a huge one is stopped at the limit.

    Raises:
        Refused: it is not gzip, is cut off, or is too large.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(body, most + 1)
    except zlib.error as error:
        raise Refused(not_gzip(f"it cannot be unpacked: {error}")) from error
    if len(text) > most:
        raise Refused(too_large(single))
    if not unpacker.eof or unpacker.unused_data:
        raise Refused(not_gzip("it is cut off, or something follows it"))
    return text


def _maybe_form(content_type: bytes) -> bool:
    """Whether the body may be a form. Command line clients call JSON one when they are not told otherwise."""
    if content_type in _USUAL_TYPES:
        return False
    kind = content_type.partition(b";")[0].strip().lower().decode("latin-1")
    if kind == FORM_TYPE:
        return True
    if kind not in CONTENT_TYPES:
        raise Refused(UNKNOWN_TYPE)
    return False


_USUAL_TYPES = frozenset({b"application/json", b"text/plain;charset=UTF-8", b"text/plain"})
