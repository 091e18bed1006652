"""Records that cannot be processed, kept with their bytes and their reason until somebody replays or discards them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.log import Partition, Record
from leadlight.errors import WrongUsage
from leadlight.store.database import insert
from leadlight.store.tables import audit_lines, dead_letters

_ID = re.compile(r"([A-Za-z0-9._-]{1,100}):([A-Za-z0-9._-]{1,249}):(\d{1,9}):(\d{1,18})")

IDS_AT_ONCE = 200
"""In one statement: each takes four parameters."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that one consumer could not process."""

    consumer: str
    record: Record
    site_id: str | None  # None: the record's key names none
    reason: str
    at: datetime
    deaths: int  # of these bytes in this consumer, up to this one: more than 1 means that a replay did not help
    replayed_at: datetime | None
    replayed_by: str | None

    @property
    def id(self) -> str:
        """Where the record stood: short enough to be typed, and the same for ever."""
        partition = self.record.partition
        return f"{self.consumer}:{partition.topic}:{partition.number}:{self.record.offset}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which dead letters somebody means: those with the `ids`, or all that wait; of one site, if it is given."""

    ids: Sequence[str] | None = None  # None: all that wait
    site_id: str | None = None
    consumer: str | None = None


async def add(connection: AsyncConnection, consumer: str, record: Record, *, reason: str, now: datetime) -> None:
    """Keep one dead record; keeping it twice is keeping it once."""
    site, _, _ = record.key.partition(b":")
    digest = sha256(b"%d:%b%b" % (len(record.key), record.key, record.value)).hexdigest()
    earlier = await connection.execute(
        select(func.count())
        .select_from(dead_letters)
        .where(dead_letters.c.consumer == consumer, dead_letters.c.digest == digest)
    )
    await connection.execute(
        insert(connection, dead_letters)
        .values(
            consumer=consumer,
            topic=record.partition.topic,
            partition=record.partition.number,
            offset=record.offset,
            site_id=site.decode(errors="replace").replace("\x00", "") or None,
            key=record.key,
            value=record.value,
            reason=reason.replace("\x00", "").encode(errors="replace").decode(),  # half a character stops no partition
            at=now,
            digest=digest,
            deaths=earlier.scalar_one() + 1,
        )
        .on_conflict_do_nothing()
    )


async def count(connection: AsyncConnection, *, since: datetime) -> int:
    """How many records died since then."""
    return (
        await connection.execute(select(func.count()).select_from(dead_letters).where(dead_letters.c.at >= since))
    ).scalar_one()


async def waiting(connection: AsyncConnection, chosen: Chosen) -> int:
    """How many of the dead letters of this site and consumer nobody has replayed or discarded yet."""
    wanted = and_(dead_letters.c.replayed_at.is_(None), _of(chosen))
    return (await connection.execute(select(func.count()).select_from(dead_letters).where(wanted))).scalar_one()


async def some(
    connection: AsyncConnection,
    chosen: Chosen,
    *,
    limit: int,
    offset: int = 0,
    replayed: bool = False,
    oldest_first: bool = False,
) -> Sequence[DeadLetter]:
    """Dead letters, latest first unless asked otherwise; with `replayed` those too that were published again."""
    table = dead_letters.c
    wanted = _of(chosen) if replayed else and_(_of(chosen), table.replayed_at.is_(None))
    place = (table.at, table.consumer, table.topic, table.partition, table.offset)
    rows = await connection.execute(
        select(dead_letters)
        .where(wanted)
        .order_by(*(place if oldest_first else (column.desc() for column in place)))
        .limit(limit)
        .offset(offset)
    )
    return [_letter(row) for row in rows]


async def get(connection: AsyncConnection, id: str, *, site_id: str | None = None) -> DeadLetter | None:
    """Raises WrongUsage when that is no id of a dead letter."""
    row = (
        await connection.execute(select(dead_letters).where(_named([id]), _of(Chosen(site_id=site_id))))
    ).one_or_none()
    return None if row is None else _letter(row)


async def mark_replayed(connection: AsyncConnection, ids: Sequence[str], *, who: str, now: datetime) -> int:
    """Remember that these were published again; those already marked keep their mark. How many were marked."""
    marked = 0
    for part in _parts(ids):
        done = await connection.execute(
            update(dead_letters)
            .where(_named(part), dead_letters.c.replayed_at.is_(None))
            .values(replayed_at=now, replayed_by=who)
        )
        marked += done.rowcount
    return marked


async def discard(connection: AsyncConnection, chosen: Chosen, *, who: str, now: datetime) -> int:
    """Delete dead letters for good, with a line for each site that says who did it; how many there were."""
    gone: dict[str, int] = {}
    if chosen.ids is None:
        conditions = [and_(_of(chosen), dead_letters.c.replayed_at.is_(None))]
    else:
        conditions = [and_(_of(chosen), _named(part)) for part in _parts(chosen.ids)]
    for condition in conditions:
        done = await connection.execute(delete(dead_letters).where(condition).returning(dead_letters.c.site_id))
        for site in done.scalars():
            gone[site or ""] = gone.get(site or "", 0) + 1
    for site, number in sorted(gone.items()):
        await audit(connection, site, who=who, what="discarded dead letters", number=number, now=now)
    return sum(gone.values())


async def audit(connection: AsyncConnection, site_id: str, *, who: str, what: str, number: int, now: datetime) -> None:
    """Remember who did what, to how many."""
    await connection.execute(
        insert(connection, audit_lines).values(
            site_id=site_id, id=str(uuid4()), at=now, who=who, what=what, number=number
        )
    )


def parse_id(id: str) -> tuple[str, Partition, int]:
    """Consumer, partition and offset. Raises WrongUsage when that is no id of a dead letter."""
    found = _ID.fullmatch(id.strip())
    if found is None:
        raise WrongUsage(
            f"{id!r} is no dead letter's id. They look like scorer:leadlight.identified.v1:3:42; "
            "`leadlight dead list` shows them."
        )
    consumer, topic, number, offset = found.groups()
    return consumer, Partition(topic, int(number)), int(offset)


def _named(ids: Sequence[str]) -> ColumnElement[bool]:
    table = dead_letters.c
    return or_(
        *(
            and_(
                table.consumer == consumer,
                table.topic == partition.topic,
                table.partition == partition.number,
                table.offset == offset,
            )
            for consumer, partition, offset in map(parse_id, ids)
        )
    )


def _of(chosen: Chosen) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if chosen.site_id is not None:
        conditions.append(dead_letters.c.site_id == chosen.site_id)
    if chosen.consumer is not None:
        conditions.append(dead_letters.c.consumer == chosen.consumer)
    return and_(*conditions)


def _parts(ids: Sequence[str]) -> Sequence[Sequence[str]]:
    unique = list(dict.fromkeys(ids))
    return [unique[start : start + IDS_AT_ONCE] for start in range(0, len(unique), IDS_AT_ONCE)]


def _letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    given = row._mapping
    return DeadLetter(
        consumer=given["consumer"],
        record=Record(Partition(given["topic"], given["partition"]), given["offset"], given["key"], given["value"]),
        site_id=given["site_id"],
        reason=given["reason"],
        at=given["at"],
        deaths=given["deaths"],
        replayed_at=given["replayed_at"],
        replayed_by=given["replayed_by"],
    )
