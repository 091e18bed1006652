"""Which address a request really came from, when proxies that we trust say so."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice

Network = IPv4Network | IPv6Network

MOST_HOPS = 32
"""Read of a forwarding header, from its end: whoever writes more hides something."""

FORWARDED_CHARACTERS = 1_024
"""Read of `Forwarded`, from its end: what nobody can make sense of is looked at again and again."""

REMEMBERED = 8_192

REMEMBERED_BYTES = 512
"""Of a forwarding header that is remembered: strangers may write anything before what our proxies add."""

_PAIR = re.compile(r"""\s*+([!#$%&'*+.^_`|~\w-]+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*)"|([^",;\s\\]*))\s*+(?:;|$)""")


class Networks:
    """Some networks, asked whether an address lies in one of them."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)
        self.holds = lru_cache(REMEMBERED)(self._holds)

    def _holds(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._networks)


FOR_EXAMPLES = Networks(
    [ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
)
"""Kept free for documents: nobody real comes from there."""


class Proxies:
    """The proxies whose forwarding headers are believed."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._trusted = Networks(networks)
        self._known_client = lru_cache(REMEMBERED)(self._client)
        self.trust = lru_cache(REMEMBERED)(self._trust)

    def _trust(self, peer: str) -> bool:
        """Whether the other end of a connection is one of them."""
        address = bare_address(peer)
        return address is not None and self._trusted.holds(address)

    def client(self, peer: str, forwarded_for: bytes | None, forwarded: bytes | None) -> str | None:
        """The address of whoever asked first; None where nobody knows it.

        Read from the end, each trusted proxy names who asked it, until one names somebody we do not trust: what stands
        before that could be made up. `X-Forwarded-For` counts before `Forwarded`, which few proxies write or remove.
        """
        short = len(forwarded_for or b"") + len(forwarded or b"") <= REMEMBERED_BYTES
        return (self._known_client if short else self._client)(peer, forwarded_for, forwarded)

    def _client(self, peer: str, forwarded_for: bytes | None, forwarded: bytes | None) -> str | None:
        nearest = bare_address(peer)
        if nearest is None or not self._trusted.holds(nearest):
            return nearest
        if forwarded_for is not None:
            hops: Iterator[str] = reversed(_text(forwarded_for).split(",")[-MOST_HOPS:])
        elif forwarded is not None:
            hops = islice(_hops_of(_text(forwarded)[-FORWARDED_CHARACTERS:]), MOST_HOPS)
        else:
            return nearest
        for hop in hops:
            if not (written := hop.strip()):
                continue
            address = bare_address(written)
            if address is None:
                return None  # `unknown`, `_hidden`, garbage: a proxy that hides its client hides it from us too
            nearest = address
            if not self._trusted.holds(address):
                return address
        return nearest


def bare_address(written: str) -> str | None:
    """An address in its normal form, without port, brackets and zone; IPv4 inside IPv6 is IPv4. None if it is none."""
    text = written.strip()
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) < 7


def _hops_of(forwarded: str) -> Iterator[str]:
    """Who asked, as `Forwarded` (RFC 7239) says it, the last first; `unknown` where it does not.

    Each element is the shortest end that is one: a quote that a stranger left open swallows nothing of what our proxy
    has put behind it.
    """
    element = ""
    for part in reversed(forwarded.split(",")):
        element = f"{part},{element}" if element else part.strip()
        if element and (pairs := _pairs(element)) is not None:
            yield pairs.get("for") or "unknown"
            element = ""
    if element:
        yield "unknown"


def _pairs(element: str) -> dict[str, str] | None:
    """The parameters of an element by name in lower case; None if it is none."""
    pairs: dict[str, str] = {}
    position = 0
    while position < len(element):
        pair = _PAIR.match(element, position)
        if pair is None:
            return None
        name, quoted, plain = pair.groups()
        pairs.setdefault(name.lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        position = pair.end()
    return pairs


def _text(header: bytes) -> str:
    return header.decode("latin-1")
