"""Segment calls as they are posted: their shape, their limits, and how bytes become calls."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import DecodeError, Raw, Struct, ValidationError
from msgspec.json import Decoder

from leadlight.core.intake.drops import Drop
from leadlight.core.records import EventType

BATCH_BYTES = 500 * 1024
"""Of a post, also after decompression: what Segment takes."""

EVENT_BYTES = 32 * 1024
"""Of one call. Segment's 32 KB; the log and the database see nothing larger."""

BATCH_EVENTS = 2_500
"""Calls in a batch, as with Segment: half a megabyte of `1,1,1,...` would hold the process for seconds."""

SHARED_CONTEXT_BYTES = 4_000
"""Of a batch's own `context`: it is copied into every call, so a small post must not become a large one."""

DEPTH = 32
"""Levels of objects and lists in a call. Databases and other readers recurse; no honest call comes near."""

Scalar = str | int | float | None
"""An id: some libraries post the number that their database uses."""


class PageContext(Struct, gc=False):
    url: str | None = None
    path: str | None = None
    title: str | None = None
    referrer: str | None = None
    search: str | None = None


class Library(Struct, gc=False):
    name: str | None = None
    version: str | None = None


class Context(Struct):
    page: PageContext | None = None
    campaign: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    userAgent: str | None = None  # noqa: N815
    locale: str | None = None
    timezone: str | None = None
    library: Library | None = None
    ip: Any = None  # believed only with a secret key; whatever it is, it harms no call
    consent: Any = None
    cookieless: Any = None
    webdriver: Any = None
    leadlight_demo: bool | None = None
    leadlight_import: bool | None = None


class Call(Struct):
    """One `page`, `screen`, `track`, `identify`, `group` or `alias` call. Fields that nobody reads are not decoded."""

    type: str | None = None
    messageId: Scalar = None  # noqa: N815
    anonymousId: Scalar = None  # noqa: N815
    userId: Scalar = None  # noqa: N815
    groupId: Scalar = None  # noqa: N815
    previousId: Scalar = None  # noqa: N815
    timestamp: Any = None
    originalTimestamp: Any = None  # noqa: N815
    sentAt: Any = None  # noqa: N815
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None
    writeKey: str | None = None  # noqa: N815


class Post(Struct):
    """What one request carried: calls, and in the place of those that cannot be read, why."""

    calls: Sequence[Call | Drop]
    write_key: str | None = None
    sent_at: Any = None


class Unreadable(Exception):
    """The post as a whole cannot be read. The message says what to change."""


class TooManyCalls(Unreadable):
    """More calls in one batch than are taken."""


class _Envelope(Struct):
    batch: list[Raw]
    writeKey: str | None = None  # noqa: N815
    sentAt: Any = None  # noqa: N815
    context: Raw = Raw(b"null")


class _Outside(Struct):
    """What can be told of a call whose fields have wrong types."""

    writeKey: Any = None  # noqa: N815
    sentAt: Any = None  # noqa: N815


_call = Decoder(Call)
_shared_context = Decoder(Context | None)
_envelope = Decoder(_Envelope)
_outside = Decoder(_Outside)

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|.)", re.DOTALL)
_NO_NUMBER = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|NaN\b|-?Infinity\b', re.DOTALL)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def read_post(body: bytes, kind: EventType | None) -> Post:
    """The calls of a post; `kind` is the call that the address names, None for a batch.

    Raises:
        Unreadable: it is not JSON in UTF-8, or not of the outer shape that the address takes.
    """
    body = clean(body)
    try:
        return _read_batch(body) if kind is None else _read_single(body, kind)
    except ValidationError as error:
        raise Unreadable(f"The body does not have the expected shape: {error}.") from error
    except RecursionError as error:
        raise Unreadable("The body is nested too deeply.") from error
    except (DecodeError, UnicodeDecodeError) as error:
        if (text := without_nan(body)) != body:
            return read_post(text, kind)
        raise Unreadable(f"The body is not valid JSON: {error}.") from error


def clean(body: bytes) -> bytes:
    r"""The same JSON without what databases refuse: `\u0000` and lone surrogates become U+FFFD, in keys as in values.

    Raises:
        Unreadable: the bytes are not UTF-8.
    """
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from error
    return _ESCAPE.sub(_storable, body) if b"\\" in body and b"\\u" in body else body


def without_nan(body: bytes) -> bytes:
    """The same with null for `NaN` and `Infinity`, which Python's libraries write for such numbers: one of them would
    take the whole batch along."""
    return _NO_NUMBER.sub(_as_null, body) if b"NaN" in body or b"Infinity" in body else body


def _as_null(token: re.Match[bytes]) -> bytes:
    return token[0] if token[0][:1] == b'"' else b"null"


def _storable(escape: re.Match[bytes]) -> bytes:
    first, second = escape.groups()
    if first is None:
        return escape[0]
    code = int(first, 16)
    if 0xD800 <= code < 0xDC00:
        return escape[0] if second else b"\\ufffd"
    follower = b"\\ufffd" if second else b""  # the second half of nothing
    if code == 0 or 0xDC00 <= code < 0xE000:
        return b"\\ufffd" + follower
    return b"\\u" + first + follower


def _read_single(body: bytes, kind: EventType) -> Post:
    try:
        call = _call.decode(body)
    except ValidationError:
        outside = _outside.decode(body)
        write_key = outside.writeKey if isinstance(outside.writeKey, str) else None
        return Post((Drop.WRONG_TYPE,), write_key, outside.sentAt)
    call.type = kind.value
    write_key, sent_at = call.writeKey, call.sentAt
    call.writeKey = call.sentAt = None
    return Post((call if shallow(body) else Drop.TOO_DEEP,), write_key, sent_at)


def _read_batch(body: bytes) -> Post:
    envelope = _envelope.decode(body)
    if len(envelope.batch) > BATCH_EVENTS:
        raise TooManyCalls(f"The batch holds {len(envelope.batch)} calls; send at most {BATCH_EVENTS} at a time.")
    if len(envelope.context) > SHARED_CONTEXT_BYTES:
        raise Unreadable(f"The batch's `context` takes at most {SHARED_CONTEXT_BYTES} bytes.")
    shared = _shared_context.decode(envelope.context)
    return Post([_read_member(raw, shared) for raw in envelope.batch], envelope.writeKey, envelope.sentAt)


def _read_member(raw: Raw, shared: Context | None) -> Call | Drop:
    if len(raw) > EVENT_BYTES:
        return Drop.TOO_LARGE
    text = bytes(raw)
    if text[:1] != b"{":
        return Drop.NOT_AN_OBJECT
    if not shallow(text):
        return Drop.TOO_DEEP
    try:
        call = _call.decode(text)
    except ValidationError:
        return Drop.WRONG_TYPE
    if call.context is None:
        call.context = shared
    call.writeKey = None
    return call


def shallow(text: bytes) -> bool:
    """Whether no more than `DEPTH` objects and lists stand inside one another."""
    if text.count(b"{") + text.count(b"[") <= DEPTH:
        return True
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token[0]
        if first in b"{[":
            depth += 1
            if depth > DEPTH:
                return False
        elif first in b"]}":
            depth -= 1
    return True
