"""Where admitted events are kept before a post is answered: in the log, or in the spool while the log is away."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from leadlight.bus.port import Partition, Record
from leadlight.bus.topics import EVENTS
from leadlight.errors import LeadlightError, LogUnavailable, RecordTooLarge, StoreUnavailable
from leadlight.logs import get_logger
from leadlight.runtime import Runtime
from leadlight.store import dead_letters
from services.collector.spool import metrics
from services.collector.spool.left import drain_left_spools
from services.collector.spool.spool import Spool
from services.collector.spool.standing import Standing, State, spool_folder

log = get_logger(__name__)

Records = Sequence[tuple[bytes, bytes]]

ANSWER_SECONDS = 4.8
"""For the log, which takes up to 4.2 s to fail, and the spool together: a post is answered within 5 s."""

PROBE_SECONDS = 1.0
"""Between two looks whether the log is back."""

LOOK_SECONDS = 10.0
"""Between two looks for records that reached a spool which is not in use."""

BATCH_RECORDS = 1_000
"""More would hold up the event loop for longer than a post should take."""

FIRST_RECORDS = 20
"""Of the first batch after a failure: what the log may have taken and not confirmed is repeated."""

HOLD_SECONDS = 0.2
"""How long new posts wait for the last of the spool to reach the log. Rather than longer, they are spooled."""

CONSUMER = "collector"
NOWHERE = -1
"""The partition of dead letters that never had a place in the log."""


class Post:
    """One post's records on their way to the log, and their place in the spool once the log is found away."""

    __slots__ = ("logged", "records", "since", "spooled")

    def __init__(self, records: Records, logged: asyncio.Future[None]) -> None:
        self.records = records
        self.logged = logged
        self.since = time.monotonic()
        self.spooled: asyncio.Future[None] | None = None


class Journal:
    """The event log, as the collector writes it, with a spool for outages.

    A publish that fails by time-out may still have arrived, and its records are spooled all the same: readers know
    them by their event ids, so a repeat is harmless and a gap would not be.

    The events of one visitor keep their order. The first failed publish turns everything to the spool, what is
    already under way first, as it came. As long as the spool holds anything, new events go behind it. When all but
    a few are drained, new posts are held for a moment, the rest goes to the log, and they follow it directly.
    """

    def __init__(self, runtime: Runtime, spool: Spool | None = None) -> None:
        self._runtime = runtime
        self._bus = runtime.bus
        self._spool = spool
        self._spooling = False
        self._turned = asyncio.Event()
        self._holding = False
        self._line: deque[asyncio.Future[None]] = deque()
        self._under_way: dict[Post, None] = {}  # oldest first
        self._batch_records = FIRST_RECORDS
        if spool is not None and spool.records:
            self._begin_spooling(spool)

    async def store(self, records: Records) -> None:
        """Keep the records; they are durable when this returns.

        Raises:
            LogUnavailable: nothing is promised. A LogFull says why the spool takes no more.
        """
        if self._holding or self._line:
            await self._wait_in_line()
        if self._spooling:
            assert self._spool is not None
            await self._spool.append(records)
            return
        post = self._begin(records)
        post.logged.add_done_callback(partial(self._notice, post))
        try:
            await asyncio.wait([post.logged])
        except asyncio.CancelledError:
            del self._under_way[post]
            post.logged.add_done_callback(_heard)
            raise
        if (instead := self.settle(post)) is not None:
            await instead

    def hand_over(self, records: Records) -> Post | None:
        """Give the records to the log, for who serves too many to hold a task for each: once `logged` is done, what
        became of them is told by `settle`. None: only `store` can take them now."""
        if self._holding or self._line:
            return None
        if self._spooling:
            assert self._spool is not None
            post = Post(records, _into(self._spool, records))
            post.spooled = post.logged
            return post
        return self._begin(records)

    def _begin(self, records: Records) -> Post:
        post = Post(records, self._bus.append(EVENTS.name, records))
        self._under_way[post] = None
        return post

    def settle(self, post: Post) -> Coroutine[Any, Any, None] | None:
        """None: the records are durable. Else they will be, if what is returned ends well.

        Raises:
            LogUnavailable: nothing is promised.
        """
        try:
            post.logged.result()
        except (LogUnavailable, RecordTooLarge) as error:
            if self._spool is None or post.spooled is post.logged:
                raise
            if post.spooled is None:
                self._turn_to_spool(self._spool, error)
            return self._spooled(post)
        finally:
            self._under_way.pop(post, None)
        return None

    def _notice(self, post: Post, logged: asyncio.Future[None]) -> None:
        """Turn to the spool before anything else is handed to the log."""
        error = None if logged.cancelled() else logged.exception()
        if self._spool is not None and post.spooled is None and isinstance(error, LogUnavailable | RecordTooLarge):
            self._turn_to_spool(self._spool, error)

    async def run(self) -> None:
        """Drain the spool whenever there is something in it, and what other instances left, until the process stops."""
        if self._spool is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_drained(self._spool))
            tasks.create_task(drain_left_spools(self._runtime, self._publish))

    async def _keep_drained(self, spool: Spool) -> None:
        stopping = asyncio.create_task(self._runtime.stopping.wait())
        try:
            while not stopping.done():
                turned = asyncio.create_task(self._turned.wait())
                await asyncio.wait({turned, stopping}, return_when=asyncio.FIRST_COMPLETED, timeout=LOOK_SECONDS)
                turned.cancel()
                if spool.records and not spool.stalled:  # also what a stalled disk has written after all
                    self._begin_spooling(spool)
                if self._spooling and not await self._drain(spool):
                    await self._runtime.pause(PROBE_SECONDS)
        finally:
            stopping.cancel()

    async def close(self) -> None:
        if self._spool is not None:
            await self._spool.close()

    def standing(self) -> Standing | None:
        """How the spool stands; None without one."""
        return self._spool.standing() if self._spool is not None else None

    def covered(self) -> dict[str, str]:
        """The log may be away as long as the spool takes posts; what the operator should know meanwhile."""
        if self._spool is None:
            return {}
        now = self._spool.standing()
        if now.refuses or (self._spooling and self._spool.problem()):
            return {}
        return {"log": told(now) if self._spooling else ""}

    def problems(self) -> dict[str, str]:
        """Why posts are refused, if they are."""
        if self._spool is None or not self._spooling:
            return {}
        now = self._spool.standing()
        if now.refuses:
            return {"spool": told(now)}
        problem = self._spool.problem()
        return {"spool": problem} if problem else {}

    async def _wait_in_line(self) -> None:
        """Until the log or the spool takes posts again, and all who came before have been let in."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._line.append(turn)
        if not self._holding:
            loop.call_soon(_let_in, turn)  # they have been called, but are not in yet
        try:
            await turn
        finally:
            self._line.remove(turn)

    def _turn_to_spool(self, spool: Spool, why: BaseException) -> None:
        """From now on everything goes to the spool; first what is under way, in the order in which it came."""
        if not self._spooling:
            log.warning("the log is away: events go to the spool", why=str(why), under_way=len(self._under_way))
            self._begin_spooling(spool)
        for post in self._under_way:
            if post.spooled is None:
                post.spooled = _into(spool, post.records)
                post.spooled.add_done_callback(_heard)
        self._bus.give_up(EVENTS.name)

    def _begin_spooling(self, spool: Spool) -> None:
        if not self._spooling:
            self._spooling, spool.draining = True, False
            self._turned.set()

    async def _spooled(self, post: Post) -> None:
        assert post.spooled is not None
        try:
            async with asyncio.timeout(post.since + ANSWER_SECONDS - time.monotonic()):
                await post.spooled
        except TimeoutError:
            raise LogUnavailable("Neither the log nor the spool confirmed in time.") from None

    async def _drain(self, spool: Spool) -> bool:
        """Move one batch from the spool to the log; whether that went well."""
        try:
            if await self._bus.problem() is not None:
                spool.draining = False
                return False
            records = await spool.read(self._batch_records)
            if records:
                await self._publish(records)
                spool.draining = True
                spool.advance()
                self._batch_records = min(BATCH_RECORDS, self._batch_records * 10)
            if spool.stalled and not spool.records:
                spool.give_up()  # nothing is promised of what the disk still holds up
                self._end_spooling(spool)
            elif spool.records <= BATCH_RECORDS:
                await self._switch_back(spool)
        except (LogUnavailable, StoreUnavailable) as error:
            log.info("the spool is not drained yet", why=str(error))
            spool.draining, self._batch_records = False, FIRST_RECORDS
            return False
        except Exception:  # whatever it is, posts must go on being taken
            log.exception("the spool could not be drained, trying again")
            return False
        return True

    async def _publish(self, records: Records) -> None:
        try:
            await self._bus.publish(EVENTS.name, records)
        except RecordTooLarge:
            for record in records:
                try:
                    await self._bus.publish(EVENTS.name, [record])
                except RecordTooLarge as error:
                    await self._bury(*record, reason=str(error))

    async def _bury(self, key: bytes, value: bytes, *, reason: str) -> None:
        """Keep what the log will never take. Named by its content: offsets begin anew with a new folder."""
        name = int.from_bytes(blake2b(key + value, digest_size=8).digest()) >> 1
        record = Record(Partition(EVENTS.name, NOWHERE), name, key, value)
        async with self._runtime.database.begin() as connection:
            await dead_letters.add(connection, CONSUMER, record, reason=reason, now=self._runtime.now())
        metrics.DEAD.inc()
        log.error("a spooled event is dead: the log does not take it", why=reason)

    def _end_spooling(self, spool: Spool) -> None:
        self._spooling = False
        self._turned.clear()
        self._batch_records = FIRST_RECORDS
        spool.emptied()
        log.info("the spool is drained: events go to the log again")

    async def _switch_back(self, spool: Spool) -> None:
        """Hold new posts while the rest moves to the log; then all go there directly, those held first."""
        self._holding = True
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                while not spool.idle:
                    records = await spool.read(BATCH_RECORDS)
                    if records:
                        await self._publish(records)
                        spool.advance()
                    else:
                        await asyncio.sleep(0.001)
        except TimeoutError:
            pass
        else:
            self._end_spooling(spool)
        finally:
            self._holding = False
            for turn in self._line:
                _let_in(turn)


def open_journal(runtime: Runtime) -> Journal:
    """The journal of one process. Only Kafka has a spool: the embedded log would be on the same disk.

    Raises:
        DataFolderLocked: another collector of this instance's name uses the spool.
        ConfigurationError: the spool's folder cannot be used.
    """
    settings = runtime.settings
    if settings.embedded or not settings.spool_bytes:
        return Journal(runtime)
    folder = spool_folder(settings.data, settings.instance)
    spool = Spool.open(folder, limit_bytes=settings.spool_bytes, now=lambda: runtime.now().timestamp())
    spool.show_figures()
    journal = Journal(runtime, spool)
    runtime.at_exit.push_async_callback(journal.close)
    if spool.records:
        log.warning("the spool holds events of an earlier run: they go to the log first", records=spool.records)
    return journal


def told(now: Standing) -> str:
    """A spool's standing in a sentence for the operator."""
    since = f", the oldest from {now.oldest_at:%Y-%m-%d %H:%M:%S} UTC" if now.oldest_at else ""
    held = f"{now.records:,} events, {now.bytes / 1e6:,.1f} of {now.limit_bytes / 1e6:,.0f} MB{since}"
    match now.state:
        case State.FULL:
            return f"the spool is full and posts are refused: {held}"
        case State.TOO_OLD:
            return f"the spool's oldest event is 3 days old and posts are refused: {held}"
        case State.DRAINING:
            return f"the log is back and the spool is being drained: {held}"
        case _:
            return f"events go to the spool: {held}"


def _into(spool: Spool, records: Records) -> asyncio.Future[None]:
    try:
        return spool.append(records)
    except LeadlightError as refusal:
        refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        refused.set_exception(refusal)
        return refused


def _let_in(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


def _heard(spooled: asyncio.Future[None]) -> None:
    """A refusal by the spool matters only to a post that the log refused as well."""
    if not spooled.cancelled():
        spooled.exception()
