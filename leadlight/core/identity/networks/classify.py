"""What kind of network an address belongs to, and whose it is where that is known beyond doubt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.networks.addresses import INVALID, meant, parsed, special_rule_of
from leadlight.core.identity.networks.name_rules import class_by_name
from leadlight.core.identity.networks.ranges import RangeTable

DOCUMENTATION = "special:documentation"
"""Ranges of examples, demos and tests are nobody's, unless the data at hand gives them to somebody."""

PUBLISHED = "range:"
"""How the rules of published ranges begin."""

LABELLED_CONFIDENCE = 0.85
"""Of a network that is one company's own: its guests and its subsidiaries surf from there too."""


class NetworkClass(StrEnum):
    """What a network is for. Stored, and shown to reps."""

    ISP = "isp"
    MOBILE = "mobile"
    HOSTING = "hosting"
    VPN = "vpn"
    RELAY = "relay"  # hides the addresses of many people: Private Relay, WARP
    SECURITY_PROXY = "security_proxy"  # what companies send their traffic or their mail through
    EDUCATION = "education"
    GOVERNMENT = "government"
    BUSINESS = "business"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NetworkLabel:
    """What a curated list or an owner says of one network. A domain makes it one company's own."""

    kind: NetworkClass
    domain: str | None = None  # registrable
    name: str = ""
    source: str = ""  # which list says so


@dataclass(frozen=True, slots=True)
class ClassTables:
    """What is known of networks by their number and by their addresses."""

    asns: Mapping[int, NetworkLabel] = field(default_factory=dict)
    ranges: RangeTable[NetworkLabel] = field(default_factory=lambda: RangeTable.of(()))
    version: str = ""  # of the curated list: a date


@dataclass(frozen=True, slots=True)
class Class:
    """The class of a network and the rule that decided. A company only where a list labels the network as its own."""

    kind: NetworkClass
    rule: str
    company_domain: str | None = None
    company_name: str | None = None


STATED = {
    "isp": NetworkClass.ISP,
    "residential": NetworkClass.ISP,
    "cable/dsl": NetworkClass.ISP,
    "fixed line isp": NetworkClass.ISP,
    "dialup": NetworkClass.ISP,
    "satellite": NetworkClass.ISP,
    "mobile": NetworkClass.MOBILE,
    "cellular": NetworkClass.MOBILE,
    "mobile isp": NetworkClass.MOBILE,
    "hosting": NetworkClass.HOSTING,
    "content_delivery_network": NetworkClass.HOSTING,
    "data center": NetworkClass.HOSTING,
    "datacenter": NetworkClass.HOSTING,
    "vpn": NetworkClass.VPN,
    "proxy": NetworkClass.VPN,
    "tor": NetworkClass.VPN,
    "relay": NetworkClass.RELAY,
    "consumer_privacy_network": NetworkClass.RELAY,
    "security_proxy": NetworkClass.SECURITY_PROXY,
    "education": NetworkClass.EDUCATION,
    "college": NetworkClass.EDUCATION,
    "school": NetworkClass.EDUCATION,
    "library": NetworkClass.EDUCATION,
    "government": NetworkClass.GOVERNMENT,
    "military": NetworkClass.GOVERNMENT,
    "business": NetworkClass.BUSINESS,
    "corporate": NetworkClass.BUSINESS,
}
"""How databases spell classes: MaxMind's user and connection types, IPinfo's and DB-IP's types, our own."""

NOBODYS = frozenset(
    {
        NetworkClass.MOBILE,
        NetworkClass.HOSTING,
        NetworkClass.VPN,
        NetworkClass.RELAY,
        NetworkClass.SECURITY_PROXY,
    }
)
"""Networks whose addresses many strangers share, or machines use: no company is behind one."""

_COARSE = frozenset({NetworkClass.ISP, NetworkClass.HOSTING, NetworkClass.BUSINESS})
_FINE = frozenset({NetworkClass.MOBILE, NetworkClass.VPN, NetworkClass.RELAY, NetworkClass.SECURITY_PROXY})


def classify(
    address: str,
    asn: int | None,
    as_name: str | None,
    tables: ClassTables,
    stated: str | None = None,
    stated_rule: str | None = None,
) -> Class:
    """The class of the network that `address` belongs to, by the most certain knowledge that there is.

    1. An address that is nobody's is unknown. Documentation ranges are too, unless something below knows them.
    2. A range that the owner or a published list has named.
    3. What the data states. Where it only says isp, hosting or business, a list that knows better refines it.
    4. The curated list, by the network's number.
    5. The network's name, at last. A name never makes a company: too many providers are called like one.
    """
    given = parsed(address)
    if given is None:
        return Class(NetworkClass.UNKNOWN, INVALID)
    ip = meant(given)
    special = special_rule_of(ip)
    if special is not None and special != DOCUMENTATION:
        return Class(NetworkClass.UNKNOWN, special)
    in_range = tables.ranges.find(ip)
    if in_range is not None:
        return _labelled(in_range, f"{PUBLISHED}{in_range.source}")
    kind = STATED.get(stated.strip().lower()) if stated else None
    rule = stated_rule or f"data:{kind}"
    label = tables.asns.get(asn) if asn is not None else None
    if kind is not None and (rule.startswith(PUBLISHED) or not _refines(label, kind)):
        return Class(kind, rule)
    if label is not None:
        return _labelled(label, label.source)
    by_name, why = class_by_name(as_name) if as_name else (None, "")
    if by_name is not None:
        return Class(NetworkClass(by_name), f"name:{why}")
    return Class(NetworkClass.UNKNOWN, special or ("no_rule" if asn is not None or as_name else "no_network"))


def _refines(label: NetworkLabel | None, kind: NetworkClass) -> bool:
    """Whether the curated list knows the network more exactly than data that states `kind`."""
    return label is not None and kind in _COARSE and (label.kind in _FINE or label.kind is kind)


def labelled_company(found: Class, *, asn: int | None, as_name: str | None, version: str) -> Answer | None:
    """The company whose own network this is, if the class says so."""
    if found.company_domain is None:
        return None
    evidence = {"rule": found.rule, "list": version}
    if asn is not None:
        evidence["asn"] = str(asn)
    if as_name:
        evidence["network"] = as_name
    return Answer(
        domain=found.company_domain,
        name=found.company_name or found.company_domain,
        method=Method.LABELLED_NETWORK,
        confidence=LABELLED_CONFIDENCE,
        evidence=evidence,
    )


def _labelled(label: NetworkLabel, rule: str) -> Class:
    if label.kind is NetworkClass.BUSINESS and label.domain:
        return Class(label.kind, rule, label.domain, label.name or None)
    return Class(label.kind, rule)
