"""Replay: dead letters go back to the topic they came from, byte for byte, and are worked on like anything new.

Marked after they are published: a crash in between repeats them, and a repeat is known by its event id and dropped. The
other order could lose them.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from leadlight.bus.port import Bus
from leadlight.store import dead_letters
from leadlight.store.database import Database
from leadlight.store.dead_letters import Chosen, DeadLetter

AT_ONCE = 100
"""Published and marked together: with records of a megabyte still no burden."""

_busy: WeakKeyDictionary[Database, asyncio.Lock] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a wish to replay."""

    replayed: Sequence[str] = ()
    already: Sequence[str] = ()  # had been replayed before: a second time would change nothing
    unknown: Sequence[str] = field(default=())  # discarded meanwhile, or never there


async def replay(bus: Bus, database: Database, chosen: Chosen, *, who: str, now: Callable[[], datetime]) -> Replayed:
    """Publish the chosen dead letters again, each once.

    Raises:
        LogUnavailable: the log took no more; what it had taken is marked.
        WrongUsage: something given is no dead letter's id.
    """
    async with _busy.setdefault(database, asyncio.Lock()):  # two clicks are one
        if chosen.ids is None:
            return Replayed(await _all(bus, database, chosen, who=who, now=now))
        done: list[str] = []
        already: list[str] = []
        unknown: list[str] = []
        for start in range(0, len(ids := list(dict.fromkeys(chosen.ids))), AT_ONCE):
            letters: list[DeadLetter] = []
            async with database.read() as connection:
                for id in ids[start : start + AT_ONCE]:
                    letter = await dead_letters.get(connection, id, site_id=chosen.site_id)
                    if letter is None:
                        unknown.append(id)
                    elif letter.replayed_at is not None:
                        already.append(letter.id)
                    else:
                        letters.append(letter)
            done += await _publish(bus, database, letters, who=who, now=now())
        return Replayed(done, already, unknown)


async def _all(bus: Bus, database: Database, chosen: Chosen, *, who: str, now: Callable[[], datetime]) -> Sequence[str]:
    """All that wait now, oldest first: what dies again meanwhile stands behind them and waits for the next time."""
    done: list[str] = []
    async with database.read() as connection:
        waiting = await dead_letters.waiting(connection, chosen)
    while len(done) < waiting:
        async with database.read() as connection:
            limit = min(AT_ONCE, waiting - len(done))
            letters = await dead_letters.some(connection, chosen, limit=limit, oldest_first=True)
        if not letters:
            break
        done += await _publish(bus, database, letters, who=who, now=now())
    return done


async def _publish(
    bus: Bus, database: Database, letters: Sequence[DeadLetter], *, who: str, now: datetime
) -> Sequence[str]:
    by_topic: dict[str, list[DeadLetter]] = {}
    for letter in sorted(letters, key=lambda one: (one.record.partition, one.record.offset)):
        by_topic.setdefault(letter.record.partition.topic, []).append(letter)
    done: list[str] = []
    for topic, same in by_topic.items():
        await bus.publish(topic, [(letter.record.key, letter.record.value) for letter in same])
        ids = [letter.id for letter in same]
        async with database.begin() as connection:
            await dead_letters.mark_replayed(connection, ids, who=who, now=now)
        done += ids
    return done
