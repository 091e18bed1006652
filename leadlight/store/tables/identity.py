"""Who is who: written by the identifier, and again by the scorer with what names it."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Table, Text, false

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

contacts = Table(
    "contacts",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("email", Text, nullable=False),
    Column("company_id", Text),
    Column("role", Boolean, nullable=False, server_default=false()),  # an office's address, not one person's
    Column("created_at", Instant, nullable=False),
    Index("contacts_by_email", "site_id", "email", unique=True),
)

contact_traits = Table(  # name, phone, job_title ...: the latest claim of each field wins
    "contact_traits",
    metadata,
    key_column("site_id"),
    key_column("contact_id"),
    key_column("field"),
    Column("value", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("event_id", Text, nullable=False),
)

companies = Table(
    "companies",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("domain", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_claimed_at", Instant),  # of the latest event that stated a fitting name; null: derived from the domain
    Column("name_event_id", Text),
    Column("created_at", Instant, nullable=False),
)

visitor_contacts = Table(  # one row for each claim; the intervals follow from the claims in order of time
    "visitor_contacts",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("event_id"),
    Column("contact_id", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("method", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("evidence", Json),
    Column("withdrawn_at", Instant),
    Index("visitor_contacts_by_contact", "site_id", "contact_id"),
)

visitor_companies = Table(
    "visitor_companies",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("event_id"),
    Column("company_id", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("method", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("withdrawn_at", Instant),
    Index("visitor_companies_by_company", "site_id", "company_id"),
    Index("visitor_companies_by_method", "site_id", "method", "event_id"),
)

visitor_networks = Table(  # which connections a visitor used: what is learnt of one later is told of all who used it
    "visitor_networks",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("host"),  # keyed hash of the address
    Column("block", Text, nullable=False),  # /24 or /48
    Column("class", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("asn", BigInteger),  # of 32 bits, more than an integer of PostgreSQL holds
    Column("name", Text),
    Column("stated", Json),  # the company whose own network it is, as lists and data say
    Column("first_at", Instant, nullable=False),  # hours: finer would be written again with every event
    Column("last_at", Instant, nullable=False),
    Index("visitor_networks_by_host", "site_id", "host"),
    Index("visitor_networks_by_block", "site_id", "block"),
)
