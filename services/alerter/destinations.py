"""Where webhooks may go: the public internet, and the private networks that the operator allows."""

import ipaddress
from collections.abc import Sequence

from leadlight.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses whose last four bytes are an IPv4 address that a gateway connects to."""


def may_reach(given: str, allowed: Sequence[Network]) -> bool:
    """Whether a connection to this address is allowed: it is a global one, or in one of the `allowed` networks.

    An address that stands for another is judged by that one: IPv4-mapped, 6to4, Teredo, NAT64.
    """
    address = meant(ipaddress.ip_address(given))
    if any(address.version == network.version and address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved


def meant(address: Address) -> Address:
    """The address that a packet ends up at."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
