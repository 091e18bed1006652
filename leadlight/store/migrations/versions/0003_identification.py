"""What identification keeps: networks, companies found by them, links taken back, machines restored."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from leadlight.store.tables import Instant
from leadlight.store.tables.columns import Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visitor_networks",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("asn", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("stated", Json, nullable=True),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "visitor_id", "host"),
    )
    op.create_index("visitor_networks_by_host", "visitor_networks", ["site_id", "host"])
    op.create_index("visitor_networks_by_block", "visitor_networks", ["site_id", "block"])
    op.create_index("visitor_companies_by_method", "visitor_companies", ["site_id", "method", "event_id"])
    op.create_table(
        "company_overrides",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("range", sa.Text(), nullable=False),
        sa.Column("hosts", Json, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "range"),
    )
    op.create_table(
        "company_corrections",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "id"),
    )
    op.create_index("company_corrections_by_subject", "company_corrections", ["site_id", "subject"])
    op.create_index("company_corrections_by_visitor", "company_corrections", ["site_id", "visitor_id"])
    op.create_index("company_corrections_by_time", "company_corrections", ["site_id", "said_at", "id"])
    op.create_table(
        "company_sightings",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "host", "contact_id", "visitor_id", "day"),
    )
    op.create_index("company_sightings_by_block", "company_sightings", ["site_id", "block"])
    op.create_index("company_sightings_by_visitor", "company_sightings", ["site_id", "visitor_id"])
    op.create_index("company_sightings_by_contact", "company_sightings", ["site_id", "contact_id"])
    op.create_table(
        "connection_versions",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "contact_merges",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("into_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "id"),
    )
    op.create_index("contact_merges_by_person", "contact_merges", ["site_id", "person_id"])
    op.create_index("contact_merges_by_contact", "contact_merges", ["site_id", "contact_id"])
    op.create_index(
        "contact_merges_in_force",
        "contact_merges",
        ["site_id", "contact_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
        sqlite_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "contact_withdrawals",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("claims_until", Instant(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "visitor_id", "id", "contact_id"),
    )
    op.add_column("visitors", sa.Column("place_at", Instant(), nullable=True))
    op.add_column("visitors", sa.Column("place_event_id", sa.Text(), nullable=True))
    op.add_column("visitors", sa.Column("accuracy_km", sa.Integer(), nullable=True))
    op.add_column("recounts", sa.Column("tell", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "clicks",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("landed", sa.Boolean(), nullable=False),
        sa.Column("network_class", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.Column("suspect", sa.Text(), nullable=True),
        sa.Column("company_domain", sa.Text(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "visitor_id", "event_id"),
    )
    op.create_index("clicks_by_contact", "clicks", ["site_id", "contact_id", "at"])
    op.add_column("page_views", sa.Column("touched", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("contacts", sa.Column("role", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "visitor_contacts",
        sa.Column("evidence", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
    )
    op.create_table(
        "company_facts",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("size", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "domain", "source"),
    )
    op.create_index("company_facts_by_source", "company_facts", ["site_id", "source"])
    op.create_table(
        "own_ranges",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("range", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("forced", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "key", "range"),
    )
    op.create_index("own_ranges_by_domain", "own_ranges", ["site_id", "domain"])
    op.create_table(
        "own_lists",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "remote_answers",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "host", "source"),
    )
    op.create_index("remote_answers_by_expiry", "remote_answers", ["expires_at"])
    op.create_table(
        "provider_months",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("matches", sa.BigInteger(), nullable=False),
        sa.Column("spent_micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "month"),
    )
    op.create_table(
        "provider_states",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "mail_merge_keys",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "mail_merge_people",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "hash"),
    )
    op.add_column("visitors", sa.Column("bot_evidence", sa.Text(), nullable=True))
    op.add_column("visitors", sa.Column("watched_views", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("visitors", sa.Column("touched", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE visitors SET bot_evidence = bot_reasons WHERE bot_reasons IS NOT NULL")
    op.create_table(
        "machine_decisions",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "visitor_id"),
    )
    op.create_table(
        "machine_lessons",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("learnt_from", sa.Text(), nullable=False),
        sa.Column("learnt_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id"),
    )
    op.create_index("machine_lessons_by_visitor", "machine_lessons", ["site_id", "visitor_id"])


def downgrade() -> None:
    op.drop_table("machine_lessons")
    op.drop_table("machine_decisions")
    for column in ("touched", "watched_views", "bot_evidence"):
        op.drop_column("visitors", column)
    op.drop_table("mail_merge_people")
    op.drop_table("mail_merge_keys")
    for table in ("provider_states", "provider_months", "remote_answers", "own_lists", "own_ranges", "company_facts"):
        op.drop_table(table)
    op.drop_column("visitors", "accuracy_km")
    op.drop_column("visitors", "place_event_id")
    op.drop_column("visitors", "place_at")
    op.drop_column("visitor_contacts", "evidence")
    op.drop_column("contacts", "role")
    op.drop_column("page_views", "touched")
    op.drop_table("clicks")
    op.drop_column("recounts", "tell")
    op.drop_table("contact_withdrawals")
    op.drop_table("contact_merges")
    for table in ("connection_versions", "company_sightings", "company_corrections", "company_overrides"):
        op.drop_table(table)
    op.drop_index("visitor_companies_by_method", "visitor_companies")
    op.drop_table("visitor_networks")
