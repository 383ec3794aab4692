"""The life cycle of cloud services: what a generation is for, and what was asked of the cloud.

Columns are added in place, with defaults: to make the table anew, as SQLite's other changes need, would lose its index
on an expression, and the rows of other tables that go with its rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add(sa.Column("action", sa.String(length=16), nullable=False, server_default="create"))
    _add(sa.Column("package_generation", sa.Integer(), nullable=False, server_default="1"))
    _add(sa.Column("previous_certificate_thumbprints", sa.Text(), nullable=False, server_default=""))
    _add(sa.Column("wanted_at", sa.DateTime(), nullable=False, server_default="1970-01-01 00:00:00.000000"))
    _add(sa.Column("deadline_at", sa.DateTime(), nullable=True))
    op.execute(
        "UPDATE cloud_service SET wanted_at = changed_at,"
        " action = CASE desired WHEN 'deleted' THEN 'delete' ELSE 'create' END"
    )
    op.create_table(
        "cloud_operation",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["cloud_service.id"],
            name=op.f("fk_cloud_operation_service_id_cloud_service"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", "subject", name=op.f("pk_cloud_operation")),
    )


def _add(column: sa.Column[object]) -> None:
    op.add_column("cloud_service", column)
