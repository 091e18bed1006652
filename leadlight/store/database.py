"""One database, SQLite or PostgreSQL: transactions to write in, connections to read from."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from leadlight.errors import StoreUnavailable

SQLITE_BUSY_MS = 8_000
"""How long a writer waits for a command of another process that holds SQLite's lock."""

GROUP_SECONDS = 0.05
"""A commit group is closed after this long even while more writers wait: nobody's commit is put off for ever."""

IDLE_TRANSACTION_MS = 15_000
"""PostgreSQL undoes a transaction that waits this long for its process: a frozen one must not keep rows from the others."""

AWAY_CLASSES = frozenset({"08", "53", "57", "58"})
"""PostgreSQL: connection lost, no room or memory or connections left, shut down or cancelled, its own disk failing."""

AWAY_STATES = frozenset({"40001", "40P01", "55P03", "25006", "25P03", "25P04", "28000", "28P01", "3D000"})
"""PostgreSQL: serialisation, deadlock, lock not had; a standby that only reads; a transaction that took too long;
no entry, or no such database, while somebody restores it or changes the password."""

PostgresInsert = postgresql.Insert
Insert = postgresql.Insert | sqlite.Insert


class Database:
    """Where state lives. `begin` to write, `read` to look; both dialects behave alike.

    On SQLite one connection writes, and writers that wait for each other share a commit: `begin` returns when it
    is durable. Readers never wait.
    """

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._writer = _sqlite_engine(url, writing=True)
            self._reader = _sqlite_engine(url, writing=False)
            self._grouped = _GroupedCommits(self._writer)
        else:
            self._writer = self._reader = create_async_engine(
                url,
                pool_size=10,
                max_overflow=10,
                pool_timeout=5,
                hide_parameters=True,  # of errors' texts: they would carry people's data into logs
                connect_args={
                    "command_timeout": 30,
                    "timeout": 5,
                    "server_settings": {
                        "application_name": "leadlight",
                        "idle_in_transaction_session_timeout": str(IDLE_TRANSACTION_MS),
                    },
                },
            )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is durable when the block has been left; an exception inside undoes it.

        Raises:
            StoreUnavailable: the database is away or asks for a retry; the transaction changed nothing, or its commit
                was not confirmed.
        """
        with _outages():
            if self.is_sqlite:
                async with self._grouped.begin() as connection:
                    yield connection
            else:
                async with self._writer.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one consistent state of everything committed before its first query."""
        with _outages():
            async with self._reader.connect() as connection:
                if not self.is_sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                yield connection

    async def close(self) -> None:
        await self._reader.dispose()
        if self._writer is not self._reader:
            await self._writer.dispose()


def insert(connection: AsyncConnection, table: Table) -> Insert:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        away = isinstance(error, InterfaceError | OperationalError) and state is None
        if error.connection_invalidated or away or state in AWAY_STATES or (state or "")[:2] in AWAY_CLASSES:
            raise StoreUnavailable(str(error.orig)) from error
        raise
    except (PoolTimeout, OSError) as error:  # OSError: refused, no such host, and time-outs, which have no text
        raise StoreUnavailable(f"the database cannot be reached: {str(error) or 'no answer in time'}") from error


def _sqlite_engine(url: str, *, writing: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1 if writing else 6,
        max_overflow=0,
        pool_timeout=60,
        hide_parameters=True,
        connect_args={"timeout": SQLITE_BUSY_MS / 1000},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if not writing:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


class _Group:
    """Writers that share one commit."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.opened = time.monotonic()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.members = 0
        self.broken = False


class _GroupedCommits:
    """SQLite's single writer: takes turns, and commits once for all who queued up meanwhile.

    Each writer works in a savepoint of the open transaction, so that one's error undoes only its own work.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        self._waiting += 1
        try:
            await self._turn.acquire()
        except BaseException:
            self._waiting -= 1
            await asyncio.shield(self._close_abandoned())
            raise
        self._waiting -= 1
        group: _Group | None = None
        try:
            group = self._group or await self._open()
            savepoint = await group.connection.begin_nested()
            try:
                yield group.connection
            except BaseException:
                try:
                    await _to_the_end(savepoint.rollback())
                except DBAPIError:
                    group.broken = True  # a full disk may undo the whole transaction, savepoints and all
                raise
            await savepoint.commit()
            group.members += 1
        finally:
            try:
                if group is not None and self._is_over(group):
                    self._group = None
                    await _to_the_end(self._close(group))
            finally:
                self._turn.release()
        await asyncio.shield(group.done)

    def _is_over(self, group: _Group) -> bool:
        late = time.monotonic() - group.opened > GROUP_SECONDS
        return not self._waiting or late or group.broken or group.connection.invalidated

    async def _close_abandoned(self) -> None:
        """Commit a group that was left open for a writer who gave up waiting."""
        if self._waiting or self._group is None:
            return
        async with self._turn:
            group, self._group = self._group, None
            if group is not None:
                await self._close(group)

    async def _open(self) -> _Group:
        connection = self._engine.connect()
        await connection.start()
        try:
            await connection.begin()
        except BaseException:
            await connection.close()
            raise
        self._group = _Group(connection)
        return self._group

    async def _close(self, group: _Group) -> None:
        try:
            if group.broken or group.connection.invalidated:  # a writer was cancelled amid a statement
                raise StoreUnavailable("the transaction was undone together with another writer's")
            if group.members:
                await group.connection.commit()
        except BaseException as error:
            group.done.set_exception(error)
            group.done.exception()  # each member raises it; nobody else needs to hear of it
        else:
            group.done.set_result(None)
        finally:
            await group.connection.close()


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await what must not be left half done: a cancellation takes effect when it is over."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()
