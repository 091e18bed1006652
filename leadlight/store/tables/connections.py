"""Whose connections are: what owners laid down, what people said, whom the site has seen there."""

from sqlalchemy import Boolean, Column, Date, Index, Table, Text

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

company_overrides = Table(  # whose address range it is, laid down by the owner; the longest prefix wins
    "company_overrides",
    metadata,
    key_column("site_id"),
    key_column("range"),  # 203.0.113.0/24
    Column("hosts", Json, nullable=False),  # keyed hashes of the hosts in it, where it is narrower than a block
    Column("domain", Text, nullable=False),
    Column("name", Text),
    Column("added_by", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
)

company_corrections = Table(  # "wrong company", "this is ...": facts stated by people, in force until withdrawn
    "company_corrections",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("visitor_id", Text, nullable=False),  # at whom it was said
    Column("scope", Text, nullable=False),  # range, connection, visitor
    Column("subject", Text, nullable=False),  # a block, a host or the visitor
    Column("domain", Text, nullable=False),
    Column("wrong", Boolean, nullable=False),  # it is not this company
    Column("name", Text),
    Column("said_by", Text, nullable=False),
    Column("said_at", Instant, nullable=False),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", Instant),
    Index("company_corrections_by_subject", "site_id", "subject"),
    Index("company_corrections_by_visitor", "site_id", "visitor_id"),
    Index("company_corrections_by_time", "site_id", "said_at", "id"),
)

company_sightings = Table(  # people who introduced themselves, by connection and day; only ever inserted
    "company_sightings",
    metadata,
    key_column("site_id"),
    key_column("host"),
    key_column("contact_id"),
    key_column("visitor_id"),
    Column("day", Date, primary_key=True),
    Column("block", Text, nullable=False),
    Column("domain", Text, nullable=False),  # of their company; empty: an address that anybody can have
    Index("company_sightings_by_block", "site_id", "block"),
    Index("company_sightings_by_visitor", "site_id", "visitor_id"),
    Index("company_sightings_by_contact", "site_id", "contact_id"),
)

connection_versions = Table(  # locked while claims are made of connections, and while what is known of them changes
    "connection_versions",
    metadata,
    key_column("site_id"),
    Column("reviewed_on", Date, nullable=False),  # the day whose passing is accounted for: sightings fade
)
