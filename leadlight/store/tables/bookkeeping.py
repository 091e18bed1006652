"""Positions, changes, dead letters and drops: what keeps effects single and losses visible."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, Table, Text

from leadlight.store.tables.columns import Instant, key_column, metadata

changes = Table(  # what a feed reader has to be told, numbered by each writer on its own
    "changes",
    metadata,
    key_column("writer"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("site_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # visitor, alert, contact
    Column("entity_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("changes_by_time", "at"),
)

positions = Table(
    "positions",
    metadata,
    key_column("consumer"),
    key_column("topic"),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),  # one more with every transaction, also those that read no record
)

dead_letters = Table(
    "dead_letters",
    metadata,
    key_column("consumer"),
    key_column("topic"),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("site_id", Text),  # null: the record is too broken to tell
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("digest", Text),  # of key and value: the same record is known again when it dies again
    Column("deaths", Integer, nullable=False, server_default="1"),  # of these bytes in this consumer, up to this one
    Column("replayed_at", Instant),
    Column("replayed_by", Text),
    Index("dead_letters_by_digest", "consumer", "digest"),
    Index("dead_letters_by_site", "site_id", "at"),
)

drops = Table(  # refused events, for the site's owner to see
    "drops",
    metadata,
    key_column("site_id"),
    Column("day", Date, primary_key=True),
    key_column("reason"),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
)

imports = Table(  # how far a file of past traffic has been read, so that an import goes on where it stopped
    "imports",
    metadata,
    key_column("site_id"),
    key_column("source"),  # the file's path
    key_column("format"),
    Column("position", BigInteger, nullable=False),  # bytes, unpacked
    Column("digest", Text, nullable=False),  # of those bytes: another file under the same name begins anew
    Column("lines", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("bad_lines", BigInteger, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

daily_keys = Table(  # what seals visitors' addresses, each day's for 48 h: no row, no way back to the address
    "daily_keys",
    metadata,
    Column("day", Date, primary_key=True),
    Column("key_sealed", LargeBinary, nullable=False),
    # A few rows a day never reach PostgreSQL's thresholds, and what was deleted would lie in the table for ever.
    postgresql_with={"autovacuum_vacuum_threshold": 0, "autovacuum_vacuum_scale_factor": 0},
)
