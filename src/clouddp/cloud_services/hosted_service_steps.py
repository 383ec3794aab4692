"""What workflows do with the hosted service of a cloud distribution point, and with its certificates."""

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import ServiceRecords, ServiceSecrets
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.steps import done_or_soon, soon
from clouddp.model.cloud_service import CloudService
from clouddp.workflows.base import Done, Outcome, Turn


class HostedServiceSteps:
    """Steps about the subscription, the hosted service and its certificates."""

    def __init__(
        self, *, clouds: Clouds, records: ServiceRecords, secrets: ServiceSecrets, reporting: Reporting
    ) -> None:
        self._clouds = clouds
        self._records = records
        self._secrets = secrets
        self._reporting = reporting

    def validate_certificate(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (a step's signature)
        """Prove that the cloud knows our management certificate."""
        self._reporting.log.information(
            "cloud.work_begun",
            work=self._reporting.in_words(f"cloud.action_{service.action}"),
            service=service.service_name,
            name=service.service_fqdn,
            region=service.region,
            subscription_id=service.subscription_id,
        )
        self._clouds.connect(service).cloud.check_access()
        return Done()

    def ensure_service(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the hosted service."""
        is_there = self._clouds.services_of(service).ensure_service(
            service.service_name,
            region=service.region,
            label=service.service_fqdn,
            marks=self._clouds.marks_of(service),
        )
        return done_or_soon(turn, is_done=is_there)

    def ensure_certificate(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the service certificate, beside others that front ends may still present."""
        certificate = self._secrets.service_certificate(service.id)
        is_there = self._clouds.services_of(service).ensure_certificate(service.service_name, certificate)
        return done_or_soon(turn, is_done=is_there)

    def remove_other_certificates(self, service: CloudService, turn: Turn) -> Outcome:
        """Remove every certificate that no front end presents any more."""
        is_done = self._clouds.services_of(service).remove_other_certificates(
            service.service_name, kept_thumbprint=service.service_certificate_thumbprint
        )
        if not is_done:
            return soon(turn)
        self._records.forget_previous_certificates(service.id, generation=service.generation)
        return Done()

    def remove_service(self, service: CloudService, turn: Turn) -> Outcome:
        """Remove the hosted service, and first a deployment that came into being late."""
        if not self._clouds.deployments_of(service).remove_deployment(service.service_name):
            return soon(turn)
        is_gone = self._clouds.services_of(service).remove_service(service.service_name)
        return done_or_soon(turn, is_done=is_gone)
