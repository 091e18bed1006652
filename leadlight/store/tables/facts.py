"""What happened: rows only grow."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, false

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

seen_events = Table(  # the deduplication window: 14 days by arrival
    "seen_events",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("event_id"),
    Column("arrived_on", Date, nullable=False, index=True),
)

page_views = Table(
    "page_views",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("id"),
    Column("occurred_at", Instant),  # null: engaged time came before the view itself
    Column("url", Text),
    Column("path", Text),
    Column("title", Text),
    Column("referrer", Text),
    Column("category", Text),  # pricing, comparison ...; null: none of the site's categories
    Column("source", Text),  # where this view came from, if it began an arrival: campaign source or referring host
    Column("medium", Text),
    Column("campaign", Text),
    Column("engaged_ms", BigInteger, nullable=False, default=0),
    Column("active_until", Instant),
    Column("scroll_percent", Integer, nullable=False, default=0),
    Column("imported", Boolean, nullable=False, server_default=false()),
    Column("hidden", Boolean, nullable=False, server_default=false()),  # on a path that the site's owner excludes
    Column("touched", Boolean, nullable=False, server_default=false()),  # by a pointer, key or scroll of a human
    Index("page_views_by_time", "site_id", "visitor_id", "occurred_at"),
)

events = Table(  # everything but page views and engaged time
    "events",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("id"),
    Column("type", Text, nullable=False),
    Column("name", Text),
    Column("path", Text),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("properties", Json, nullable=False),
    Column("imported", Boolean, nullable=False, server_default=false()),
    Column("hidden", Boolean, nullable=False, server_default=false()),  # on a path that the site's owner excludes
    Index("events_by_time", "site_id", "visitor_id", "occurred_at"),
)
