"""What services outside said of a connection: remembered, so that nobody is asked twice for one thing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.identity.companies.methods import Answer
from leadlight.store import bulk
from leadlight.store.tables import remote_answers

Key = tuple[str, str]
"""Site and host."""

GRACE = timedelta(days=7)
"""How long an answer still counts after its time, while it is asked anew: a company must not vanish in between."""

_COLUMNS = ("site_id", "host", "source", "answer", "asked_at", "expires_at")


class Remembered(msgspec.Struct, frozen=True):
    """One source's last word on a connection; no `answer`: it knew nothing."""

    site: str
    host: str
    source: str
    answer: Answer | None
    asked_at: datetime
    expires_at: datetime


async def remembered(connection: AsyncConnection, keys: Iterable[Key]) -> dict[Key, dict[str, Remembered]]:
    """Everything kept of these connections, by source, also what is out of date."""
    found: dict[Key, dict[str, Remembered]] = {}
    wanted = sorted(set(keys))
    for row in await bulk.select(connection, remote_answers, _COLUMNS, ("site_id", "host"), wanted):
        site, host, source, answer, asked_at, expires_at = row
        found.setdefault((site, host), {})[source] = Remembered(
            site, host, source, _answer(answer), asked_at, expires_at
        )
    return found


async def load(connection: AsyncConnection, keys: Iterable[Key], *, now: datetime) -> dict[Key, list[Answer]]:
    """The companies that sources outside name for these connections, the most believed first."""
    return {
        key: believed
        for key, sources in (await remembered(connection, keys)).items()
        if (believed := _named(sources, now))
    }


async def save(connection: AsyncConnection, rows: Sequence[Remembered]) -> None:
    """Keep answers instead of the earlier ones of the same sources."""
    by_key = {(row.site, row.host, row.source): row for row in rows}
    await bulk.upsert(
        connection,
        remote_answers,
        _COLUMNS,
        [
            (*key, None if row.answer is None else msgspec.to_builtins(row.answer), row.asked_at, row.expires_at)
            for key, row in sorted(by_key.items())
        ],
    )


async def forget(connection: AsyncConnection, *, now: datetime) -> None:
    """Drop what counts no more."""
    await connection.execute(delete(remote_answers).where(remote_answers.c.expires_at < now - GRACE))


def _named(sources: Mapping[str, Remembered], now: datetime) -> list[Answer]:
    found = [one.answer for one in sources.values() if one.answer is not None and now < one.expires_at + GRACE]
    return sorted(found, key=lambda answer: (-answer.method.precedence, -answer.confidence, answer.domain))


def _answer(stored: object) -> Answer | None:
    if isinstance(stored, str | bytes):  # as drivers give JSON
        stored = msgspec.json.decode(stored)
    return None if stored is None else msgspec.convert(stored, Answer)
