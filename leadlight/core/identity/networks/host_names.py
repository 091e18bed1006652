"""What the host name of an address tells: a provider's pool, or a company's own host."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

from leadlight.core.identity.networks.addresses import meant, parsed
from leadlight.core.identity.people.emails import ascii_form


class HostKind(StrEnum):
    """Whose host a name speaks of."""

    COMPANY = "company"
    PROVIDER = "provider"  # the domain is an internet provider's, a host's, a name service's
    GENERIC = "generic"  # one of a numbered pool, whoever runs it
    INSTITUTION = "institution"  # a school's, a state's
    NOTHING = "nothing"  # no name that could be somebody's


@dataclass(frozen=True, slots=True)
class HostName:
    """What was read from a host name. Only a company's has a domain; it counts once the name leads back to the address."""

    kind: HostKind
    rule: str
    domain: str | None = None


_PROVIDER_WORD = re.compile(
    r"tele?com|telek|telef|telco|broadband|breitband|bredband|fib(?:er|re|ra)|cable|kabel|wireless|wifi|wisp|dsl|internet|satel"
    r"|isp\b|\bisp|provedor|backbone|transit|carrier|voip|colo(?:cation|cross)|hosting|\w*host\b|\bhost|server|datacent|cloud|vps"
    r"|hoster|webspace|domains?\b|rdns|dyndns|\bdyn|ddns|no-?ip|vpn|proxy|anonym|relay|mobile|cellular|online\b|netcom|netz?\b"
)
"""In a registrable domain's own label: only providers are called so. A false one costs a name, a missed one a wrong name."""

_POOL = frozenset(
    [
        "dyn",
        "dynamic",
        "dynip",
        "dinamico",
        "dinamica",
        "dhcp",
        "pool",
        "pools",
        "ppp",
        "pppoe",
        "dial",
        "dialin",
        "dialup",
        "dsl",
        "adsl",
        "vdsl",
        "xdsl",
        "sdsl",
        "cable",
        "cm",
        "docsis",
        "catv",
        "kabel",
        "hfc",
        "fttb",
        "ftth",
        "fttx",
        "gpon",
        "pon",
        "fiber",
        "fibre",
        "fibra",
        "glasfaser",
        "broadband",
        "bband",
        "bb",
        "wireless",
        "wifi",
        "wlan",
        "wimax",
        "lte",
        "mobile",
        "gprs",
        "umts",
        "cellular",
        "cust",
        "customer",
        "customers",
        "client",
        "clients",
        "cliente",
        "kunde",
        "kunden",
        "user",
        "users",
        "subscriber",
        "subs",
        "res",
        "residential",
        "home",
        "static",
        "stat",
        "sta",
        "fix",
        "fixed",
        "fixip",
        "staticip",
        "ip",
        "ipv",
        "ips",
        "addr",
        "adr",
        "rev",
        "reverse",
        "rdns",
        "ptr",
        "unassigned",
        "unused",
        "unallocated",
        "reserved",
        "notset",
        "undefined",
        "nodns",
        "noptr",
        "none",
        "unknown",
        "generic",
        "default",
        "hosted",
        "host",
        "hosts",
        "vps",
        "vm",
        "vmi",
        "vds",
        "kvm",
        "srv",
        "server",
        "servers",
        "node",
        "nodes",
        "dedi",
        "dedicated",
        "colo",
        "cloud",
        "compute",
        "instance",
        "ec",
        "ns1-slave",
        "access",
        "acc",
        "bras",
        "nas",
        "cpe",
        "biz",
        "business",
        "sme",
        "internet-gw",
        "inet",
        "net",
        "wholesale",
        "broad",
        "customer-ip",
        "hsd",
        "hsia",
        "dsl-static",
        "a1",
        "pub",
        "public",
    ]
)
"""Words of numbered pools, in the languages of providers."""
_POOL_BEGINNING = re.compile(r"(?:[avx]?dsl|dyn|dhcp|pppo?|cust|broadb|dip$|static|cable|fiber|mobil)")

_OWN = frozenset(
    [
        "mail",
        "mails",
        "email",
        "webmail",
        "mx",
        "smtp",
        "imap",
        "pop",
        "relay",
        "mailgw",
        "mailgate",
        "mailhost",
        "mailserver",
        "mta",
        "exchange",
        "exch",
        "owa",
        "autodiscover",
        "outlook",
        "vpn",
        "sslvpn",
        "anyconnect",
        "ras",
        "remote",
        "remoteaccess",
        "citrix",
        "rds",
        "rdp",
        "terminal",
        "fw",
        "firewall",
        "asa",
        "fortigate",
        "fg",
        "palo",
        "utm",
        "sophos",
        "gw",
        "gateway",
        "gate",
        "router",
        "rtr",
        "edge",
        "border",
        "wan",
        "egress",
        "out",
        "outbound",
        "outgoing",
        "nat",
        "snat",
        "pat",
        "proxy",
        "webproxy",
        "squid",
        "www",
        "web",
        "office",
        "offices",
        "hq",
        "headoffice",
        "corp",
        "corporate",
        "intranet",
        "extranet",
        "portal",
        "dmz",
        "guest",
        "visitors",
        "gast",
        "lan",
        "site",
        "ftp",
        "sftp",
        "files",
        "file",
        "dns",
        "ns",
        "dc",
        "ad",
        "adfs",
        "lync",
        "sip",
        "pbx",
        "voice",
        "zeus",
        "server",
    ]
) - {"relay", "server"}
"""What companies call the hosts at their own edge."""

_INSTITUTION = re.compile(
    r"(?:^|\.)(?:edu|ac|gov|gob|gouv|gv|govt|mil|go|sch|k12)(?:\.[a-z]{2,3})?$|\.k12\.[a-z]{2}\.us$|\.int$"
)
_SPLIT = re.compile(r"[.\-_]|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_HEX = re.compile(r"(?:^|[^0-9a-z])(?:0x)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8}(?:[^0-9a-z]|$)|[0-9a-f]{12,}")
_NUMBERS = re.compile(r"\d+")


def read_host_name(
    host: str,
    registrable: Callable[[str], str | None],
    providers: Collection[str] = frozenset(),
    address: str | None = None,
) -> HostName:
    """Whose host a name speaks of. When in doubt nobody's: a wrong name costs more than a missing one.

    `providers` are domains of internet providers, hosts and name services; whatever is under one is a provider's.
    """
    name = ascii_form(host.strip()) if len(host) <= 300 else None
    if name is None:
        return HostName(HostKind.NOTHING, "no_host_name")
    if any(parent in providers for parent in _parents(name)):
        return HostName(HostKind.PROVIDER, "provider_domain")
    domain = registrable(name)
    if domain is None:
        return HostName(HostKind.NOTHING, "no_registrable_domain")
    if _INSTITUTION.search(domain.partition(".")[2]):
        return HostName(HostKind.INSTITUTION, "institution_domain")
    label = domain.partition(".")[0]
    if _PROVIDER_WORD.search(label):
        return HostName(HostKind.PROVIDER, "provider_word")
    front = name.removesuffix(domain).rstrip(".")
    if address is not None and _holds(front, address):
        return HostName(HostKind.GENERIC, "holds_address")
    return _by_front(front, domain)


def _by_front(front: str, domain: str) -> HostName:
    words = [word for word in _SPLIT.split(front) if word]
    letters = [word for word in words if not word.isdigit()]
    numbers = [word for word in words if word.isdigit()]
    if _POOL.intersection(letters) or any(_POOL_BEGINNING.match(word) for word in letters):
        return HostName(HostKind.GENERIC, "pool_word")
    if len(numbers) > 2 or any(len(number) > 3 for number in numbers) or _HEX.search(front):
        return HostName(HostKind.GENERIC, "numbered")
    if not front:
        return HostName(HostKind.COMPANY, "bare_domain", domain)
    if _OWN.intersection(letters):
        return HostName(HostKind.COMPANY, "own_host", domain)
    if len(numbers) > 1 or not letters:
        return HostName(HostKind.GENERIC, "numbered")
    return HostName(HostKind.COMPANY, "plain_name", domain)


def _parents(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def _holds(front: str, address: str) -> bool:
    """Whether the part before the domain spells the address: forwards, backwards, in hexadecimal, or its last two bytes."""
    given = parsed(address)
    ip = meant(given) if given is not None else None
    if isinstance(ip, IPv4Address):
        octets = [int(octet) for octet in str(ip).split(".")]
        numbers = [int(number) for number in _NUMBERS.findall(front) if len(number) <= 3]
        pairs = list(pairwise(numbers))
        if (octets[2], octets[3]) in pairs or (octets[3], octets[2]) in pairs:
            return True
        packed = "".join(f"{octet:03d}" for octet in octets)
        return f"{int(ip):08x}" in front or packed in front
    if isinstance(ip, IPv6Address):
        plain = re.sub(r"[^0-9a-f]", "", front)
        return ip.exploded.replace(":", "")[16:] in plain or ip.exploded.replace(":", "")[:16] in plain
    return False
