"""Where Leadlight may connect to on somebody's word: the public internet, and the private networks the operator allows.

Webhooks and installation checks go to addresses that a site's owner has typed, or that a foreign page leads to.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Any

import aiohttp

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


_REFUSED = "is no public address"


class AddressRefused(OSError):
    """A name leads to an address that may not be reached. The message says who can allow it."""


def guarded_connector(allowed: Sequence[Network], *, keep_alive: bool = False) -> aiohttp.TCPConnector:
    """Connections to nothing but what `allowed` and the public internet hold.

    Every socket is made here, with the address it will connect to: no name, literal, redirect or second answer of a
    name server gets past.
    """

    def make_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, (host, *_) = info
        if not may_reach(host, allowed):
            raise AddressRefused(f"{host} {_REFUSED}. LEADLIGHT_WEBHOOK_ALLOW lists the private ones allowed")
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        limit=0,
        force_close=not keep_alive,
        happy_eyeballs_delay=None,
        socket_factory=make_socket,
    )


def refused_address(error: Exception) -> str | None:
    """The address that a connector refused, if that is why a connection failed; of several attempts the last."""
    found = re.findall(rf"(\S+) {_REFUSED}", str(error))
    return str(found[-1]) if found else None
