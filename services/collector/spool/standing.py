"""How a spool stands: what operators are shown, by the collector itself and by `leadlight spool status` beside it."""

import json
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from leadlight.bus.embedded.log import ASIDE, TopicLog
from leadlight.errors import ConfigurationError, LogDamaged

MAX_AGE_SECONDS = 3 * 24 * 3600
"""A spool whose oldest record is older takes no more. Deduplication remembers 14 days, the log keeps 7: drained after
three, an event is still recognised and still processed."""

STAMP = struct.Struct(">Q")
"""Before each record's value: when it was spooled, in ms."""

NOTE = "drained.json"
"""How far the spool has been drained. Lost or outdated, it only makes records be sent again."""

LOOKS = 5


class State(StrEnum):
    """What a spool does now."""

    EMPTY = "empty"
    FILLING = "filling"  # the log is away
    DRAINING = "draining"  # the log is back: the oldest go first, new ones behind them
    FULL = "full"  # posts are refused for lack of room
    TOO_OLD = "too_old"  # posts are refused until the oldest have gone


@dataclass(frozen=True, slots=True)
class Standing:
    """One spool as it stands at a moment."""

    instance: str
    state: State
    records: int
    bytes: int
    oldest_at: datetime | None
    age_seconds: float | None
    limit_bytes: int
    damaged_files: int

    @property
    def refuses(self) -> bool:
        return self.state in (State.FULL, State.TOO_OLD)


def spools_folder(data: Path) -> Path:
    return data / "spool"


def spool_folder(data: Path, instance: str) -> Path:
    """Each instance's own, whatever characters its name has."""
    name = quote(instance, safe=" ")
    return spools_folder(data) / (f"%2E{name[1:]}" if name.startswith(".") else name)


def standing(
    folder: Path,
    *,
    records: int,
    size_bytes: int,
    oldest_at: float | None,
    limit_bytes: int,
    draining: bool,
    now: float,
) -> Standing:
    """The same judgement from the collector's memory and from the files it left."""
    waits = records > 0 and oldest_at is not None
    age = max(0.0, now - oldest_at) if waits and oldest_at is not None else None
    return Standing(
        instance=unquote(folder.name),
        state=_state(records, size_bytes, age, limit_bytes, draining),
        records=records,
        bytes=size_bytes,
        oldest_at=datetime.fromtimestamp(oldest_at, UTC) if waits and oldest_at is not None else None,
        age_seconds=age,
        limit_bytes=limit_bytes,
        damaged_files=len(list(folder.glob(f"*{ASIDE}*"))),
    )


def _state(records: int, size_bytes: int, age: float | None, limit_bytes: int, draining: bool) -> State:
    if age is not None and age >= MAX_AGE_SECONDS:
        return State.TOO_OLD
    if records and size_bytes >= limit_bytes - min(limit_bytes // 20, 512 * 1024):
        return State.FULL
    if not records:
        return State.EMPTY
    return State.DRAINING if draining else State.FILLING


def read_note(folder: Path) -> Mapping[str, Any]:
    """What was noted last; empty when there is nothing or it cannot be read."""
    try:
        noted = json.loads((folder / NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) and isinstance(noted.get("next_offset"), int) else {}


def write_note(folder: Path, *, next_offset: int, limit_bytes: int, draining: bool) -> None:
    """Whole or not at all, as far as other processes see; not synced, since an outdated one does no harm."""
    fresh = folder / f"{NOTE}.new"
    fresh.write_text(json.dumps({"next_offset": next_offset, "limit_bytes": limit_bytes, "draining": draining}))
    fresh.replace(folder / NOTE)


def look(folder: Path, *, limit_bytes: int, now: float) -> Standing:
    """A spool as its files tell, beside a running collector or without one. Takes no lock and changes nothing.

    Raises:
        LogDamaged: its last file is damaged.
        ConfigurationError: the folder holds what is no spool, or cannot be read.
    """
    for attempt in range(LOOKS):
        try:
            return _look(folder, limit_bytes=limit_bytes, now=now)
        except FileNotFoundError:  # trimmed or begun meanwhile
            if attempt == LOOKS - 1:
                break
        except OSError as error:
            raise ConfigurationError(f"The spool {folder} cannot be read: {error.strerror or error}.") from error
    return standing(folder, records=0, size_bytes=0, oldest_at=None, limit_bytes=limit_bytes, draining=False, now=now)


def _look(folder: Path, *, limit_bytes: int, now: float) -> Standing:
    noted = read_note(folder)
    log = TopicLog.for_reading(folder)
    after = next_offset(noted, log)
    oldest_at = None
    if after < log.end:
        with suppress(LogDamaged):  # the collector deals with it once it gets there
            oldest_at = spooled_at(log.read(log.find(after), 1).records[0].value)
    return standing(
        folder,
        records=log.end - after,
        size_bytes=sum(segment.size for segment in log.segments),
        oldest_at=oldest_at,
        limit_bytes=int(noted.get("limit_bytes", limit_bytes)),
        draining=bool(noted.get("draining")),
        now=now,
    )


def next_offset(noted: Mapping[str, Any], log: TopicLog) -> int:
    """The first record that is not known to have been drained."""
    offset = int(noted.get("next_offset", log.start))
    return offset if log.start <= offset <= log.end else log.start


def spooled_at(value: bytes) -> float:
    return float(STAMP.unpack_from(value)[0]) / 1000
