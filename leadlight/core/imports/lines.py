"""Past traffic as Segment calls: one line of a file, one call, with an id that is the same each time it is imported."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder, encode

from leadlight.core.imports import access_log
from leadlight.core.imports.access_log import BadLine, Hit, Skip
from leadlight.core.intake.calls import EVENT_BYTES
from leadlight.core.intake.times import read_time
from leadlight.core.records import EventType

LIBRARY = {"name": "leadlight import", "version": "1"}
AHEAD = timedelta(hours=1)
"""How far a server's clock may be wrong, or its zone's summer time."""

ID_DIGITS = 32  # hexadecimal: 128 bits, so that no two lines of any file share an id by chance

_object = Decoder(dict[str, Any])
_TYPES = frozenset(kind.value for kind in EventType)


class Format(StrEnum):
    """What a file of past traffic holds."""

    COMBINED = "combined"  # access log of Apache, nginx, Caddy and others
    SEGMENT = "segment"  # one Segment call a line, as JSON


@dataclass(frozen=True, slots=True)
class Past:
    """Whose past it is. `key` turns addresses into visitors: the same for every import of one installation."""

    domain: str
    key: bytes
    now: datetime


Call = dict[str, Any]
Reader = Callable[[bytes, Past], Call | Skip]


def read_combined(line: bytes, past: Past) -> Call | Skip:
    """The page view that a line of an access log tells of.

    Logs know no visitors: whoever has the same address and agent on the same day (UTC) counts as one.

    Raises:
        BadLine: the line is not in the format.
    """
    hit = access_log.read_line(line.decode("utf-8", "replace"))
    if isinstance(hit, Skip):
        return hit
    _in_the_past(hit.at, past)
    url = f"https://{past.domain}{hit.target}"
    path, _, query = hit.target.partition("?")
    page = {"url": url, "path": path, "search": f"?{query}" if query else "", "referrer": hit.referrer}
    return {
        "type": EventType.PAGE.value,
        "messageId": line_id(line),
        "anonymousId": _reader_of(hit, past.key),
        "timestamp": hit.at.isoformat(),
        "properties": page,
        "context": {
            "page": page,
            "ip": hit.address,
            "library": LIBRARY,
            "leadlight_import": True,
            **({"userAgent": hit.user_agent} if hit.user_agent else {}),
        },
    }


def read_segment(line: bytes, past: Past) -> Call | Skip:
    """The call on a line, marked as imported.

    `sentAt` is left out: `timestamp` is right already, and the file is read long after it was sent.

    Raises:
        BadLine: it is no JSON object, or no call, or does not say when it happened.
    """
    text = line.strip()
    if not text:
        return Skip.EMPTY
    try:
        call = _object.decode(text)
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadLine(f"no JSON object ({error})") from None
    kind = call.get("type")
    if kind not in _TYPES:
        if "batch" in call:
            raise BadLine("a whole batch: each call needs a line of its own")
        raise BadLine(f"`type` is {str(kind)[:40]!r}, expected one of {', '.join(sorted(_TYPES))}")
    at = call.get("timestamp", call.get("originalTimestamp"))
    happened_at = read_time(at)
    if happened_at is None:
        raise BadLine(f"`timestamp` is {str(at)[:40]!r}: without it nobody knows when this happened")
    _in_the_past(happened_at, past)
    context = call.get("context")
    if context is not None and not isinstance(context, dict):
        raise BadLine("`context` is no object")
    for name in ("sentAt", "writeKey", "receivedAt"):
        call.pop(name, None)
    call["context"] = {**(context or {}), "leadlight_import": True}
    if not call.get("messageId"):
        call["messageId"] = line_id(text)
    if len(encode(call)) > EVENT_BYTES:
        raise BadLine(f"more than {EVENT_BYTES} bytes")
    return call


READERS: dict[Format, Reader] = {Format.COMBINED: read_combined, Format.SEGMENT: read_segment}


def _in_the_past(at: datetime, past: Past) -> None:
    """Raises BadLine for what has not happened yet: live, it would count as happening now."""
    if at > past.now + AHEAD:
        raise BadLine(f"{at.isoformat()} lies in the future")


def line_id(line: bytes) -> str:
    """The event id of a line that brings none: equal lines are one event, also out of files that overlap."""
    return "line-" + sha256(line.strip()).hexdigest()[:ID_DIGITS]


def _reader_of(hit: Hit, key: bytes) -> str:
    named = f"{hit.at.date().isoformat()}\n{hit.address}\n{hit.user_agent}".encode("utf-8", "surrogatepass")
    return "log-" + hmac.digest(key, named, "sha256").hex()[:ID_DIGITS]
