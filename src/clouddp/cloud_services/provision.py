"""Bring a cloud distribution point into being: from a validated certificate to front ends that are all ready."""

from typing import Final

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import ServiceRecords, ServiceSecrets
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.service_package import build_configuration, build_package
from clouddp.cloud_services.state import StateWriter
from clouddp.cloud_services.steps import StepKeeper, soon
from clouddp.cloud_services.stores import CONTAINER, CloudStores
from clouddp.model.cloud_service import CloudService, ServiceState
from clouddp.providers.base import Deployment, DeploymentPlan
from clouddp.workflows.base import Again, Done, Outcome, Turn, Workflow

PROVISION: Final = "provision"
DEADLINE_SECONDS: Final = 30 * 60.0  # the documents' "up to 30 minutes"
READY: Final = 9409

_CONTAINER_WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)  # the last one is repeated
_FRONT_END_DELIVERY: Final = "bytes"


class Provisioning:
    """The steps that create a cloud distribution point."""

    def __init__(
        self,
        *,
        keeper: StepKeeper,
        records: ServiceRecords,
        secrets: ServiceSecrets,
        clouds: Clouds,
        stores: CloudStores,
        state: StateWriter,
        reporting: Reporting,
    ) -> None:
        self._keeper = keeper
        self._records = records
        self._secrets = secrets
        self._clouds = clouds
        self._stores = stores
        self._state = state
        self._reporting = reporting
        self._seen: dict[str, tuple[str, ...]] = {}

    def workflow(self) -> Workflow:
        """List the steps."""
        step = self._keeper.step
        return Workflow(
            name=PROVISION,
            steps=(
                step("management_certificate", self._validate_certificate),
                step("storage_account", self._ensure_storage_account),
                step("container", self._ensure_container),
                step("hosted_service", self._ensure_hosted_service),
                step("service_certificate", self._ensure_certificate),
                step("service_state", self._write_state),
                step("service_package", self._upload_package),
                step("deployment", self._ensure_deployment),
                step("role_instances", self._await_instances),
                self._keeper.last_step("ready", self._declare_ready),
            ),
            deadline_seconds=DEADLINE_SECONDS,
            on_failure=self._keeper.fail,
        )

    def _validate_certificate(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (a step's signature)
        self._reporting.log.information(
            "cloud.provisioning_begun",
            service=service.service_name,
            name=service.service_fqdn,
            region=service.region,
            subscription_id=service.subscription_id,
        )
        self._clouds.connect(service).cloud.check_access()
        return Done()

    def _ensure_storage_account(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        self._clouds.connect(service).storage.ensure_storage_account(service.service_name, region=service.region)
        return Done()  # accepted; that its storage answers is awaited with the container

    def _ensure_container(self, service: CloudService, turn: Turn) -> Outcome:
        storage = self._clouds.connect(service).storage
        is_there = storage.ensure_storage_account(
            service.service_name, region=service.region
        ) and storage.ensure_container(service.service_name, CONTAINER)
        if is_there:
            return Done()
        pause = _CONTAINER_WAITS_SECONDS[min(turn.number, len(_CONTAINER_WAITS_SECONDS) - 1)]
        self._reporting.log.information(
            "cloud.waiting_for_container",
            seconds=f"{pause:g}",
            elapsed=int(turn.elapsed_seconds),
            remaining=int(turn.remaining_seconds),
        )
        return Again(pause)

    def _ensure_hosted_service(self, service: CloudService, turn: Turn) -> Outcome:
        host = self._clouds.services_of(service)
        is_there = host.ensure_service(service.service_name, region=service.region, label=service.service_fqdn)
        return Done() if is_there else soon(turn)

    def _ensure_certificate(self, service: CloudService, turn: Turn) -> Outcome:
        certificate = self._secrets.service_certificate(service.id)
        is_there = self._clouds.services_of(service).ensure_certificate(service.service_name, certificate)
        return Done() if is_there else soon(turn)

    def _write_state(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        self._state.write_state(service.id)
        return Done()

    def _upload_package(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        package, name = build_package(), _package_name(service)
        store = self._stores.open_store(service.id)
        if store.length(name) != len(package):
            store.put(name, package)
        return Done()

    def _ensure_deployment(self, service: CloudService, turn: Turn) -> Outcome:
        is_accepted = self._clouds.services_of(service).ensure_deployment(service.service_name, self._plan(service))
        return Done() if is_accepted else soon(turn)

    def _await_instances(self, service: CloudService, turn: Turn) -> Outcome:
        host = self._clouds.services_of(service)
        deployment = host.find_deployment(service.service_name)
        if deployment is None:
            host.ensure_deployment(service.service_name, self._plan(service))
            return soon(turn)
        self._log_changes(service, deployment, turn)
        ready = [instance for instance in deployment.instances if instance.is_ready]
        if len(ready) < max(service.instance_count, len(deployment.instances)):
            return soon(turn)
        self._records.set_address(
            service.id, generation=service.generation, virtual_ip=deployment.virtual_ip, port=deployment.port
        )
        self._seen.pop(service.id, None)
        return Done()

    def _declare_ready(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        self._reporting.log.information("cloud.ready", name=service.service_fqdn, service=service.service_name)
        self._reporting.tell(READY, service, name=service.service_fqdn)
        self._records.settle(service.id, generation=service.generation, state=ServiceState.READY, problem=None)
        return Done()

    def _plan(self, service: CloudService) -> DeploymentPlan:
        location = self._clouds.connect(service).storage.container_url(service.service_name, CONTAINER)
        settings = {
            "ServiceId": service.id,
            "SiteStateKey": self._state.public_key(),
            "StorageKind": "azure",
            "StorageLocation": location,
            "StorageCredential": "",
            "Delivery": _FRONT_END_DELIVERY,
            "UsageKey": self._secrets.usage_key(service.id),
            "ListenPort": "0",
        }
        return DeploymentPlan(
            name=f"clouddp{service.generation}",
            package_url=f"{location}/{_package_name(service)}",
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
            elapsed=int(turn.elapsed_seconds),
            remaining=int(turn.remaining_seconds),
        )


def _package_name(service: CloudService) -> str:
    return f"package/{service.generation}.cspkg"
