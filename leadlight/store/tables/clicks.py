"""Which links made for somebody were followed, when, and over what."""

from sqlalchemy import Boolean, Column, Index, Table, Text, false

from leadlight.store.tables.columns import Instant, key_column, metadata

clicks = Table(  # one row a click: at the door, and at the page that it led to
    "clicks",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("event_id"),  # of a landing: the page view's
    Column("contact_id", Text, nullable=False),  # whom the link was made for
    Column("email", Text, nullable=False),
    Column("link", Text, nullable=False),  # hash of its token
    Column("campaign", Text),
    Column("at", Instant, nullable=False),
    Column("landed", Boolean, nullable=False),
    Column("network_class", Text, nullable=False),
    Column("host", Text),  # keyed hash of the connection's address
    Column("seen", Text),  # comma-separated: what this click shows by itself
    Column("suspect", Text),  # comma-separated: what speaks against it, other clicks included; null: nothing
    Column("company_domain", Text),
    Column("confirmed", Boolean, nullable=False, server_default=false()),  # by a human on the page: a claim was made
    Index("clicks_by_contact", "site_id", "contact_id", "at"),
)
