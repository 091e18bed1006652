"""The search tree of a file in MaxMind's format, walked without trusting a byte of it.

The compiled reader of `maxminddb` is taken down, and the process with it, by some damaged files; this walk is not. It
costs no more, because the records it leads to are few, and remembered by whoever decodes them.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from mmap import mmap

Address = IPv4Address | IPv6Address

MOST_VISITED = 50_000
"""Nodes, when looking for the first addresses: a damaged tree may lead in circles."""
MOST_SHORTCUTS = 65_536
_SEPARATOR = 16


class SearchTree:
    """Leads from an address to where its record begins."""

    def __init__(self, buffer: mmap, *, node_count: int, record_size: int, ip_version: int) -> None:
        """Raises ValueError: there is no such tree in the buffer."""
        counts = (node_count, record_size, ip_version)
        if not all(isinstance(each, int) for each in counts) or node_count < 1:
            raise ValueError("its search tree is of no size")
        if record_size not in (24, 28, 32) or ip_version not in (4, 6):
            raise ValueError("its search tree is of an unknown kind")
        self.ip_version = ip_version
        self._buffer = buffer
        self._nodes = node_count
        self._half = record_size // 8  # bytes of a word; of 28 bits, the whole ones
        self._width = record_size // 4
        self._odd = record_size == 28
        self._size = node_count * self._width
        if self._size + _SEPARATOR > len(buffer):
            raise ValueError("its search tree is cut off")
        self._v4_root = self._walk(0, 0, 96) if ip_version == 6 else 0
        self._shortcuts: dict[tuple[int, int], int] = {}  # by version and the address's first bits

    def find(self, address: Address) -> int | None:
        """Where the record of an address begins, from the beginning of the file; None: nothing is known of it."""
        number, version = int(address), address.version
        if version > self.ip_version:
            return None
        rest = 16 if version == 4 else 96
        beginning = number >> rest
        node = self._shortcuts.get((version, beginning))
        if node is None:
            node = self._walk(self._v4_root, beginning, 16) if version == 4 else self._walk(0, beginning, 32)
            if len(self._shortcuts) >= MOST_SHORTCUTS:
                self._shortcuts = {}
            self._shortcuts[version, beginning] = node
        node = self._walk(node, number & ((1 << rest) - 1), rest)
        return self._record(node)

    def first_addresses(self, most: int) -> Iterator[Address]:
        """The first address of each of the first networks that have a record."""
        bits = 32 if self.ip_version == 4 else 128
        waiting = [(0, 0, 0)]  # node, the bits on the way to it, their number
        visited = found = 0
        while waiting and found < most and visited < MOST_VISITED:
            node, prefix, depth = waiting.pop()
            if node >= self._nodes:
                if self._record(node) is not None:
                    found += 1
                    number = prefix << (bits - depth)
                    yield IPv4Address(number) if bits == 32 or number >> 32 == 0 else IPv6Address(number)
            elif depth < bits:
                visited += 1
                waiting.append((self._child(node, 1), prefix << 1 | 1, depth + 1))
                waiting.append((self._child(node, 0), prefix << 1, depth + 1))

    def _record(self, word: int) -> int | None:
        if word <= self._nodes:
            return None  # within the tree: a damaged one; its end: nothing is known
        offset = word - self._nodes + self._size
        return offset if offset < len(self._buffer) else None

    def _walk(self, node: int, number: int, bits: int) -> int:
        nodes = self._nodes
        if self._odd:
            while bits and node < nodes:
                bits -= 1
                node = self._child(node, number >> bits & 1)
            return node
        buffer, width, half = self._buffer, self._width, self._half
        while bits and node < nodes:
            bits -= 1
            at = node * width + (half if number >> bits & 1 else 0)
            node = int.from_bytes(buffer[at : at + half], "big")
        return node

    def _child(self, node: int, bit: int) -> int:
        at = node * self._width
        if not self._odd:
            at += self._half * bit
            return int.from_bytes(self._buffer[at : at + self._half], "big")
        middle = self._buffer[at + 3]
        if bit:
            return (middle & 0x0F) << 24 | int.from_bytes(self._buffer[at + 4 : at + 7], "big")
        return (middle & 0xF0) << 20 | int.from_bytes(self._buffer[at : at + 3], "big")
