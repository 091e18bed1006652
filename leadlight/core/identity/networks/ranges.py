"""Address ranges that somebody has put a name to."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Generic, TypeVar

from leadlight.core.identity.networks.addresses import Address

Range = IPv4Network | IPv6Network
Label = TypeVar("Label")


@dataclass(frozen=True, slots=True)
class RangeTable(Generic[Label]):
    """Labels of address ranges. The narrowest range that holds an address speaks for it."""

    lengths: tuple[tuple[tuple[int, dict[int, Label]], ...], ...]  # IPv4, IPv6: (bits of the host, by prefix)

    @classmethod
    def of(cls, rows: Iterable[tuple[Range, Label]]) -> "RangeTable[Label]":
        """Of several labels for the same range the first counts."""
        tables: tuple[dict[int, dict[int, Label]], ...] = ({}, {})
        for network, label in rows:
            shift = network.max_prefixlen - network.prefixlen
            by_prefix = tables[network.version == 6].setdefault(shift, {})
            by_prefix.setdefault(int(network.network_address) >> shift, label)
        return cls(tuple(tuple(sorted(table.items(), key=lambda item: item[0])) for table in tables))

    def find(self, address: Address) -> Label | None:
        """What is said of the narrowest range that holds the address."""
        number = int(address)
        for shift, by_prefix in self.lengths[address.version == 6]:
            found = by_prefix.get(number >> shift)
            if found is not None:
                return found
        return None
