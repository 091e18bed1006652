"""Address ranges: those that belong to nobody, and those that somebody has put a name to."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Generic, TypeVar

Address = IPv4Address | IPv6Address
Range = IPv4Network | IPv6Network
Label = TypeVar("Label")

DOCUMENTATION = "documentation"
"""Ranges of examples, demos and tests: nobody's, unless the data at hand gives them to somebody."""

_SPECIAL = (
    ("this_host", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("shared", ("100.64.0.0/10",)),
    ("link_local", ("169.254.0.0/16", "fe80::/10")),
    (DOCUMENTATION, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("ipv4_mapped", ("::ffff:0:0/96", "::ffff:0:0:0/96")),
    ("translated", ("64:ff9b::/96", "64:ff9b:1::/48")),
    ("tunnelled", ("2001::/32", "2002::/16", "192.88.99.0/24")),
    (
        "reserved",
        ("192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "100::/64", "2001:2::/48", "2001:10::/28", "5f00::/16"),
    ),
)
REMEMBERED_ADDRESSES = 8_192


@dataclass(frozen=True, slots=True)
class RangeTable(Generic[Label]):
    """Labels of address ranges. The narrowest range that holds an address speaks for it."""

    lengths: tuple[tuple[tuple[int, int, dict[int, Label]], ...], ...]  # IPv4, IPv6: (length, shift, by prefix)

    @classmethod
    def of(cls, rows: Iterable[tuple[Range, Label]]) -> "RangeTable[Label]":
        """Of several labels for the same range the first counts."""
        tables: tuple[dict[int, dict[int, Label]], ...] = ({}, {})
        for network, label in rows:
            by_prefix = tables[network.version == 6].setdefault(network.prefixlen, {})
            by_prefix.setdefault(int(network.network_address) >> (network.max_prefixlen - network.prefixlen), label)
        return cls(
            tuple(
                tuple((length, bits - length, table[length]) for length in sorted(table, reverse=True))
                for table, bits in zip(tables, (32, 128), strict=True)
            )
        )

    def find(self, address: Address) -> Label | None:
        number = int(address)
        for _, shift, by_prefix in self.lengths[address.version == 6]:
            found = by_prefix.get(number >> shift)
            if found is not None:
                return found
        return None


@lru_cache(REMEMBERED_ADDRESSES)
def parsed(address: str) -> Address | None:
    """An address as text, IPv4 or IPv6; None for anything else, zones of interfaces included."""
    try:
        return ip_address(address)
    except ValueError:
        return None


def special(address: Address) -> str | None:
    """Why an address is nobody's: `private`, `link_local`, `documentation` ...; None for one that can be somebody's.

    An IPv6 address is somebody's only within the space that is given out at all, 2000::/3.
    """
    found = _SPECIAL_RANGES.find(address)
    if found is None and address.version == 6 and int(address) >> 125 != 1:
        return "reserved"
    return found


_SPECIAL_RANGES: RangeTable[str] = RangeTable.of(
    (ip_network(prefix), name) for name, prefixes in _SPECIAL for prefix in prefixes
)
