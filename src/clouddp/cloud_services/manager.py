"""The cloud services manager: sees that the cloud is brought to what is wanted, and keeps its signed state fresh."""

import threading
from typing import Final

from clouddp.cloud_services.life_cycle import WORKFLOWS, LifeCycle
from clouddp.cloud_services.ports import ServiceRecords
from clouddp.cloud_services.state_refresh import StateRefresher
from clouddp.cloud_services.steps import Subject
from clouddp.model.cloud_service import CloudService
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import WorkflowEngine

_SWEEP_SECONDS: Final = 60.0
_FIRST_RETRY_SECONDS: Final = 0.5  # after a sweep that failed, such as on a busy journal; then twice as long each time


class CloudServicesManager:
    """Starts the workflow of every service whose cloud is behind what is wanted: at start, each minute, when woken."""

    def __init__(
        self,
        *,
        engine: WorkflowEngine,
        records: ServiceRecords,
        life_cycle: LifeCycle,
        refresher: StateRefresher,
        log: ComponentLog,
    ) -> None:
        self._engine = engine
        self._records = records
        self._refresher = refresher
        self._log = log
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cloud-services-manager", daemon=True)
        for workflow in life_cycle.workflows():
            engine.register(workflow)

    def start(self) -> None:
        """Begin to watch; the engine is launched already."""
        self._log.information("cloud.manager_started")
        self._thread.start()
        self._refresher.start()

    def wake(self) -> None:
        """Look now: something new is wanted."""
        self._woken.set()

    def renew_states(self) -> None:
        """Tell all front ends what holds now, such as which clients are blocked; a crash only delays it."""
        self._refresher.expire_all()

    def close(self) -> None:
        """Stop watching; what is under way is the engine's."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._refresher.close()

    def sweep(self) -> None:
        """Start the workflow of every service that is behind; one that has its workflow is left alone."""
        for service in self._records.list():
            if not service.is_settled:
                self._begin(service)

    def _begin(self, service: CloudService) -> None:
        subject = str(Subject(service.id, service.generation))
        self._engine.start(WORKFLOWS[service.action], subject, subject)

    def _watch(self) -> None:
        failures = 0
        while not self._closing.is_set():
            self._woken.clear()
            failures = 0 if self._has_swept() else failures + 1
            pause = _FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10) if failures else _SWEEP_SECONDS
            self._woken.wait(min(pause, _SWEEP_SECONDS))

    def _has_swept(self) -> bool:
        try:
            self.sweep()
        except Exception as error:  # noqa: BLE001 (the watch must go on; the next round tries again)
            self._log.error("cloud.watch_failed", reason=f"{type(error).__name__}: {error}")
            return False
        return True
