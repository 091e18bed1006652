"""What identification keeps: networks, companies found by them, links taken back, machines restored."""

import sqlalchemy as sa
from alembic import op

from leadlight.store.tables import Instant

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
        sa.Column("asn", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "visitor_id", "host"),
    )
    op.create_index("visitor_networks_by_host", "visitor_networks", ["site_id", "host"])
    op.create_index("visitor_networks_by_block", "visitor_networks", ["site_id", "block"])


def downgrade() -> None:
    op.drop_table("visitor_networks")
