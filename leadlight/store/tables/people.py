"""What owners have stated of people: who is one person, and whose a browser was not."""

from sqlalchemy import Column, Index, Table, Text, text

from leadlight.store.tables.columns import Instant, key_column, metadata

contact_merges = Table(  # claims stay as they were said: these rows say who is meant
    "contact_merges",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("contact_id", Text, nullable=False),
    Column("into_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),  # the contact that stands for the person; follows from all merges
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("undone_by", Text),
    Column("undone_at", Instant),  # null: in force
    Index("contact_merges_by_person", "site_id", "person_id"),
    Index("contact_merges_by_contact", "site_id", "contact_id"),
)

Index(
    "contact_merges_in_force",
    contact_merges.c.site_id,
    contact_merges.c.contact_id,
    unique=True,
    postgresql_where=text("undone_at IS NULL"),
    sqlite_where=text("undone_at IS NULL"),
)

contact_withdrawals = Table(  # a browser was not this contact's: what it claimed up to then does not hold
    "contact_withdrawals",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("id"),  # one for all contacts of the person taken back
    key_column("contact_id"),
    Column("claims_until", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("undone_by", Text),
    Column("undone_at", Instant),  # null: in force
)
