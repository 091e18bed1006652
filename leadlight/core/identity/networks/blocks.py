"""What may be kept of an address: the block it lies in, and a keyed hash by which the same connection is known again."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_network

from leadlight.core.identity.networks.addresses import Address, meant, parsed, special_rule_of

BLOCK_LENGTHS = {4: 24, 6: 48}
"""A block is what one customer of a provider is given at most, and small enough that colleagues share it."""

HOST_LENGTHS = {4: 32, 6: 64}
"""One connection: in IPv6 each device makes up addresses of its own in the same /64."""

NARROWEST = {4: 32, 6: 56}
"""Ranges narrower than a block are kept as the hashes of their hosts, so they may not hold too many."""

DOCUMENTATION = "special:documentation"
REMEMBERED = 16_384
_HASH_BYTES = 16

Range = IPv4Network | IPv6Network


def host_key(secret: bytes) -> bytes:
    """The key of an installation's hashes of hosts: without the secret they lead back to no address."""
    return blake2b(secret, person=b"leadlight host", digest_size=32).digest()


@lru_cache(REMEMBERED)
def block_of(address: str) -> str | None:
    """`203.0.113.0/24`, `2001:db8:7::/48`. None for what is nobody's on the internet: private, loopback, shared ..."""
    found = _somebodys(address)
    return None if found is None else str(_range_of(found, BLOCK_LENGTHS[found.version]))


@lru_cache(REMEMBERED)
def host_of(site: str, address: str, key: bytes) -> str | None:
    """The same connection again, and no way back: a keyed hash of the address, of its /64 in IPv6.

    Different for each site, so that sites cannot be compared. None where `block_of` is.
    """
    found = _somebodys(address)
    return None if found is None else _hashed(site, int(_range_of(found, HOST_LENGTHS[found.version])[0]), key)


def range_of(text: str) -> Range:
    """The range that somebody has written: `203.0.113.0/24`, or a single address.

    Raises:
        ValueError: it is none, holds addresses that are nobody's, or is too narrow to be kept; the message says which.
    """
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no address range, as in 203.0.113.0/24 or 2001:db8:7::/48") from None
    if isinstance(found, IPv6Network) and found.prefixlen == 128:
        found = ip_network((found.network_address, HOST_LENGTHS[6]), strict=False)
    if not found.prefixlen:
        raise ValueError(f"{found} is the whole internet, which is nobody's network")
    rule = special_rule_of(found.network_address)
    if rule is not None and rule != DOCUMENTATION:
        raise ValueError(f"{found} is no range of the internet: {rule.partition(':')[2].replace('_', ' ')}")
    if found.version == 6 and NARROWEST[6] > found.prefixlen > BLOCK_LENGTHS[6]:
        raise ValueError(f"{found}: take the whole /{BLOCK_LENGTHS[6]}, or /{NARROWEST[6]} and narrower")
    return found


def hosts_of(site: str, given: Range, key: bytes) -> list[str]:
    """The hosts in a range that is narrower than a block; none for a wider one, which is known by its blocks."""
    length = HOST_LENGTHS[given.version]
    if given.prefixlen <= BLOCK_LENGTHS[given.version]:
        return []
    if given.prefixlen >= length:
        given = ip_network((given.network_address, length), strict=False)
    step = 1 << (given.max_prefixlen - length)
    first = int(given.network_address)
    return [_hashed(site, first + number * step, key) for number in range(1 << (length - given.prefixlen))]


def wider(block: str) -> Iterator[str]:
    """The block itself and every range around it, the narrowest first: `203.0.113.0/24`, `203.0.112.0/23` ..."""
    network = ip_network(block)
    for length in range(network.prefixlen, 0, -1):
        yield str(network.supernet(new_prefix=length)) if length < network.prefixlen else block


def _somebodys(address: str) -> Address | None:
    found = parsed(address)
    if found is None:
        return None
    found = meant(found)
    return found if special_rule_of(found) in (None, DOCUMENTATION) else None


def _range_of(address: Address, length: int) -> Range:
    return ip_network((address, length), strict=False)


def _hashed(site: str, number: int, key: bytes) -> str:
    return blake2b(f"{site}\n{number:x}".encode(), key=key, digest_size=_HASH_BYTES).hexdigest()
