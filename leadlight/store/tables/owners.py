"""What people state, through the console and the command line."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

sites = Table(
    "sites",
    metadata,
    key_column("id"),
    Column("name", Text, nullable=False),
    Column("domain", Text, nullable=False, unique=True),
    Column("write_key", Text, nullable=False, unique=True),
    Column("demo", Boolean, nullable=False, default=False),
    Column("settings_version", Integer, nullable=False, default=1),
    Column("created_at", Instant, nullable=False),
)

site_settings = Table(  # every version that was ever in force; the latest is. A site without a row has the defaults
    "site_settings",
    metadata,
    key_column("site_id"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Json, nullable=False),
    Column("changed_by", Text, nullable=False),  # an e-mail address, or where the change came from
    Column("changed_at", Instant, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),  # comma-separated: read,write,ingest
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)

users = Table(
    "users",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("email", Text, nullable=False),
    Column("name", Text),
    Column("role", Text, nullable=False),  # admin, rep
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant),
    Index("users_by_email", "site_id", "email", unique=True),
)

sign_ins = Table(  # one-time links; only the hash of a link's token is kept
    "sign_ins",
    metadata,
    key_column("token_hash"),
    Column("site_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    key_column("token_hash"),
    Column("site_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("url", Text, nullable=False),
    Column("types", Text),  # comma-separated event types; null: all
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_reason", Text),
)
