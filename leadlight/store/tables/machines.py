"""What owners have said of machines and people, and what it teaches."""

from sqlalchemy import Column, Index, Table, Text

from leadlight.store.tables.columns import Instant, key_column, metadata

machine_decisions = Table(  # of one visitor: a person, or a machine, whatever was found
    "machine_decisions",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    Column("decision", Text, nullable=False),  # person, machine
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
)

machine_lessons = Table(  # an agent's shape, a block or an address that is, or is no, evidence on this site
    "machine_lessons",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("about", Text, nullable=False),  # agent, network
    Column("subject", Text, nullable=False),  # shape of an agent, block of addresses, keyed hash of an address
    Column("says", Text, nullable=False),  # person: no evidence; machine: evidence
    Column("label", Text, nullable=False),  # for people to read
    Column("visitor_id", Text, nullable=False),  # of whom it was learnt
    Column("learnt_from", Text, nullable=False),  # who taught it
    Column("learnt_at", Instant, nullable=False),
    Index("machine_lessons_by_visitor", "site_id", "visitor_id"),
)
