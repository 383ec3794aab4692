"""The distribution manager: runs what is due, tries again what failed, and says what it does."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

from clouddp.distribution_manager.attempt import Attempt, DistributionReporting
from clouddp.distribution_manager.plan import due_transfers
from clouddp.distribution_manager.ports import CloudServices, DistributionRecords, Transfer
from clouddp.distribution_manager.transfer import TransferRunner, TransferTools
from clouddp.model.errors import SiteError
from clouddp.telemetry.correlation import correlated

_PARALLEL_TRANSFERS = 2
_POLL_SECONDS = 2.0


class DistributionManager:
    """Works through the unfinished distributions of the site database, in the background or when told."""

    def __init__(
        self,
        *,
        records: DistributionRecords,
        services: CloudServices,
        tools: TransferTools,
        reporting: DistributionReporting,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._services = services
        self._reporting = reporting
        self._now = now
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._runner = TransferRunner(tools, self._stopping)
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_PARALLEL_TRANSFERS, thread_name_prefix="transfer")
        self._thread = threading.Thread(target=self._work, name="distribution-manager", daemon=True)

    def start(self) -> None:
        """Work in the background; what a crash interrupted continues at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look for due distributions now."""
        self._wake.set()

    def close(self) -> None:
        """Stop; what is unfinished continues at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def run_due(self) -> int:
        """Run everything that is due, also what becomes due meanwhile; give the number of tries."""
        tries = 0
        while futures := self._start_due():
            wait(futures)
            tries += len(futures)
        return tries

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._start_due()
            except Exception as error:  # noqa: BLE001 (the thread must outlive a database that is busy)
                self._reporting.log.warning("distribution.sweep_failed", reason=error)
            self._wake.wait(_POLL_SECONDS)
            self._wake.clear()

    def _start_due(self) -> Sequence[Future[None]]:
        with self._lock:
            unfinished = self._records.unfinished()
            found = {
                id_: self._services.find(id_) for id_ in {t.distribution.distribution_point_id for t in unfinished}
            }
            services = {id_: service for id_, service in found.items() if service is not None}
            for transfer in unfinished:
                if transfer.distribution.distribution_point_id not in services:
                    self._drop(transfer)
            due = due_transfers(unfinished, services, running=self._running, now=self._now())
            self._running |= {transfer.id for transfer in due}
        return [
            self._pool.submit(self._run, transfer, services[transfer.distribution.distribution_point_id].service_fqdn)
            for transfer in due
        ]

    def _drop(self, transfer: Transfer) -> None:
        self._records.drop(transfer.distribution)
        self._reporting.log.information(
            "distribution.dropped",
            package=transfer.version.package_id,
            version=transfer.version.number,
            distribution_point=transfer.distribution.distribution_point_id,
        )

    def _run(self, transfer: Transfer, distribution_point: str) -> None:
        attempt = Attempt(transfer, distribution_point, records=self._records, reporting=self._reporting, now=self._now)
        with correlated():
            is_recorded = self._is_recorded(attempt)
        with self._lock:
            self._running.discard(transfer.id)
        if is_recorded:
            self._wake.set()

    def _is_recorded(self, attempt: Attempt) -> bool:
        """Run the attempt, and say whether its outcome is in the database; if not, the next poll tries again."""
        try:
            self._attempt(attempt)
        except Exception as error:  # noqa: BLE001 (the database itself may be what failed)
            self._reporting.log.warning("distribution.sweep_failed", reason=error)
            return False
        return True

    def _attempt(self, attempt: Attempt) -> None:
        try:
            attempt.run(self._runner)
        except SiteError as error:
            if not self._stopping.is_set():
                attempt.fail(error)
        except Exception as error:  # noqa: BLE001 (a defect must not leave the distribution "in progress" for ever)
            attempt.fail(SiteError("distribution.internal", reason=repr(error)))
