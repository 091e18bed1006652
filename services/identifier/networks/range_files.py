"""Keeps published ranges as files in our own format, read like every other file of network data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from leadlight.core.identity.networks.published import Range, flattened
from leadlight.runtime.networks import RANGES_TYPE
from services.identifier.networks.tree import Tree


@dataclass(frozen=True, slots=True)
class RangeList:
    """Ranges under one name, all of one class."""

    name: str
    kind: str
    ranges: Sequence[Range]


def write_ranges(target: Path, lists: Sequence[RangeList], *, source: str, dated: datetime) -> tuple[int, int]:
    """Write lists as one file; how many ranges were given, and how many networks they come to.

    Of ranges within ranges the narrowest counts. The file describes itself: nothing beside it can get lost.
    """
    tree = Tree()
    every = [replace(each, label=number) for number, one in enumerate(lists) for each in one.ranges]
    held: tuple[int, int, int] | None = None
    for each in flattened(every):
        record = tree.record({"leadlight": _record(lists[each.label], each)})
        if held is not None and each.first == held[1] + 1 and record == held[2]:
            held = (held[0], each.last, record)
            continue
        if held is not None:
            tree.add(*held)
        held = (each.first, each.last, record)
    if held is not None:
        tree.add(*held)
    description = {
        "en": ", ".join(f"{one.name}: {one.kind}" for one in lists),
        "source": source,
        "rows": str(len(every)),
    }
    tree.write(target, database_type=RANGES_TYPE, description=description, built_at=int(dated.timestamp()))
    return len(every), tree.networks


def _record(of: RangeList, one: Range) -> dict[str, str]:
    place = {"country": one.country, "region": one.region, "city": one.city}
    return {"name": of.name, "class": of.kind} | {name: text for name, text in place.items() if text}
