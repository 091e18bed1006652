"""Page views out of the access log of a web server, in the combined format."""

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

LINE_CHARACTERS = 32 * 1024
"""Of one line: web servers take requests of 8 KB, and write them down escaped. A longer one is no log line."""

STATIC_FILE = re.compile(
    r"\.(?:css|m?js|map|json|xml|txt|ico|png|jpe?g|gif|svg|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|webm|og[gv]|wav|mov|m4a"
    r"|zip|t?gz|rar|7z|wasm|webmanifest|rss|atom|bak|sql|ya?ml|ini|log)$",
    re.IGNORECASE,
)
"""Endings of addresses that no person reads as a page. Documents (pdf ...) are not among them: somebody opened them."""

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"(?:\S+:\d+ )?"  # vhost_combined begins with the host and port that were asked
    r"(?P<address>[0-9A-Za-z]\S*) \S+ \S.*? \[(?P<at>[^\]]{20,30})\] "
    rf"{_QUOTED} (?P<status>\d{{3}}) (?:\d+|-)(?: {_QUOTED} {_QUOTED})?(?: .*)?"
)
_AT = re.compile(r"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f"}


class Hit(NamedTuple):
    """One page that somebody read. `address` is the client's; `target` begins with a slash and may hold a query."""

    address: str
    at: datetime  # UTC
    target: str
    referrer: str
    user_agent: str


class Skip(StrEnum):
    """Why a line of a log is no page view, though it is as it should be."""

    NOT_A_PAGE = "not_a_page"  # a picture, a script, a feed
    NOT_READ = "not_read"  # not asked for by GET
    NOT_SERVED = "not_served"  # answered with an error or a redirect
    EMPTY = "empty"  # a blank line or a comment


class BadLine(ValueError):
    """The line is not in the combined format. The message says what is wrong with it."""


def read_line(line: str) -> Hit | Skip:
    """What a line says of a reader.

    Raises:
        BadLine: it is not in the format.
    """
    text = line.strip()
    if not text or text[0] == "#":
        return Skip.EMPTY
    if len(text) > LINE_CHARACTERS:
        raise BadLine(f"longer than {LINE_CHARACTERS} characters")
    found = _LINE.fullmatch(text)
    if found is None:
        raise BadLine('not in the combined format: address - user [time] "request" status bytes "referrer" "agent"')
    request, referrer, agent = (unescaped(part or "") for part in found.group(3, 5, 6))
    at = read_time(found["at"])
    status = int(found["status"])
    words = request.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        if 400 <= status < 600:  # what the server could not read either
            return Skip.NOT_SERVED
        raise BadLine(f"the request {request[:60]!r} is not METHOD TARGET HTTP/VERSION")
    method, target, _ = words
    if method != "GET":
        return Skip.NOT_READ
    if not (200 <= status < 300 or status == 304):
        return Skip.NOT_SERVED
    if target.startswith(("http://", "https://")):  # asked of a proxy
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    if not target.startswith("/"):
        raise BadLine(f"the target {target[:60]!r} is no path")
    if STATIC_FILE.search(target.partition("?")[0]):
        return Skip.NOT_A_PAGE
    return Hit(found["address"], at, target, "" if referrer == "-" else referrer, "" if agent == "-" else agent)


def read_time(text: str) -> datetime:
    """A time as in `10/Oct/2025:13:55:36 -0700`, in UTC.

    Raises:
        BadLine: it is none.
    """
    found = _AT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        zone = _zone(sign, hours, minutes)
        at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone)
        return at.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        raise BadLine(f"the time [{text}] is not like [10/Oct/2025:13:55:36 -0700]") from None


@lru_cache(64)
def _zone(sign: str, hours: str, minutes: str) -> timezone:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def unescaped(text: str) -> str:
    r"""What stood there before the server escaped it: `\"`, `\\`, `\n`, and `\xe4` for bytes, which are UTF-8."""
    if "\\" not in text:
        return text
    plain = bytearray()
    end = 0
    for found in _ESCAPE.finditer(text):
        plain += text[end : found.start()].encode("utf-8", "surrogatepass")
        code, character = found.groups()
        plain += (
            bytes([int(code, 16)]) if code else _CONTROLS.get(character, character).encode("utf-8", "surrogatepass")
        )
        end = found.end()
    plain += text[end:].encode("utf-8", "surrogatepass")
    return plain.decode("utf-8", "replace").replace("\x00", "\ufffd")
