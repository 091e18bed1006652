"""What follows from the facts: written by the scorer, one writer a partition."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text, false, text

from leadlight.store.tables.columns import Instant, Json, key_column, metadata

visitors = Table(
    "visitors",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("anonymous_id", Text, nullable=False),
    Column("partition", Integer, nullable=False),  # of the identified topic: its owner alone writes this row
    Column("demo", Boolean, nullable=False, default=False),
    Column("bot_reasons", Text),  # comma-separated; null: a person
    Column("bot_evidence", Text),  # comma-separated: kind:detail@subject; short of a bot it may still be some
    Column("watched_views", Integer, nullable=False, default=0, server_default=text("0")),
    Column("touched", Boolean, nullable=False, default=False, server_default=false()),
    Column("hidden_reason", Text),  # which of the site's exclusions keeps this visitor apart; null: none
    Column("first_seen_at", Instant),  # null until the first activity
    Column("last_seen_at", Instant),
    Column("visits", Integer, nullable=False, default=0),
    Column("page_views", Integer, nullable=False, default=0),
    Column("activities", Integer, nullable=False, default=0),
    Column("engaged_ms", BigInteger, nullable=False, default=0),
    Column("elapsed_ms", BigInteger, nullable=False, default=0),
    Column("agent_at", Instant),  # of the latest event that brought an agent
    Column("agent_event_id", Text),
    Column("device", Text),
    Column("browser", Text),
    Column("system", Text),
    Column("contact_id", Text),
    Column("contact_claimed_at", Instant),
    Column("contact_event_id", Text),
    Column("company_id", Text),
    Column("company_claimed_at", Instant),
    Column("company_event_id", Text),
    Column("company_method", Text),
    Column("company_confidence", Float),
    Column("place_at", Instant),  # of the latest event that told a place
    Column("place_event_id", Text),
    Column("country", Text),
    Column("region", Text),
    Column("city", Text),
    Column("accuracy_km", Integer),
    Column("stage", Text, nullable=False, default="lead"),
    Column("updated_at", Instant, nullable=False),
    Index("visitors_by_update", "site_id", "updated_at", "id"),
    Index("visitors_by_presence", "site_id", "last_seen_at"),
    Index("visitors_by_contact", "site_id", "contact_id"),
    Index("visitors_by_company", "site_id", "company_id"),
    Index("visitors_by_anonymous_id", "site_id", "anonymous_id"),
)

visits = Table(  # one row a run: activity without a gap of 30 minutes; a run over 24 h counts for several visits
    "visits",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    Column("started_at", Instant, primary_key=True),
    Column("ended_at", Instant, nullable=False),
)

ledger = Table(  # a visitor's dated points: one line for each rule and UTC hour
    "ledger",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("rule"),
    Column("hour", Integer, primary_key=True),  # hours since 1970
    Column("at", Instant, nullable=False),  # of the line's first evidence
    Column("points", Float, nullable=False),
    Column("count", Integer, nullable=False),  # pieces of evidence in this hour
    Column("engaged_ms", BigInteger, nullable=False, default=0),  # longest reading among the evidence
    Column(
        "evidence", Text, nullable=False
    ),  # JSON: [milliseconds since 1970, event id] of the earliest events behind it
    Column("subject", Text),  # what it was about: a path, a form, a document
)

signals = Table(
    "signals",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    key_column("kind"),
    Column("count", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    Column("points", Float, nullable=False),  # total at `as_of`; it decays from there
    Column("as_of", Instant, nullable=False),
    Column("heat", Float),  # log2(points) + as_of / half-life: sorts by current score; null: no positive points
    Column("intent", Text, nullable=False),  # cold, warm, hot
    Column("fit", Integer),
    Column("grade", Text, nullable=False),
    Column("hot_since", Instant),
    Column("next_change_at", Instant),  # when decay moves the band; null: never
    Column("partition", Integer, nullable=False),
    Index("scores_by_heat", "site_id", "heat"),
    Index("scores_by_next_change", "partition", "next_change_at"),
)

alerts = Table(
    "alerts",
    metadata,
    key_column("site_id"),
    key_column("id"),
    Column("rule", Text, nullable=False),  # hot
    Column("type", Text, nullable=False),  # visitor.hot
    Column("visitor_id", Text, nullable=False),
    Column("crossed_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("visit_started_at", Instant, nullable=False),
    Column("visit_ended_at", Instant, nullable=False),
    Column("score", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("state", Text, nullable=False),  # new, told, digest; failed: it could not be told at all
    Column("seen_at", Instant),
    Index("alerts_by_state", "state", "created_at"),
    Index("alerts_by_visitor", "site_id", "visitor_id", "rule", "crossed_at"),
    Index("alerts_by_time", "site_id", "created_at"),
)

Index("visitors_demo", visitors.c.site_id, visitors.c.id, postgresql_where=text("demo"), sqlite_where=text("demo"))

recounts = Table(  # visitors that are to be derived anew from their facts: the owner of their partition does it
    "recounts",
    metadata,
    key_column("site_id"),
    key_column("visitor_id"),
    Column("requested_at", Instant, nullable=False),
    Column("tell", Boolean, nullable=False, server_default=false()),  # also if their own row comes out the same
)
