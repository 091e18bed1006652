"""What owners look into: checks of their installation, and who did what with dead letters."""

from sqlalchemy import Column, Integer, Table, Text

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

install_checks = Table(
    "install_checks",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("address", Text, nullable=False),  # of the page or sitemap, as the owner gave it
    Column("begun_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),  # old although it has not ended: its process is gone
    Column("ended_at", Instant),
    Column("report", Json, nullable=False),  # grows while the check goes on
)

sightings = Table(  # page views that an owner opened to see whether they arrive
    "sightings",
    metadata,
    key_column("site_id"),
    key_column("token"),
    Column("at", Instant, nullable=False),
    Column("refused", Text),  # why the page view was not admitted; null: it was
)

audit_lines = Table(  # what people did that cannot be undone
    "audit_lines",
    metadata,
    key_column("site_id"),  # empty: of no site that could be told
    key_column("id"),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("number", Integer, nullable=False),
)
