"""What was told to whom: written by the alerter."""

from sqlalchemy import Column, Index, Integer, Table, Text

from leadlight.store.tables.columns import Instant, key_column, metadata

deliveries = Table(
    "deliveries",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("alert_id", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),  # fixed when first composed, so every attempt says the same
    Column("state", Text, nullable=False),  # pending, delivered, failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Instant),
    Column("leased_until", Instant),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    Index("deliveries_due", "state", "next_attempt_at"),
    Index("deliveries_by_alert", "site_id", "alert_id"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    key_column("site_id"),
    key_column("delivery_id"),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("duration_ms", Integer, nullable=False),
)
