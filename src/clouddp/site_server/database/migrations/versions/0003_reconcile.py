"""Reconcile: which pieces a repair removes first, and which orphans are to be removed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place, with a default: making the table anew would lose its index on an expression.
    op.add_column("cloud_service", sa.Column("removed_first", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "cloud_removal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("management_url", sa.String(length=512), nullable=False),
        sa.Column("subscription_id", sa.String(length=64), nullable=False),
        sa.Column("piece", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wanted_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cloud_removal")),
        sa.UniqueConstraint("piece", "name", name=op.f("uq_cloud_removal_piece_name")),
    )
