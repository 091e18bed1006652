"""Every table, with `site_id` in every key so that a distributed database can shard on it.

Rows that are updated all the time are narrow and without JSON; what only grows stands in tables of its own.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData()

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time: `timestamptz` on PostgreSQL, milliseconds since 1970 on SQLite, which has no time type."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromtimestamp(value / 1000, UTC)


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, without a detour through floats."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


Json = JSON().with_variant(JSONB(), "postgresql")


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


# Owners: written by people, through the console and the command line

sites = Table(
    "sites",
    metadata,
    _key("id"),
    Column("name", Text, nullable=False),
    Column("domain", Text, nullable=False, unique=True),
    Column("write_key", Text, nullable=False, unique=True),
    Column("demo", Boolean, nullable=False, default=False),
    Column("settings_version", Integer, nullable=False, default=1),
    Column("created_at", Instant, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),  # comma-separated: read,write,ingest
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
)

users = Table(
    "users",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("email", Text, nullable=False),
    Column("name", Text),
    Column("role", Text, nullable=False),  # admin, rep
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant),
    Index("users_by_email", "site_id", "email", unique=True),
)

sign_ins = Table(  # one-time links; only the hash of a link's token is kept
    "sign_ins",
    metadata,
    _key("token_hash"),
    Column("site_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    _key("token_hash"),
    Column("site_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("url", Text, nullable=False),
    Column("types", Text),  # comma-separated event types; null: all
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_reason", Text),
)

# Facts: what happened; rows only grow

seen_events = Table(  # the deduplication window: 14 days by arrival
    "seen_events",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("event_id"),
    Column("arrived_on", Date, nullable=False, index=True),
)

page_views = Table(
    "page_views",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("id"),
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
    Index("page_views_by_time", "site_id", "visitor_id", "occurred_at"),
)

events = Table(  # everything but page views and engaged time
    "events",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("id"),
    Column("type", Text, nullable=False),
    Column("name", Text),
    Column("path", Text),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("properties", Json, nullable=False),
    Index("events_by_time", "site_id", "visitor_id", "occurred_at"),
)

# Identity: written by the identifier

contacts = Table(
    "contacts",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("email", Text, nullable=False),
    Column("company_id", Text),
    Column("created_at", Instant, nullable=False),
    Index("contacts_by_email", "site_id", "email", unique=True),
)

contact_traits = Table(  # name, phone, job_title ...: the latest claim of each field wins
    "contact_traits",
    metadata,
    _key("site_id"),
    _key("contact_id"),
    _key("field"),
    Column("value", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("event_id", Text, nullable=False),
)

companies = Table(
    "companies",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("domain", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_claimed_at", Instant),  # of the latest event that stated a fitting name; null: derived from the domain
    Column("name_event_id", Text),
    Column("created_at", Instant, nullable=False),
)

visitor_contacts = Table(  # one row for each claim; the intervals follow from the claims in order of time
    "visitor_contacts",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("event_id"),
    Column("contact_id", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("method", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("withdrawn_at", Instant),
    Index("visitor_contacts_by_contact", "site_id", "contact_id"),
)

visitor_companies = Table(
    "visitor_companies",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("event_id"),
    Column("company_id", Text, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("method", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("withdrawn_at", Instant),
    Index("visitor_companies_by_company", "site_id", "company_id"),
)

# State: written by the scorer, one writer a partition

visitors = Table(
    "visitors",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("anonymous_id", Text, nullable=False),
    Column("partition", Integer, nullable=False),  # of the identified topic: its owner alone writes this row
    Column("demo", Boolean, nullable=False, default=False),
    Column("bot_reasons", Text),  # comma-separated; null: a person
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
    Column("country", Text),
    Column("region", Text),
    Column("city", Text),
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
    _key("site_id"),
    _key("visitor_id"),
    Column("started_at", Instant, primary_key=True),
    Column("ended_at", Instant, nullable=False),
)

ledger = Table(  # a visitor's dated points: one line for each rule and UTC hour
    "ledger",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("rule"),
    Column("hour", Integer, primary_key=True),  # hours since 1970
    Column("at", Instant, nullable=False),  # of the line's first evidence
    Column("points", Float, nullable=False),
    Column("count", Integer, nullable=False),  # pieces of evidence in this hour
    Column("engaged_ms", BigInteger, nullable=False, default=0),  # longest reading among the evidence
    Column("evidence", Text, nullable=False),  # JSON: [milliseconds since 1970, event id] of the earliest events behind it
    Column("subject", Text),  # what it was about: a path, a form, a document
)

signals = Table(
    "signals",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
    _key("kind"),
    Column("count", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    _key("site_id"),
    _key("visitor_id"),
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
    _key("site_id"),
    _key("id"),
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

# Delivery: written by the alerter

deliveries = Table(
    "deliveries",
    metadata,
    _key("site_id"),
    _key("id"),
    Column("alert_id", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),  # fixed when first composed, so every attempt says the same
    Column("state", Text, nullable=False),  # pending, delivered, failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Instant),
    Column("leased_until", Instant),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    Index("deliveries_due", "state", "next_attempt_at"),
    Index("deliveries_by_alert", "site_id", "alert_id"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    _key("site_id"),
    _key("delivery_id"),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("duration_ms", Integer, nullable=False),
)

# Bookkeeping

changes = Table(  # what a feed reader has to be told, numbered by each writer on its own
    "changes",
    metadata,
    _key("writer"),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("site_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # visitor, alert
    Column("entity_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("changes_by_time", "at"),
)

positions = Table(
    "positions",
    metadata,
    _key("consumer"),
    _key("topic"),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),  # one more with every transaction, also those that read no record
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _key("consumer"),
    _key("topic"),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("site_id", Text),  # null: the record is too broken to tell
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

drops = Table(  # refused events, for the site's owner to see
    "drops",
    metadata,
    _key("site_id"),
    Column("day", Date, primary_key=True),
    _key("reason"),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
)

Index("visitors_demo", visitors.c.site_id, visitors.c.id, postgresql_where=text("demo"), sqlite_where=text("demo"))
