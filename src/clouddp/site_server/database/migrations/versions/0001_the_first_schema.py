"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_token")),
    )
    op.create_table(
        "chunk",
        sa.Column("object_name", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("raw_length", sa.Integer(), nullable=False),
        sa.Column("stored_length", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("object_name", name=op.f("pk_chunk")),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key_thumbprint", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.Column("blocked_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("key_thumbprint", name=op.f("uq_client_key_thumbprint")),
    )
    op.create_table(
        "client_setting",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_client_setting")),
    )
    op.create_table(
        "cloud_service",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("management_url", sa.String(length=512), nullable=False),
        sa.Column("subscription_id", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=128), nullable=False),
        sa.Column("service_fqdn", sa.String(length=253), nullable=False),
        sa.Column("service_name", sa.String(length=24), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("storage_quota_bytes", sa.BigInteger(), nullable=False),
        sa.Column("transfer_quota_bytes", sa.BigInteger(), nullable=False),
        sa.Column("warning_percent", sa.Integer(), nullable=False),
        sa.Column("critical_percent", sa.Integer(), nullable=False),
        sa.Column("desired", sa.String(length=16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("settled_generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("activity", sa.String(length=64), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("service_certificate_thumbprint", sa.String(length=40), nullable=False),
        sa.Column("management_certificate_thumbprint", sa.String(length=40), nullable=False),
        sa.Column("virtual_ip", sa.String(length=45), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cloud_service")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_cloud_service_idempotency_key")),
        sa.UniqueConstraint("service_name", name=op.f("uq_cloud_service_service_name")),
    )
    op.create_table(
        "cloud_service_secret",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("management_pfx", sa.LargeBinary(), nullable=False),
        sa.Column("management_password", sa.LargeBinary(), nullable=False),
        sa.Column("service_pfx", sa.LargeBinary(), nullable=False),
        sa.Column("service_password", sa.LargeBinary(), nullable=False),
        sa.Column("usage_key", sa.LargeBinary(), nullable=False),
        sa.Column("authorities_pem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_cloud_service_secret")),
    )
    op.create_table(
        "dns_zone",
        sa.Column("zone", sa.String(length=253), nullable=False),
        sa.Column("server", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("key_name", sa.String(length=253), nullable=False),
        sa.Column("algorithm", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("zone", name=op.f("pk_dns_zone")),
    )
    op.create_table(
        "package",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("source_folder", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
    )
    op.create_table(
        "registration_token",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_token")),
    )
    op.create_table(
        "site_secret",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wrapping", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_secret")),
    )
    op.create_table(
        "status_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("component", sa.String(length=64), nullable=False),
        sa.Column("reported_at", sa.DateTime(), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=True),
        sa.Column("insertions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_message")),
    )
    with op.batch_alter_table("status_message", schema=None) as batch_op:
        batch_op.create_index("ix_status_message_number", ["number"], unique=False)
        batch_op.create_index("ix_status_message_object_id", ["object_id"], unique=False)

    op.create_table(
        "cloud_service_state",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["cloud_service.id"],
            name=op.f("fk_cloud_service_state_service_id_cloud_service"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_cloud_service_state")),
    )
    op.create_table(
        "cloud_service_step",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["cloud_service.id"],
            name=op.f("fk_cloud_service_step_service_id_cloud_service"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", "generation", "step", name=op.f("pk_cloud_service_step")),
    )
    op.create_table(
        "package_version",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("package_id", sa.String(length=8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_count", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_package_version_package_id_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_version")),
        sa.UniqueConstraint("package_id", "number", name=op.f("uq_package_version_package_id_number")),
    )
    op.create_table(
        "chunk_reference",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("object_name", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["package_version.id"], name=op.f("fk_chunk_reference_version_id_package_version")
        ),
        sa.PrimaryKeyConstraint("version_id", "object_name", name=op.f("pk_chunk_reference")),
    )
    with op.batch_alter_table("chunk_reference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_chunk_reference_object_name"), ["object_name"], unique=False)

    op.create_table(
        "distribution",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("distribution_point_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("done_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("retries_left", sa.Integer(), nullable=False),
        sa.Column("quick_tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("wanted_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["package_version.id"], name=op.f("fk_distribution_version_id_package_version")
        ),
        sa.PrimaryKeyConstraint("version_id", "distribution_point_id", name=op.f("pk_distribution")),
    )
    with op.batch_alter_table("distribution", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_distribution_distribution_point_id"), ["distribution_point_id"], unique=False
        )
        batch_op.create_index("ix_distribution_state", ["state"], unique=False)

    op.create_table(
        "version_manifest",
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("object_name", sa.String(length=64), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["package_version.id"], name=op.f("fk_version_manifest_version_id_package_version")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_version_manifest")),
    )
    op.create_index(
        "uq_cloud_service_fqdn_without_case", "cloud_service", [sa.text("lower(service_fqdn)")], unique=True
    )
