"""Small files in the format of MaxMind's databases, for networks that tests invent."""

from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from typing import Any

RECORD_BYTES = 3
_SEPARATOR = bytes(16)


def mmdb(networks: Mapping[str, Any]) -> bytes:
    """A file that answers with these records; an IPv6 tree, with IPv4 in its usual place."""
    nodes: list[list[int | None]] = [[None, None]]
    data = b""
    ends: dict[tuple[int, int], int] = {}
    for written, record in networks.items():
        network = ip_network(written)
        shift = 96 if isinstance(network, IPv4Network) else 0
        length = network.prefixlen + shift
        bits = int(network.network_address)
        at = 0
        for place in range(length - 1):
            bit = bits >> (127 - place) & 1
            following = nodes[at][bit]
            if following is None:
                nodes.append([None, None])
                following = nodes[at][bit] = len(nodes) - 1
            at = following
        ends[at, bits >> (128 - length) & 1] = len(data)
        data += _packed(record)
    tree = b"".join(
        _value(ends.get((at, bit)), following, len(nodes)).to_bytes(RECORD_BYTES)
        for at, pair in enumerate(nodes)
        for bit, following in enumerate(pair)
    )
    about = {
        "node_count": len(nodes),
        "record_size": RECORD_BYTES * 8,
        "ip_version": 6,
        "database_type": "Invented",
        "languages": [],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_700_000_000,
        "description": {},
    }
    return tree + _SEPARATOR + data + b"\xab\xcd\xefMaxMind.com" + _packed(about)


def _value(offset: int | None, following: int | None, nodes: int) -> int:
    if offset is not None:
        return nodes + len(_SEPARATOR) + offset
    return nodes if following is None else following


def _packed(value: Any) -> bytes:
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(_packed(one) for pair in value.items() for one in pair)
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(_packed, value))
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    return bytes([6 << 5 | 4]) + int(value).to_bytes(4)
