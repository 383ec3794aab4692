"""Remove a cloud distribution point from the cloud, piece by piece, then its record."""

from typing import Final

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import RemovalListener, ServiceRecords
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.steps import StepKeeper, soon
from clouddp.cloud_services.stores import CloudStores
from clouddp.model.cloud_service import CloudService
from clouddp.workflows.base import Done, Outcome, Turn, Workflow

DECOMMISSION: Final = "decommission"
DEADLINE_SECONDS: Final = 30 * 60.0
DELETED: Final = 12004


class Decommissioning:
    """The steps that delete a cloud distribution point."""

    def __init__(
        self,
        *,
        keeper: StepKeeper,
        records: ServiceRecords,
        clouds: Clouds,
        stores: CloudStores,
        listener: RemovalListener,
        reporting: Reporting,
    ) -> None:
        self._keeper = keeper
        self._records = records
        self._clouds = clouds
        self._stores = stores
        self._listener = listener
        self._reporting = reporting

    def workflow(self) -> Workflow:
        """List the steps."""
        step = self._keeper.step
        return Workflow(
            name=DECOMMISSION,
            steps=(
                step("deployment_removal", self._remove_deployment),
                step("hosted_service_removal", self._remove_hosted_service),
                step("storage_account_removal", self._remove_storage_account),
                self._keeper.last_step("record_removal", self._remove_record),
            ),
            deadline_seconds=DEADLINE_SECONDS,
            on_failure=self._keeper.fail,
        )

    def _remove_deployment(self, service: CloudService, turn: Turn) -> Outcome:
        is_gone = self._clouds.services_of(service).remove_deployment(service.service_name)
        return Done() if is_gone else soon(turn)

    def _remove_hosted_service(self, service: CloudService, turn: Turn) -> Outcome:
        is_gone = self._clouds.services_of(service).remove_service(service.service_name)
        return Done() if is_gone else soon(turn)

    def _remove_storage_account(self, service: CloudService, turn: Turn) -> Outcome:
        is_gone = self._clouds.connect(service).storage.remove_storage_account(service.service_name)
        return Done() if is_gone else soon(turn)

    def _remove_record(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (a step's signature)
        self._listener.forget_distribution_point(service.id)
        self._reporting.log.information("cloud.deleted", name=service.service_fqdn, service=service.service_name)
        self._reporting.tell(DELETED, service, name=service.service_fqdn)
        self._records.remove(service.id, generation=service.generation)
        self._clouds.forget(service.id)
        self._stores.drop(service.id)
        return Done()
