"""Writes files in MaxMind's format out of sorted address ranges, in memory that hardly grows with them.

The search tree is one flat array of 32-bit words (mmdb_writer's objects take a hundred times as much); records and
metadata are encoded by mmdb_writer.
"""

import sys
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import METADATA_MAGIC, Encoder

BITS = 128
_SEPARATOR = bytes(16)
_DATA = 1 << 31
"""Marks a word that points to a record and not to a node."""
_EMPTY = _DATA - 1


class TooLarge(Exception):
    """There is more of it than the format's 32-bit words can number."""


class Tree:
    """Ranges are added in ascending order and never overlap. IPv4 lies at the beginning of the address space."""

    def __init__(self) -> None:
        self.networks = 0
        self._words = array("I", (_EMPTY, _EMPTY))  # node n: left at 2n, right at 2n + 1
        self._path = [0]  # nodes on the way to the network added last, by depth
        self._last = 0  # its first address
        self._encoder = Encoder(cache=True)
        self._next = 0  # the lowest address that may still be added

    def record(self, value: Mapping[str, Any]) -> int:
        """The number of a record, to be given to `add`. Equal ones are kept once."""
        offset: int = self._encoder.encode(dict(value), return_offset=True)
        return offset

    def add(self, first: int, last: int, record: int) -> None:
        """All addresses from `first` to `last`, both included, as numbers of 128 bits."""
        if first < self._next or last < first:
            raise ValueError("ranges must ascend and never overlap")
        self._next = last + 1
        while first <= last:
            # the largest aligned block that begins here and does not reach beyond the end
            size = min((first & -first).bit_length() - 1 if first else BITS, (last - first + 1).bit_length() - 1)
            self._put(first, BITS - size, record | _DATA)
            first += 1 << size

    def _put(self, number: int, length: int, word: int) -> None:
        path, words = self._path, self._words
        shared = BITS - (number ^ self._last).bit_length()  # bits in common with the network before
        depth = min(shared, len(path) - 1, length - 1)
        del path[depth + 1 :]
        node = path[-1]
        for level in range(depth, length - 1):
            slot = 2 * node + (number >> (BITS - 1 - level) & 1)
            child = words[slot]
            if child == _EMPTY:
                child = len(words) // 2
                if child >= _EMPTY:
                    raise TooLarge
                words[slot] = child
                words.append(_EMPTY)
                words.append(_EMPTY)
            path.append(child)
            node = child
        words[2 * node + (number >> (BITS - length) & 1)] = word
        self._last = number
        self.networks += 1

    def write(self, path: Path, *, database_type: str, description: Mapping[str, str], built_at: int) -> None:
        """Write the file. The tree may not be used any more: it is turned into words on disk in place."""
        words = self._words
        nodes = len(words) // 2
        if nodes + 16 + self._encoder.data_pointer >= 1 << 32:
            raise TooLarge
        for index, word in enumerate(words):
            if word & _DATA:
                words[index] = (word ^ _DATA) + nodes + 16
            elif word == _EMPTY:
                words[index] = nodes
        if sys.byteorder == "little":
            words.byteswap()
        meta = {
            "node_count": nodes,
            "record_size": 32,
            "ip_version": 6,
            "database_type": database_type,
            "languages": ["en"],
            "binary_format_major_version": 2,
            "binary_format_minor_version": 0,
            "description": dict(description),
            "build_epoch": built_at,
        }
        with path.open("wb") as file:
            words.tofile(file)
            file.write(_SEPARATOR)
            file.writelines(self._encoder.data_list)
            file.write(METADATA_MAGIC)
            file.write(Encoder(cache=False).encode_meta(meta))
