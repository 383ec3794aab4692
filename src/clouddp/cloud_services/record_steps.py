"""What workflows do with the signed state and with the record: tell the front ends, settle, remove."""

from collections.abc import Mapping
from typing import Final

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.ports import RemovalListener, ServiceRecords
from clouddp.cloud_services.reporting import Reporting
from clouddp.cloud_services.state import StateWriter
from clouddp.cloud_services.state_refresh import StateRefresher
from clouddp.cloud_services.stores import CloudStores
from clouddp.model.cloud_service import CloudService, ServiceAction
from clouddp.model.errors import SiteError, TemporaryError
from clouddp.model.transitions import settled_state
from clouddp.workflows.base import Done, Outcome, Turn

READY: Final = 9409
DELETED: Final = 12004
STOPPED: Final = 12030
STARTED: Final = 12031
CHANGED: Final = 12032
UPGRADED: Final = 12033
REPAIRED: Final = 12034

_ENDS: Final[Mapping[ServiceAction, int]] = {
    ServiceAction.CREATE: READY,
    ServiceAction.STOP: STOPPED,
    ServiceAction.START: STARTED,
    ServiceAction.CHANGE: CHANGED,
    ServiceAction.UPGRADE: UPGRADED,
    ServiceAction.REPAIR: REPAIRED,
}
_STATE_PATIENCE_SECONDS: Final = 15.0  # what is to be stopped is stopped, even if the storage takes no word of it


class RecordSteps:
    """Steps about what the site says of a service."""

    def __init__(
        self,
        *,
        records: ServiceRecords,
        clouds: Clouds,
        stores: CloudStores,
        state: StateWriter,
        refresher: StateRefresher,
        listener: RemovalListener,
        reporting: Reporting,
    ) -> None:
        self._records = records
        self._clouds = clouds
        self._stores = stores
        self._state = state
        self._refresher = refresher
        self._listener = listener
        self._reporting = reporting

    def write_state(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (a step's signature)
        """Tell the front ends what holds from now on."""
        self._state.write_state(service.id)
        return Done()

    def write_stopped_state(self, service: CloudService, turn: Turn) -> Outcome:
        """Tell the front ends to refuse; when their storage does not take it, it is written later, and they end now."""
        try:
            self._state.write_state(service.id)
        except SiteError as error:
            self._refresher.expire(service.id)
            if isinstance(error, TemporaryError) and turn.elapsed_seconds < _STATE_PATIENCE_SECONDS:
                raise
            reason = self._reporting.explain(error)
            self._reporting.log.warning("cloud.state_not_written", service=service.service_name, reason=reason)
        return Done()

    def settle(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        """Say that the work is done."""
        state = settled_state(service)
        named = {"name": service.service_fqdn, "service": service.service_name}
        if service.action is ServiceAction.CREATE:
            self._reporting.log.information("cloud.ready", **named)
        else:
            self._reporting.log.information(
                "cloud.work_done", **named, state=self._reporting.in_words(f"cloud.state_{state}")
            )
        self._reporting.tell_once(_ENDS[service.action], service, name=service.service_fqdn)
        self._records.settle(service.id, generation=service.generation, state=state, problem=None)
        return Done()

    def remove(self, service: CloudService, turn: Turn) -> Outcome:  # noqa: ARG002 (as above)
        """Remove the record, now that nothing of it is left in the cloud."""
        self._listener.forget_distribution_point(service.id)
        self._reporting.log.information("cloud.deleted", name=service.service_fqdn, service=service.service_name)
        self._reporting.tell_once(DELETED, service, name=service.service_fqdn)
        self._records.remove(service.id, generation=service.generation)
        self._clouds.forget(service.id)
        self._stores.drop(service.id)
        return Done()
