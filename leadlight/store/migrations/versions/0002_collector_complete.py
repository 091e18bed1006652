"""Site settings, and what the complete collector keeps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from leadlight.store.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_settings",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "version"),
    )
    op.create_table(
        "recounts",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "visitor_id"),
    )
    op.add_column("visitors", sa.Column("hidden_reason", sa.Text(), nullable=True))
    for table in ("page_views", "events"):
        op.add_column(table, sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in ("page_views", "events"):
        op.add_column(table, sa.Column("imported", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "imports",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("bad_lines", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "source", "format"),
    )
    op.add_column("dead_letters", sa.Column("digest", sa.Text(), nullable=True))
    op.add_column("dead_letters", sa.Column("deaths", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("dead_letters", sa.Column("replayed_at", Instant(), nullable=True))
    op.add_column("dead_letters", sa.Column("replayed_by", sa.Text(), nullable=True))
    op.create_index("dead_letters_by_digest", "dead_letters", ["consumer", "digest"])
    op.create_index("dead_letters_by_site", "dead_letters", ["site_id", "at"])
    op.create_table(
        "install_checks",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("report", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id"),
    )
    op.create_table(
        "sightings",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "token"),
    )
    op.create_table(
        "audit_lines",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id"),
    )

    op.create_table(
        "daily_keys",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
        postgresql_with={"autovacuum_vacuum_threshold": 0, "autovacuum_vacuum_scale_factor": 0},
    )


def downgrade() -> None:
    op.drop_table("daily_keys")
    for table in ("audit_lines", "sightings", "install_checks"):
        op.drop_table(table)
    for index in ("dead_letters_by_site", "dead_letters_by_digest"):
        op.drop_index(index, table_name="dead_letters")
    for column in ("replayed_by", "replayed_at", "deaths", "digest"):
        op.drop_column("dead_letters", column)
    for table in ("page_views", "events"):
        op.drop_column(table, "hidden")
    op.drop_column("visitors", "hidden_reason")
    op.drop_table("recounts")
    op.drop_table("site_settings")
    op.drop_table("imports")
    for table in ("page_views", "events"):
        op.drop_column(table, "imported")
