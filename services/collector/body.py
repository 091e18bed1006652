"""What a request's body may be: its kind, its size, and its size when unpacked."""

import zlib
from functools import lru_cache

from leadlight.core.intake.calls import BATCH_BYTES, EVENT_BYTES
from services.collector.problems import Problem, Refused

CONTENT_TYPES = frozenset({"application/json", "text/plain", ""})
FORM_TYPE = "application/x-www-form-urlencoded"
ENCODINGS = frozenset({b"gzip", b"identity", b""})

TYPE_BYTES = 128
"""Looked at of a content type: parameters may follow, but nobody reads them."""

UNKNOWN_TYPE = Problem(
    415, "Unknown content type", "Send JSON as `application/json` or `text/plain`; forms are not taken."
)
UNKNOWN_ENCODING = Problem(415, "Unknown encoding", "Send the body as it is, or with `Content-Encoding: gzip`.")

Headers = dict[bytes, bytes]


def most_bytes(headers: Headers, *, single: bool) -> int:
    """How many bytes of body the headers allow. What is gzipped may be larger than what comes out.

    Raises:
        Refused: the headers tell that it is of a kind that is not taken.
    """
    content_type, encoding = headers.get(b"content-type"), headers.get(b"content-encoding")
    if content_type is not None and _kind(content_type[:TYPE_BYTES]) is None:
        raise Refused(UNKNOWN_TYPE)
    if encoding is None:
        return EVENT_BYTES if single else BATCH_BYTES
    if (encoding := encoding.strip().lower()) not in ENCODINGS:
        raise Refused(UNKNOWN_ENCODING)
    return EVENT_BYTES if single and encoding != b"gzip" else BATCH_BYTES


def text_of(body: bytes | bytearray, headers: Headers, *, single: bool) -> bytes:
    """The body's text, unpacked.

    Raises:
        Refused: it is too large, or not of the kind that the headers say.
    """
    text = bytes(body)
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() == b"gzip":
        text = unpacked(text, EVENT_BYTES if single else BATCH_BYTES, single)
    if maybe_form(headers) and text.lstrip()[:1] != b"{":
        raise Refused(UNKNOWN_TYPE)
    return text


def maybe_form(headers: Headers) -> bool:
    """Whether the body may be a form. Command line clients call JSON one when they are not told otherwise."""
    content_type = headers.get(b"content-type")
    return content_type is not None and _kind(content_type[:TYPE_BYTES]) == FORM_TYPE


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


@lru_cache(1_024)
def _kind(content_type: bytes) -> str | None:
    """What the header names, without parameters; None if it is not taken."""
    kind = content_type.partition(b";")[0].strip().lower().decode("latin-1")
    return kind if kind in CONTENT_TYPES or kind == FORM_TYPE else None
