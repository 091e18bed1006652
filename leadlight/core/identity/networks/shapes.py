"""How each maker of network data spells what a record says: MaxMind, IPinfo, DB-IP, and our own files.

A record is recognised by its members, never by a file's name: makers rename files, and owners do too.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from leadlight.core.records import Place
from leadlight.core.sites.countries import NAMES

CITY_KM: Final = 50
"""Within which a city is right, where the data do not say."""
REGION_KM: Final = 250
CITY_WITHIN_KM: Final = 150
"""A city whose own data call it less exact than this is a guess."""
REGION_WITHIN_KM: Final = 500

LONGEST_NAME = 200


class Told(Struct, frozen=True, omit_defaults=True):
    """What one record says."""

    asn: int | None = None
    as_name: str | None = None
    as_domain: str | None = None
    kind: str | None = None  # a network class
    kind_rule: str | None = None  # which member said so
    flagged: bool = False  # the class is of this very address (VPN, relay, hosting ...), not of its network at large
    company_domain: str | None = None
    company_name: str | None = None
    place: Place | None = None
    anycast: bool = False


NOTHING_TOLD = Told()

_TYPES: Final = {
    "isp": "isp",
    "residential": "isp",
    "router": "isp",
    "dialup": "isp",
    "cable/dsl": "isp",
    "satellite": "isp",
    "cellular": "mobile",
    "mobile": "mobile",
    "hosting": "hosting",
    "content_delivery_network": "hosting",
    "search_engine_spider": "hosting",
    "consumer_privacy_network": "relay",
    "education": "education",
    "college": "education",
    "school": "education",
    "library": "education",
    "government": "government",
    "military": "government",
    "business": "business",
    "corporate": "business",
}
"""MaxMind's user and connection types, IPinfo's and DB-IP's types, in our words. Others (cafe, traveler) tell nothing."""

_FLAGS: Final = (  # the most telling first
    ("relay", "relay"),
    ("is_relay", "relay"),
    ("is_tor_exit_node", "vpn"),
    ("tor", "vpn"),
    ("is_tor", "vpn"),
    ("is_anonymous_vpn", "vpn"),
    ("is_residential_proxy", "vpn"),
    ("is_res_proxy", "vpn"),
    ("is_public_proxy", "vpn"),
    ("vpn", "vpn"),
    ("is_vpn", "vpn"),
    ("proxy", "vpn"),
    ("is_proxy", "vpn"),
    ("is_anonymous_proxy", "vpn"),
    ("is_hosting_provider", "hosting"),
    ("hosting", "hosting"),
    ("is_hosting", "hosting"),
    ("is_mobile", "mobile"),
    ("is_satellite", "isp"),
    ("is_satellite_provider", "isp"),
)
_FLAG_NAMES: Final = frozenset(name for name, _ in _FLAGS)
_ORGANISATIONS: Final = frozenset({"business", "education", "government"})
"""Behind other networks are the provider's customers, not the provider."""

_KIND_MEMBERS: Final = _FLAG_NAMES | {
    *("mcc", "user_type", "connection_type", "type", "as_type", "company", "as", "asn", "anonymous")
}
_NO_RECORD: Final[dict[str, Any]] = {}

Record = dict[str, Any]


def told(record: object) -> Told:
    """What a record says, whoever made it; nothing where it is of no known shape. Never raises."""
    if not isinstance(record, dict):
        return NOTHING_TOLD
    ours = record.get("leadlight")
    if isinstance(ours, dict):
        return _ours(ours)
    traits = _map(record, "traits")
    asn, as_name, as_domain = _operator(record, traits)
    if _KIND_MEMBERS.isdisjoint(record) and not traits:
        kind, rule, flagged = None, None, False
    else:
        kind, rule, flagged = _kind(record, traits)
    company_name, company_domain = _company(record, traits) if kind in _ORGANISATIONS else (None, None)
    return Told(
        asn=asn,
        as_name=as_name,
        as_domain=as_domain,
        kind=kind,
        kind_rule=rule,
        flagged=flagged,
        company_domain=company_domain,
        company_name=company_name,
        place=_place(record),
        anycast=_true(record.get("is_anycast")) or _true(traits.get("is_anycast")),
    )


GIVES: Final[Mapping[str, Callable[[Told], bool]]] = {
    "asn": lambda one: one.asn is not None,
    "class": lambda one: one.kind is not None or one.anycast,
    "company": lambda one: one.company_name is not None or one.company_domain is not None,
    "country": lambda one: one.place is not None and one.place.country is not None,
    "city": lambda one: one.place is not None and one.place.city is not None,
}
"""What a file can be good for."""

_COMMON_MEMBERS: Final = {
    "class": _FLAG_NAMES | {"user_type", "connection_type", "is_anycast", "is_anonymous"},
    "asn": frozenset({"autonomous_system_number"}),
}


def gives(records: Iterable[object], database_type: str = "") -> frozenset[str]:
    """What a file is good for, by a sample of its records; empty: it is of no known shape.

    A file of flags may hold none that is set among the first records: then its members' names speak.
    """
    found: set[str] = set()
    for record in records:
        if isinstance(record, dict) and "leadlight" in record:
            found.add("class")  # places of a few ranges are no knowledge of places
            continue
        one = told(record)
        found |= {name for name, has in GIVES.items() if has(one)}
        if isinstance(record, dict):
            members = set(record) | set(_map(record, "traits"))
            found |= {name for name, known in _COMMON_MEMBERS.items() if members & known}
    if database_type.lower().replace("_", "-").endswith(("anonymous-ip", "anonymous-plus")):
        found.add("class")
    return frozenset(found)


def _ours(record: Record) -> Told:
    """Our own files of published ranges."""
    country = _country(record.get("country"))
    region = _text(record.get("region")) if country else None
    city = _text(record.get("city")) if country else None
    return Told(
        kind=_text(record.get("class")),
        kind_rule=f"range:{_text(record.get('name')) or 'unnamed'}",
        flagged=True,
        place=Place(country, region, city, REGION_KM if region else None) if country else None,
    )


def _operator(record: Record, traits: Record) -> tuple[int | None, str | None, str | None]:
    for each in (record, traits):  # MaxMind, DB-IP
        number = _asn(each.get("autonomous_system_number"))
        if number is not None:
            return number, _text(each.get("autonomous_system_organization")) or _text(each.get("isp")), None
    nested = record.get("asn")
    if isinstance(nested, dict):  # IPinfo's answers over HTTP, kept in a file
        return _asn(nested.get("asn")), _text(nested.get("name")), _domain(nested.get("domain"))
    autonomous = _map(record, "as")
    if autonomous:  # IPinfo Plus
        return _asn(autonomous.get("asn")), _text(autonomous.get("name")), _domain(autonomous.get("domain"))
    number = _asn(nested)
    if number is None:
        return None, _text(record.get("isp")) or _text(traits.get("isp")), None
    if _of_company(record):
        return number, _text(record.get("as_name")), _domain(record.get("as_domain"))
    return (
        number,
        _text(record.get("as_name")) or _text(record.get("name")),
        _domain(record.get("as_domain")) or _domain(record.get("domain")),
    )


def _of_company(record: Record) -> bool:
    """Whether `name`, `domain` and `type` speak of a company and not of the network: IPinfo uses the same words."""
    return "name" in record and ("as_name" in record or "as_type" in record or "asn" not in record)


def _kind(record: Record, traits: Record) -> tuple[str | None, str | None, bool]:
    anonymous = _map(record, "anonymous")
    flags = {
        name
        for each in (record, traits, anonymous)
        for name, found in each.items()
        if name in _FLAG_NAMES and _true(found)
    }
    if flags:
        member, kind = next(each for each in _FLAGS if each[0] in flags)
        return kind, f"data:{member}", True
    if _text(record.get("mcc")) and _text(record.get("mnc")):  # IPinfo's mobile carriers
        return "mobile", "data:mcc", False
    for each, member in (
        (traits, "user_type"),
        (record, "user_type"),
        (record, "type"),
        (_map(record, "company"), "type"),
        (record, "as_type"),
        (_map(record, "as"), "type"),
        (_map(record, "asn"), "type"),
        (traits, "connection_type"),
        (record, "connection_type"),
    ):
        stated = _TYPES.get(str(each.get(member) or "").strip().lower())
        if stated is not None:
            return stated, f"data:{member}", False
    return None, None, False


def _company(record: Record, traits: Record) -> tuple[str | None, str | None]:
    nested = _map(record, "company")
    if nested:
        return _text(nested.get("name")), _domain(nested.get("domain"))
    if _of_company(record):
        return _text(record.get("name")), _domain(record.get("domain"))
    for each in (traits, record):
        name = _text(each.get("organization"))
        if name is not None:
            return name, _domain(each.get("domain"))
    return None, None


def _place(record: Record) -> Place | None:
    """Where, as exactly as the record itself claims."""
    geo = _map(record, "geo")  # IPinfo Plus
    source = geo or record
    country = country_in(source)
    if country is None:
        return None
    location = _map(record, "location")
    city = _name(source.get("city")) or _name(location.get("city"))
    region = _name(source.get("region")) or _text(source.get("state1")) or _first_subdivision(source)
    radius = _whole(location.get("accuracy_radius")) or _whole(source.get("radius")) or None
    if radius is not None and radius > CITY_WITHIN_KM:
        city = None
    if radius is not None and radius > REGION_WITHIN_KM:
        region = None
    if city is None and region is None:
        return Place(country)
    return Place(country, region, city, radius or (CITY_KM if city else REGION_KM))


def country_in(record: Record) -> str | None:
    """The country's code, ISO 3166-1 alpha-2."""
    country = record.get("country")
    if isinstance(country, dict):  # MaxMind, DB-IP
        found = country.get("iso_code") or country.get("code")
    else:  # IPinfo: `country_code`, formerly `country`; carriers: `cc`
        found = record.get("country_code") or country or record.get("cc")
    if found is None and isinstance(registered := record.get("registered_country"), dict):
        found = registered.get("iso_code")
    return _country(found)


def _country(found: object) -> str | None:
    code = found.upper() if isinstance(found, str) else ""
    return code if code in NAMES else None


def _first_subdivision(record: Record) -> str | None:
    found = record.get("subdivisions")
    return _name(found[0]) if isinstance(found, list) and found else None


def _name(found: object) -> str | None:
    """A place's name: given, or in several languages."""
    if not isinstance(found, dict):
        return _text(found)
    names = found.get("names")
    if isinstance(names, dict):
        return _text(names.get("en")) or next((text for each in names.values() if (text := _text(each))), None)
    return _text(found.get("name"))


def _map(record: Record, member: str) -> Record:
    found = record.get(member)
    return found if isinstance(found, dict) else _NO_RECORD


def _text(found: object) -> str | None:
    """Text that says something, on one line."""
    if not isinstance(found, str):
        return None
    if len(found) <= LONGEST_NAME and found.isprintable() and "  " not in found:
        return found.strip() or None
    line = "".join(each if each.isprintable() else " " for each in found[: LONGEST_NAME * 2])
    return " ".join(line.split())[:LONGEST_NAME].strip() or None


def _domain(found: object) -> str | None:
    text = _text(found)
    return text.lower().removeprefix("www.").rstrip(".") or None if text and "." in text and " " not in text else None


def _asn(found: object) -> int | None:
    if isinstance(found, str):
        digits = found.strip().upper().removeprefix("AS")
        found = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
    number = _whole(found)
    return number if number is not None and 0 < number < 1 << 32 else None


def _whole(found: object) -> int | None:
    if isinstance(found, str):
        digits = found.strip()
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1 << 32:
        return None
    return int(found)


def _true(found: object) -> bool:
    if isinstance(found, str):
        return found.strip().lower() in ("true", "1", "yes")
    return found is True or found == 1
