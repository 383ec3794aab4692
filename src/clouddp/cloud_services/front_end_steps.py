"""What workflows do with the front ends of a cloud distribution point: their deployment and its role instances."""

from typing import Final

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import ServiceRecords, ServiceSecrets
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.service_package import build_configuration, package_label, package_name
from clouddp.cloud_services.state import StateWriter
from clouddp.cloud_services.steps import done_or_soon, soon
from clouddp.cloud_services.stores import CONTAINER
from clouddp.model.cloud_service import CloudService, DesiredState
from clouddp.providers.base import Deployment, DeploymentPlan
from clouddp.workflows.base import Done, Outcome, Turn

_DELIVERY: Final = "bytes"
_STORAGE_CHECKED_AFTER_SECONDS: Final = 5.0


class FrontEndSteps:
    """Steps about the deployment."""

    def __init__(
        self,
        *,
        clouds: Clouds,
        records: ServiceRecords,
        secrets: ServiceSecrets,
        state: StateWriter,
        reporting: Reporting,
    ) -> None:
        self._clouds = clouds
        self._records = records
        self._secrets = secrets
        self._state = state
        self._reporting = reporting
        self._seen: dict[str, tuple[str, ...]] = {}

    def ensure_deployment(self, service: CloudService, turn: Turn) -> Outcome:
        """Have a deployment."""
        host = self._clouds.deployments_of(service)
        is_accepted = host.ensure_deployment(service.service_name, self.plan(service))
        return done_or_soon(turn, is_done=is_accepted)

    def ensure_package(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the deployment made from the wanted service package, with the wanted configuration."""
        host = self._clouds.deployments_of(service)
        return done_or_soon(turn, is_done=host.ensure_package(service.service_name, self.plan(service)))

    def ensure_configuration(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the deployment follow the wanted configuration: certificate, instance count."""
        host = self._clouds.deployments_of(service)
        is_same = host.ensure_configuration(service.service_name, self.plan(service).configuration)
        return done_or_soon(turn, is_done=is_same)

    def resume(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the deployment run."""
        host = self._clouds.deployments_of(service)
        return done_or_soon(turn, is_done=host.ensure_running(service.service_name))

    def suspend(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the deployment stand still, which cuts every connection."""
        host = self._clouds.deployments_of(service)
        return done_or_soon(turn, is_done=host.ensure_suspended(service.service_name))

    def resume_or_suspend(self, service: CloudService, turn: Turn) -> Outcome:
        """Have the deployment run or stand still, as is wanted."""
        return self.suspend(service, turn) if _is_stopped(service) else self.resume(service, turn)

    def await_instances(self, service: CloudService, turn: Turn) -> Outcome:
        """Wait until every front end is ready, and note their address; those to stand still are not awaited."""
        host = self._clouds.deployments_of(service)
        deployment = host.find_deployment(service.service_name)
        if deployment is None:
            host.ensure_deployment(service.service_name, self.plan(service))
            return soon(turn)
        self._log_changes(service, deployment, turn)
        ready = [instance for instance in deployment.instances if instance.is_ready]
        if not _is_stopped(service) and len(ready) < max(service.instance_count, len(deployment.instances)):
            self._check_storage(service, turn)
            return soon(turn)
        self._records.set_address(
            service.id, generation=service.generation, virtual_ip=deployment.virtual_ip, port=deployment.port
        )
        self._seen.pop(service.id, None)
        return Done()

    def _check_storage(self, service: CloudService, turn: Turn) -> None:
        """Raise when front ends would be awaited in vain: without their storage they never become ready."""
        if turn.elapsed_seconds >= _STORAGE_CHECKED_AFTER_SECONDS:
            store = self._clouds.connect(service).storage.open_container(service.service_name, CONTAINER)
            next(iter(store.list("state/")), None)

    def remove_deployment(self, service: CloudService, turn: Turn) -> Outcome:
        """Remove the deployment."""
        self._seen.pop(service.id, None)
        is_gone = self._clouds.deployments_of(service).remove_deployment(service.service_name)
        return done_or_soon(turn, is_done=is_gone)

    def plan(self, service: CloudService) -> DeploymentPlan:
        """Say what the deployment is made from."""
        location = self._clouds.connect(service).storage.container_url(service.service_name, CONTAINER)
        settings = {
            "ServiceId": service.id,
            "SiteStateKey": self._state.public_key(),
            "StorageKind": "azure",
            "StorageLocation": location,
            "StorageCredential": "",
            "Delivery": _DELIVERY,
            "UsageKey": self._secrets.usage_key(service.id),
            "ListenPort": "0",
        }
        return DeploymentPlan(
            name=package_label(service),
            package_url=f"{location}/{package_name(service)}",
            configuration=build_configuration(
                service.service_name,
                instance_count=service.instance_count,
                settings=settings,
                certificate_thumbprint=service.service_certificate_thumbprint,
            ),
        )

    def _log_changes(self, service: CloudService, deployment: Deployment, turn: Turn) -> None:
        statuses = tuple(f"{instance.name}: {instance.status}" for instance in deployment.instances)
        seen = (deployment.status, *statuses)
        if self._seen.get(service.id) == seen:
            return
        self._seen[service.id] = seen
        self._reporting.log.information(
            "cloud.instances_seen",
            service=service.service_name,
            deployment=deployment.status,
            instances=", ".join(statuses),
            elapsed=int(turn.worked_seconds),
            remaining=int(turn.remaining_seconds),
        )


def _is_stopped(service: CloudService) -> bool:
    return service.desired is DesiredState.STOPPED
