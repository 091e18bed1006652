"""Addresses as they arrive: which are somebody's on the internet, and which can never tell anything."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

LONGEST_ADDRESS = 64
"""Characters; a full IPv6 address with its zone has fewer."""

Address = IPv4Address | IPv6Address

_SPECIAL: Final = (
    ("special:unspecified", "0.0.0.0/32"),
    ("special:this_network", "0.0.0.0/8"),
    ("special:private", "10.0.0.0/8"),
    ("special:shared", "100.64.0.0/10"),  # between a provider and its customers
    ("special:loopback", "127.0.0.0/8"),
    ("special:link_local", "169.254.0.0/16"),
    ("special:private", "172.16.0.0/12"),
    ("special:protocol", "192.0.0.0/24"),
    ("special:documentation", "192.0.2.0/24"),
    ("special:reserved", "192.88.99.0/24"),  # the relays of 6to4, withdrawn
    ("special:private", "192.168.0.0/16"),
    ("special:benchmarking", "198.18.0.0/15"),
    ("special:documentation", "198.51.100.0/24"),
    ("special:documentation", "203.0.113.0/24"),
    ("special:multicast", "224.0.0.0/4"),
    ("special:documentation", "233.252.0.0/24"),
    ("special:broadcast", "255.255.255.255/32"),
    ("special:reserved", "240.0.0.0/4"),
    ("special:unspecified", "::/128"),
    ("special:loopback", "::1/128"),
    ("special:reserved", "::/8"),
    ("special:private", "64:ff9b:1::/48"),  # translation within one network
    ("special:discard", "100::/64"),
    ("special:protocol", "2001::/23"),
    ("special:benchmarking", "2001:2::/48"),
    ("special:documentation", "2001:db8::/32"),
    ("special:orchid", "2001:10::/28"),
    ("special:orchid", "2001:20::/28"),
    ("special:documentation", "3fff::/20"),
    ("special:segment_routing", "5f00::/16"),
    ("special:private", "fc00::/7"),
    ("special:link_local", "fe80::/10"),
    ("special:site_local", "fec0::/10"),
    ("special:multicast", "ff00::/8"),
)
"""By the registries of special-purpose addresses; the narrowest that holds an address counts."""

INVALID = "special:invalid"
RESERVED = "special:reserved"

_Rules = tuple[tuple[int, int, str], ...]


def _table(version: int) -> _Rules:
    """(first, last, rule), the narrowest first."""
    found = []
    for rule, text in _SPECIAL:
        network = IPv6Network(text) if ":" in text else IPv4Network(text)
        if network.version == version:
            found.append((int(network.network_address), int(network.broadcast_address), rule))
    return tuple(sorted(found, key=lambda each: each[1] - each[0]))


_V4, _V6 = _table(4), _table(6)
_GLOBAL_V6 = range(0x2000 << 112, 0x4000 << 112)  # all that was ever given out
_NAT64 = 0x0064_FF9B << 96
_SIIT = 0xFFFF << 48  # ::ffff:0:a.b.c.d
_LOW_32 = (1 << 32) - 1


def parsed(text: str) -> Address | None:
    """The address that a text is, whatever its zone; None for anything else."""
    if len(text) > LONGEST_ADDRESS:
        return None
    try:
        return ip_address(text.strip().removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None


def meant(address: Address) -> Address:
    """The address that an address stands for.

    IPv4 comes dressed as IPv6 in several ways: mapped (::ffff:a.b.c.d), translated (::ffff:0:a.b.c.d and
    64:ff9b::a.b.c.d, where a server without IPv4 sees clients that have nothing else), 6to4 and Teredo (tunnels that end
    at the IPv4 address inside). All speak of that one.
    """
    if isinstance(address, IPv4Address):
        return address
    if (mapped := address.ipv4_mapped) is not None:
        return mapped
    number = int(address)
    if number & ~_LOW_32 in (_NAT64, _SIIT):
        return IPv4Address(number & _LOW_32)
    if (tunnelled := address.sixtofour) is not None:
        return tunnelled
    if (teredo := address.teredo) is not None:
        return teredo[1]
    if address.scope_id is not None:
        return IPv6Address(number)
    return address


def special_rule(address: str) -> str | None:
    """Why an address can name nobody: `special:private`, `special:documentation`, `special:invalid` ...

    None: it is somebody's on the internet.
    """
    found = parsed(address)
    return INVALID if found is None else special_rule_of(meant(found))


def special_rule_of(address: Address) -> str | None:
    """The same of a parsed address, as `meant` gives it."""
    number = int(address)
    for first, last, rule in _V4 if address.version == 4 else _V6:
        if first <= number <= last:
            return rule
    return RESERVED if address.version == 6 and number not in _GLOBAL_V6 else None
