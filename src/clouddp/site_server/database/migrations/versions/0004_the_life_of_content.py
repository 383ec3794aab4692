"""The life of content: priorities, redistribution, validation, withdrawal, groups, the bandwidth plan.

Columns are added in place, with defaults, since making a table anew takes along the rows that refer to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("package", sa.Column("priority", sa.String(length=8), nullable=False, server_default="medium"))
    op.add_column("package", sa.Column("removed_at", sa.DateTime(), nullable=True))
    op.add_column("distribution", sa.Column("task", sa.String(length=16), nullable=False, server_default="send"))
    op.add_column("distribution", sa.Column("wish", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("distribution", sa.Column("is_visible", sa.Boolean(), nullable=False, server_default="0"))
    op.execute("UPDATE distribution SET is_visible = (state = 'success')")
    _create_withdrawals()
    _create_validations()
    _create_groups()
    op.create_table(
        "bandwidth_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bandwidth_plan")),
    )


def _create_withdrawals() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("distribution_point_id", sa.String(length=32), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        _version_key("withdrawal"),
        sa.PrimaryKeyConstraint("version_id", "distribution_point_id", name=op.f("pk_withdrawal")),
    )
    op.create_index(op.f("ix_withdrawal_ends_at"), "withdrawal", ["ends_at"], unique=False)
    op.create_table(
        "deleting_object",
        sa.Column("distribution_point_id", sa.String(length=32), nullable=False),
        sa.Column("object_name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("distribution_point_id", "object_name", name=op.f("pk_deleting_object")),
    )


def _create_validations() -> None:
    op.create_table(
        "validation",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("distribution_point_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("is_repairing", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("wanted_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("object_count", sa.Integer(), nullable=False),
        sa.Column("missing_count", sa.Integer(), nullable=False),
        sa.Column("damaged_count", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        _version_key("validation"),
        sa.PrimaryKeyConstraint("version_id", "distribution_point_id", name=op.f("pk_validation")),
    )


def _create_groups() -> None:
    op.create_table(
        "distribution_point_group",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("name_without_case", sa.String(length=768), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_point_group")),
        sa.UniqueConstraint("name_without_case", name=op.f("uq_distribution_point_group_name_without_case")),
    )
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("distribution_point_id", sa.String(length=32), nullable=False),
        _group_key("group_member"),
        sa.PrimaryKeyConstraint("group_id", "distribution_point_id", name=op.f("pk_group_member")),
    )
    op.create_index(op.f("ix_group_member_distribution_point_id"), "group_member", ["distribution_point_id"])
    op.create_table(
        "group_package",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("package_id", sa.String(length=8), nullable=False),
        _group_key("group_package"),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_group_package_package_id_package")),
        sa.PrimaryKeyConstraint("group_id", "package_id", name=op.f("pk_group_package")),
    )
    op.create_index(op.f("ix_group_package_package_id"), "group_package", ["package_id"])


def _version_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_version_id_package_version")
    return sa.ForeignKeyConstraint(["version_id"], ["package_version.id"], name=name)


def _group_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_group_id_distribution_point_group")
    return sa.ForeignKeyConstraint(["group_id"], ["distribution_point_group.id"], name=name, ondelete="CASCADE")
