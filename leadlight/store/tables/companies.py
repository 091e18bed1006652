"""What is known of companies: the owner's list, services outside, and what these cost."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

company_facts = Table(  # one row a company and source: the owner's list, or a provider
    "company_facts",
    metadata,
    key_column("site_id"),
    key_column("domain"),
    key_column("source"),  # own_list, provider:NAME
    Column("as_of", Instant, nullable=False),
    Column("name", Text),
    Column("industry", Text),
    Column("size", Text),
    Column("country", Text),
    Column("url", Text),
    Column("account", Text),
    Column("owner", Text),
    Column("note", Text),
    Index("company_facts_by_source", "site_id", "source"),
)

own_ranges = Table(  # which networks the owner's list gives to which company
    "own_ranges",
    metadata,
    key_column("site_id"),
    key_column("key"),  # what is matched: a block or wider network, AS64500, or the keyed hash of an address
    key_column("range"),  # as the owner wrote it
    Column("domain", Text, nullable=False),
    Column("forced", Text),  # an ASN of an internet provider that the owner insisted on: its class
    Index("own_ranges_by_domain", "site_id", "domain"),
)

own_lists = Table(  # sites that have a list, and which version of it: readers remember what they read of one
    "own_lists",
    metadata,
    key_column("site_id"),
    Column("version", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

remote_answers = Table(  # what services outside said of a connection; null: nothing
    "remote_answers",
    metadata,
    key_column("site_id"),
    key_column("host"),  # keyed hash of the address
    key_column("source"),  # reverse_dns, provider:NAME
    Column("answer", Json),
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("remote_answers_by_expiry", "expires_at"),
)

provider_months = Table(  # what a provider was asked and has cost in a UTC month
    "provider_months",
    metadata,
    key_column("provider"),
    key_column("month"),  # 2026-11
    Column("calls", BigInteger, nullable=False),
    Column("matches", BigInteger, nullable=False),
    Column("spent_micros", BigInteger, nullable=False),  # millionths of the currency
)

provider_states = Table(  # how a source outside stands, as the process that asked last saw it
    "provider_states",
    metadata,
    key_column("provider"),
    Column("state", Text, nullable=False),  # closed, open, half_open
    Column("error", Text, nullable=False),
    Column("not_before", Instant),
    Column("changed_at", Instant, nullable=False),
)
