"""Mail merge: whom a keyed hash of an e-mail address stands for."""

from sqlalchemy import Column, LargeBinary, Table, Text

from leadlight.store.tables.columns import Instant, key_column, metadata

mail_merge_keys = Table(
    "mail_merge_keys",
    metadata,
    key_column("site_id"),
    Column("key_sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
)

mail_merge_people = Table(  # known contacts, and those whom the owner has uploaded; nobody else is ever named by a hash
    "mail_merge_people",
    metadata,
    key_column("site_id"),
    key_column("hash"),
    Column("email", Text, nullable=False),
)
