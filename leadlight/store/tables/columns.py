"""What tables are made of: times, keys, and the one list of all of them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Dialect, MetaData, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData()

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` on PostgreSQL, milliseconds since 1970 on SQLite, which has no time type."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromtimestamp(value / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, without a detour through floats."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


Json = JSON().with_variant(JSONB(), "postgresql")


def key_column(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)
