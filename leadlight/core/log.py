"""The event log's vocabulary: strands, records, and how far somebody has read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Partition(NamedTuple):
    """One ordered strand of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the log, as it was published."""

    partition: Partition
    offset: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets of one partition that a batch covers: from `first`, up to but without `next`.

    `first` is the position the caller has stored: what `positions` said, then each span's `next`. Only when that was
    ahead of the log's end (the log was lost, its positions were not) `next` can be lower.
    """

    first: int
    next: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll returned: records of several partitions, in offset order within each.

    `spans` has an entry for each partition with records, and says which positions the caller moves between. A span may
    be wider than its records (a trimmed or compacted log has holes).
    """

    records: Sequence[Record] = ()
    spans: Mapping[Partition, Span] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.spans)
