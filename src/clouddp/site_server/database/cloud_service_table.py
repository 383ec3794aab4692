"""The table of cloud distribution points, and how a row of it becomes one of them."""

import json
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, Row, String, Table, Text, func

from clouddp.model.cloud_service import CloudService, DesiredState, Problem, ServiceAction, ServiceState
from clouddp.model.settings import Quotas
from clouddp.site_server.database.tables import Moment, metadata

cloud_service: Final = Table(
    "cloud_service",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("provider", String(32), nullable=False),
    Column("management_url", String(512), nullable=False),
    Column("subscription_id", String(64), nullable=False),
    Column("region", String(128), nullable=False),
    Column("service_fqdn", String(253), nullable=False),
    Column("service_name", String(24), nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("storage_quota_bytes", BigInteger, nullable=False),
    Column("transfer_quota_bytes", BigInteger, nullable=False),
    Column("warning_percent", Integer, nullable=False),
    Column("critical_percent", Integer, nullable=False),
    Column("desired", String(16), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("settled_generation", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("activity", String(64), nullable=False),
    Column("problem", Text),
    Column("service_certificate_thumbprint", String(40), nullable=False),
    Column("management_certificate_thumbprint", String(40), nullable=False),
    Column("virtual_ip", String(45)),
    Column("port", Integer),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("idempotency_key", String(255), unique=True),
    Column("request_digest", String(64)),
    Column("action", String(16), nullable=False),
    Column("package_generation", Integer, nullable=False),
    Column("previous_certificate_thumbprints", Text, nullable=False),  # separated by spaces
    Column("wanted_at", Moment, nullable=False),
    Column("deadline_at", Moment),
    Column("removed_first", String(64), nullable=False),  # separated by spaces
)
Index("uq_cloud_service_fqdn_without_case", func.lower(cloud_service.c.service_fqdn), unique=True)


def service_of(row: Row[Any]) -> CloudService:
    """Read a row."""
    return CloudService(
        id=row.id,
        provider=row.provider,
        management_url=row.management_url,
        subscription_id=row.subscription_id,
        region=row.region,
        service_fqdn=row.service_fqdn,
        service_name=row.service_name,
        description=row.description,
        instance_count=row.instance_count,
        quotas=Quotas(
            storage_bytes=row.storage_quota_bytes,
            transfer_bytes=row.transfer_quota_bytes,
            warning_percent=row.warning_percent,
            critical_percent=row.critical_percent,
        ),
        desired=DesiredState(row.desired),
        generation=row.generation,
        settled_generation=row.settled_generation,
        action=ServiceAction(row.action),
        package_generation=row.package_generation,
        state=ServiceState(row.state),
        activity=row.activity,
        problem=None if row.problem is None else Problem(**json.loads(row.problem)),
        service_certificate_thumbprint=row.service_certificate_thumbprint,
        previous_certificate_thumbprints=tuple(row.previous_certificate_thumbprints.split()),
        management_certificate_thumbprint=row.management_certificate_thumbprint,
        virtual_ip=row.virtual_ip,
        port=row.port,
        created_at=row.created_at,
        changed_at=row.changed_at,
        wanted_at=row.wanted_at,
        deadline_at=row.deadline_at,
        removed_first=tuple(row.removed_first.split()),
    )


def columns_of_quotas(quotas: Quotas) -> dict[str, int]:
    """Write quotas as columns."""
    return {
        "storage_quota_bytes": quotas.storage_bytes,
        "transfer_quota_bytes": quotas.transfer_bytes,
        "warning_percent": quotas.warning_percent,
        "critical_percent": quotas.critical_percent,
    }
