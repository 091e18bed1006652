"""Many rows in one statement, on both databases.

On PostgreSQL a statement takes one array a column (`unnest`), on SQLite one tuple a row: a row costs some microseconds
of Python instead of the tens that building an INSERT for each takes.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Float, Integer, LargeBinary, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.store.tables import Instant, milliseconds

Row = tuple[Any, ...]


async def upsert(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    keep: Sequence[str] = (),
) -> None:
    """Insert rows or, where the key is there, set the columns given but those of `keep`. No key may come twice."""
    await _write(connection, table, tuple(columns), rows, tuple(name for name in columns if name not in keep))


async def append(connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows, except those whose key is there."""
    await _write(connection, table, tuple(columns), rows, ())


async def append_new(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> set[Row]:
    """Insert rows, except those whose key is there; the keys of the inserted ones. A key may come several times."""
    if not rows:
        return set()
    named = tuple(columns)
    sql = _insert_returning(table, named, connection.dialect.name)
    done = await connection.exec_driver_sql(sql, _parameters(connection, table, named, rows, as_json=True))
    return {tuple(row) for row in done}


async def delete(connection: AsyncConnection, table: Table, columns: Sequence[str], keys: Sequence[Row]) -> None:
    """Delete the rows whose `columns` are one of `keys`."""
    if not keys:
        return
    named = tuple(columns)
    sql = _delete(table, named, connection.dialect.name)
    await connection.exec_driver_sql(sql, _parameters(connection, table, named, keys))


async def select(
    connection: AsyncConnection, table: Table, columns: Sequence[str], by: Sequence[str], keys: Iterable[Row]
) -> list[Row]:
    """The `columns` of all rows whose `by` columns are one of `keys`, as Python values."""
    wanted = list(keys)
    if not wanted:
        return []
    named, found_by = tuple(columns), tuple(by)
    sql = _select(table, named, found_by, connection.dialect.name)
    done = await connection.exec_driver_sql(sql, _parameters(connection, table, found_by, wanted, as_json=True))
    rows: list[Row] = [tuple(row) for row in done]
    readers = [(at, read) for at, name in enumerate(named) if (read := _reader(connection, table.c[name]))]
    if not readers or not rows:
        return rows
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for at, read in readers:
        by_column[at] = [None if value is None else read(value) for value in by_column[at]]
    return list(zip(*by_column, strict=True))


async def _write(
    connection: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Sequence[Row], replaced: tuple[str, ...]
) -> None:
    if not rows:
        return
    sql = _insert(table, columns, connection.dialect.name, replaced)
    await connection.exec_driver_sql(sql, _parameters(connection, table, columns, rows))


def _parameters(
    connection: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Sequence[Row], *, as_json: bool = False
) -> Any:
    """Rows as the driver takes them: arrays for PostgreSQL; tuples, or one JSON text, for SQLite."""
    by_column: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for at, name in enumerate(columns):
        write = _writer(connection, table.c[name])
        if write is not None:
            by_column[at] = [None if value is None else write(value) for value in by_column[at]]
    if connection.dialect.name != "sqlite":
        return tuple(list(values) for values in by_column)
    if as_json:
        return (msgspec.json.encode(list(zip(*by_column, strict=True))).decode(),)
    return list(zip(*by_column, strict=True))


def _writer(connection: AsyncConnection, column: Column[Any]) -> Callable[[Any], Any] | None:
    if isinstance(column.type, JSON):
        return _json_text
    if connection.dialect.name != "sqlite":
        return None
    if isinstance(column.type, Instant):
        return milliseconds
    return date.isoformat if isinstance(column.type, Date) else None


def _reader(connection: AsyncConnection, column: Column[Any]) -> Callable[[Any], Any] | None:
    if connection.dialect.name != "sqlite":
        return None
    if isinstance(column.type, Instant):
        return _instant
    if isinstance(column.type, Boolean):
        return bool
    return date.fromisoformat if isinstance(column.type, Date) else None


def _instant(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


@lru_cache(maxsize=200)
def _insert(table: Table, columns: tuple[str, ...], dialect: str, replaced: tuple[str, ...]) -> str:
    keys = [column.name for column in table.primary_key]
    others = [name for name in replaced if name not in keys]
    if dialect == "sqlite":
        values = f"VALUES ({', '.join('?' * len(columns))})"
    else:
        values = f"SELECT {_picked(table, columns)} FROM {_unnest(table, columns)}"
    settled = "NOTHING"
    if others:
        settled = "UPDATE SET " + ", ".join(f"{_q(name)} = excluded.{_q(name)}" for name in others)
    return f"INSERT INTO {_q(table.name)} ({_list(columns)}) {values} ON CONFLICT ({_list(keys)}) DO {settled}"


@lru_cache(maxsize=50)
def _insert_returning(table: Table, columns: tuple[str, ...], dialect: str) -> str:
    keys = _list([column.name for column in table.primary_key])
    if dialect == "sqlite":
        values = f"SELECT {_extracted(len(columns))} FROM json_each(?) WHERE true"
    else:
        values = f"SELECT {_picked(table, columns)} FROM {_unnest(table, columns)}"
    return f"INSERT INTO {_q(table.name)} ({_list(columns)}) {values} ON CONFLICT ({keys}) DO NOTHING RETURNING {keys}"


@lru_cache(maxsize=50)
def _delete(table: Table, columns: tuple[str, ...], dialect: str) -> str:
    name = _q(table.name)
    if dialect == "sqlite":
        return f"DELETE FROM {name} WHERE " + " AND ".join(f"{_q(column)} = ?" for column in columns)
    same = " AND ".join(f"{name}.{_q(column)} = given.{_q(column)}" for column in columns)
    return f"DELETE FROM {name} USING {_unnest(table, columns)} WHERE {same}"


@lru_cache(maxsize=50)
def _select(table: Table, columns: tuple[str, ...], by: tuple[str, ...], dialect: str) -> str:
    name = _q(table.name)
    if dialect == "sqlite":
        given = f"(SELECT {_extracted(len(by), by)} FROM json_each(?)) AS given"
    else:
        given = _unnest(table, by)
    same = " AND ".join(f"{name}.{_q(column)} = given.{_q(column)}" for column in by)
    wanted = ", ".join(f"{name}.{_q(column)}" for column in columns)
    return f"SELECT {wanted} FROM {given} CROSS JOIN {name} WHERE {same}"


def _unnest(table: Table, columns: Sequence[str]) -> str:
    arrays = ", ".join(f"${at}::{_array(table.c[name])}" for at, name in enumerate(columns, 1))
    return f"unnest({arrays}) AS given ({_list(columns)})"


def _picked(table: Table, columns: Sequence[str]) -> str:
    return ", ".join(
        f"given.{_q(name)}::jsonb" if isinstance(table.c[name].type, JSON) else f"given.{_q(name)}" for name in columns
    )


def _extracted(count: int, names: Sequence[str] = ()) -> str:
    pieces = [f"json_extract(value, '$[{at}]')" for at in range(count)]
    return (
        ", ".join(f"{piece} AS {_q(name)}" for piece, name in zip(pieces, names, strict=True))
        if names
        else ", ".join(pieces)
    )


def _array(column: Column[Any]) -> str:
    match column.type:
        case Instant():
            return "timestamptz[]"
        case BigInteger():
            return "bigint[]"
        case Integer():
            return "integer[]"
        case Float():
            return "double precision[]"
        case Boolean():
            return "boolean[]"
        case Date():
            return "date[]"
        case LargeBinary():
            return "bytea[]"
    return "text[]"


def _list(names: Iterable[str]) -> str:
    return ", ".join(_q(name) for name in names)


def _q(name: str) -> str:
    return f'"{name}"'
