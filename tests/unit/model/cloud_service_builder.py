"""A cloud distribution point that is being created, for tests that take one and change what they are about."""

from datetime import UTC, datetime

from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.settings import Quotas

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SERVICE = CloudService(
    id="5e" * 16,
    provider="azure-classic",
    management_url="https://127.0.0.1",
    subscription_id="s",
    region="West Europe",
    service_fqdn="clouddp1.contoso.com",
    service_name="d1594d4527614a09b934d470",
    description="",
    instance_count=2,
    quotas=Quotas(),
    desired=DesiredState.RUNNING,
    generation=1,
    settled_generation=0,
    state=ServiceState.PROVISIONING,
    activity="",
    problem=None,
    service_certificate_thumbprint="AA",
    management_certificate_thumbprint="BB",
    virtual_ip=None,
    port=None,
    created_at=NOON,
    changed_at=NOON,
)
