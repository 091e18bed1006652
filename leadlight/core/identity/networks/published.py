"""Lists of address ranges as clouds, relays and others publish them: recognised by their shape."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

from msgspec import Struct

from leadlight.core.sites.countries import NAMES

MOST_RANGES: Final = 2_000_000
MOST_FAULTS: Final = 1_000
_COMMENT: Final = re.compile(r"(?:#|;|//).*$")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")

RELAY_NAME: Final = "private-relay"


class Range(Struct, frozen=True, gc=False):
    """One range, and where its users are if the list says so."""

    first: int  # 128 bits; IPv4 at the beginning
    last: int
    country: str | None = None
    region: str | None = None
    city: str | None = None
    label: int = 0  # which of several lists it is from


class Fault(Struct, frozen=True):
    """What is wrong with one line or entry; the others count."""

    line: int
    what: str


class Published(Struct, frozen=True):
    """A list, as it was recognised."""

    shape: str  # for people
    name: str | None  # None: the shape does not tell whose it is
    kind: str | None  # a network class; None: likewise
    dated: str | None
    ranges: tuple[Range, ...]
    faults: tuple[Fault, ...] = ()


class NotRecognised(ValueError):
    """It is no list of ranges. The message says what was expected."""


def read_published(text: str) -> Published:
    """The list that a text is.

    Raises:
        NotRecognised: it is none.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in "{[" and text.strip():
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotRecognised(f"It begins like JSON and is none: {error}") from None
        found = _document(document)
    else:
        found = _lines(text)
    if not found.ranges:
        first = f" ({found.faults[0].what} in line {found.faults[0].line})" if found.faults else ""
        raise NotRecognised(f"It holds no address ranges{first}.")
    return found


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _document(document: Any) -> Published:
    if isinstance(document, list):
        return _published("list of ranges (JSON)", None, None, None, document)
    if not isinstance(document, dict):
        raise NotRecognised("It is JSON, but no list of ranges.")
    prefixes = document.get("prefixes")
    if isinstance(prefixes, list):
        every = [*prefixes, *_list(document.get("ipv6_prefixes"))]
        if any(isinstance(each, dict) and ("ip_prefix" in each or "ipv6_prefix" in each) for each in every):
            entries = [_member(each, "ip_prefix", "ipv6_prefix") for each in every]
            return _published("Amazon's ip-ranges.json", "aws", "hosting", document.get("createDate"), entries)
        entries = [_member(each, "ipv4Prefix", "ipv6Prefix") for each in every]
        cloud = any(isinstance(each, dict) and "scope" in each for each in every)
        name = "google-cloud" if cloud else "google"
        return _published("Google's list of ranges", name, "hosting", document.get("creationTime"), entries)
    if isinstance(document.get("values"), list):
        entries = [
            prefix
            for each in document["values"]
            if isinstance(each, dict) and isinstance(about := each.get("properties"), dict)
            for prefix in _list(about.get("addressPrefixes"))
        ]
        dated = document.get("changeNumber")
        return _published("Azure's ServiceTags", "azure", "hosting", f"change {dated}" if dated else None, entries)
    if isinstance(document.get("regions"), list):
        entries = [
            _member(each, "cidr")
            for region in document["regions"]
            if isinstance(region, dict)
            for each in _list(region.get("cidrs"))
        ]
        return _published(
            "Oracle's list of ranges", "oracle", "hosting", document.get("last_updated_timestamp"), entries
        )
    result = document.get("result")
    if isinstance(result, dict) and ("ipv4_cidrs" in result or "ipv6_cidrs" in result):
        entries = [*_list(result.get("ipv4_cidrs")), *_list(result.get("ipv6_cidrs"))]
        return _published("Cloudflare's list of ranges", "cloudflare", "hosting", None, entries)
    if isinstance(document.get("addresses"), list):
        entries = [*document["addresses"], *_list(document.get("ipv6_addresses"))]
        return _published("Fastly's list of ranges", "fastly", "hosting", None, entries)
    raise NotRecognised(
        "It is JSON of no known shape. Known are the lists of Amazon, Google, Azure, Oracle, Cloudflare and Fastly, and "
        "plain lists of ranges."
    )


def _published(shape: str, name: str | None, kind: str | None, dated: object, entries: Iterable[object]) -> Published:
    ranges: list[Range] = []
    faults: list[Fault] = []
    for number, entry in enumerate(entries, 1):
        found = _range(entry) if isinstance(entry, str) else None
        if found is not None:
            _limit(ranges)
            ranges.append(Range(*found))
        elif len(faults) < MOST_FAULTS:
            faults.append(Fault(number, f"{str(entry)[:60]!r} is no range"))
    return Published(shape, name, kind, str(dated) if dated else None, tuple(ranges), tuple(faults))


def _lines(text: str) -> Published:
    """One range a line, alone or followed by country, region and city (a geofeed, as RFC 8805 has it)."""
    ranges: list[Range] = []
    faults: list[Fault] = []
    placed = fives = 0
    for number, line in enumerate(text.splitlines(), 1):
        plain = _COMMENT.sub("", line) if not line.startswith('"') else line
        if not plain.strip():
            continue
        try:
            columns = [each.strip() for each in next(csv.reader((plain,)))]
        except (csv.Error, StopIteration):
            columns = [plain]
        found = _range(columns[0])
        if found is None:
            if len(faults) < MOST_FAULTS and not (number == 1 and len(columns) > 1):  # a header is no fault
                faults.append(Fault(number, f"{columns[0][:60]!r} is no range"))
            continue
        _limit(ranges)
        country = columns[1].upper() if len(columns) > 1 else ""
        if country not in NAMES:
            ranges.append(Range(*found))
            continue
        placed += 1
        fives += len(columns) == 5 and not columns[4]
        region = _region(columns[2]) if len(columns) > 2 else None
        city = columns[3] or None if len(columns) > 3 else None
        ranges.append(Range(*found, country=country, region=region, city=city))
    if placed and fives == placed == len(ranges):
        return Published("Apple's egress ranges", RELAY_NAME, "relay", None, tuple(ranges), tuple(faults))
    shape = "geofeed (CSV)" if placed else "plain list of ranges"
    return Published(shape, None, None, None, tuple(ranges), tuple(faults))


def _region(text: str) -> str | None:
    """US-CA names California; its code is what we have, without the country's."""
    return text.partition("-")[2] or text or None


def _range(text: str) -> tuple[int, int] | None:
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if network.prefixlen < (8 if network.version == 4 else 16):
        return None  # nobody has so much: a slip, and it would swallow the internet
    return int(network.network_address), int(network.broadcast_address)


def _limit(ranges: list[Range]) -> None:
    if len(ranges) >= MOST_RANGES:
        raise NotRecognised(f"It holds more than {MOST_RANGES:,} ranges.")


def _member(entry: object, *names: str) -> object:
    if isinstance(entry, Mapping):
        return next((entry[name] for name in names if name in entry), entry)
    return entry


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def flattened(ranges: Iterable[Range]) -> Iterator[Range]:
    """The same addresses in ascending ranges that do not overlap; where several hold one, the narrowest counts."""
    open_ranges: list[Range] = []
    at = 0
    for each in sorted(ranges, key=lambda one: (one.first, -one.last)):
        while open_ranges and open_ranges[-1].last < each.first:
            ended = open_ranges.pop()
            if at <= ended.last:
                yield _cut(ended, at, ended.last)
                at = ended.last + 1
        if open_ranges and at < each.first:
            yield _cut(open_ranges[-1], at, each.first - 1)
        at = max(at, each.first)
        open_ranges.append(each)
    while open_ranges:
        ended = open_ranges.pop()
        if at <= ended.last:
            yield _cut(ended, at, ended.last)
            at = ended.last + 1


def _cut(one: Range, first: int, last: int) -> Range:
    return Range(max(first, one.first), last, one.country, one.region, one.city, one.label)
