"""The distribution manager: runs what is due, tries again what failed, and says what it does."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clouddp.distribution_manager.attempt import Attempt, DistributionReporting, SupersededError
from clouddp.distribution_manager.plan import is_due
from clouddp.distribution_manager.ports import (
    BandwidthPlans,
    CloudServices,
    Companion,
    DistributionRecords,
    Transfer,
)
from clouddp.distribution_manager.progress import LiveProgress
from clouddp.distribution_manager.schedule import SLOTS, Reason, Running, decide
from clouddp.distribution_manager.transfer import TransferRunner, TransferTools
from clouddp.model.bandwidth import opening_at
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import SiteError
from clouddp.telemetry.correlation import correlated

_POLL_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Active:
    """An attempt that runs."""

    attempt: Attempt
    started_at: datetime
    future: Future[None]
    is_stopping: bool = False
    is_superseded: bool = False


class DistributionManager:
    """Works through the unfinished distributions of the site database, in the background or when told."""

    def __init__(
        self,
        *,
        records: DistributionRecords,
        services: CloudServices,
        plans: BandwidthPlans,
        tools: TransferTools,
        companions: Sequence[Companion],
        reporting: DistributionReporting,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._services = services
        self._plans = plans
        self._tools = tools
        self._companions = companions
        self._reporting = reporting
        self._now = now
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._runner = TransferRunner(tools)
        self._active: dict[str, _Active] = {}
        self._held: Mapping[str, Reason] = {}
        self._served_at: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="transfer")
        self._thread = threading.Thread(target=self._work, name="distribution-manager", daemon=True)

    def start(self) -> None:
        """Work in the background; what a crash interrupted continues at once."""
        self._thread.start()
        for companion in self._companions:
            companion.start()

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()
        for companion in self._companions:
            companion.wake()

    def close(self) -> None:
        """Stop; what is unfinished continues at the next start."""
        self._stopping.set()
        self._wake.set()
        with self._lock:
            for active in self._active.values():
                active.attempt.stopping.set()
        for companion in self._companions:
            companion.close()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def run_due(self) -> int:
        """Run everything that is due, also what becomes due meanwhile; give the number of tries."""
        tries = 0
        while True:
            with self._lock:  # before the sweep: what ends meanwhile may let others begin
                running = [active.future for active in self._active.values() if not active.future.done()]
            started = self.sweep()
            tries += len(started)
            running += started
            if not running:
                return tries
            wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)

    def progress(self, transfer: Transfer) -> LiveProgress | None:
        """Say how a transfer goes; None when it does not run."""
        with self._lock:
            active = self._active.get(transfer.id)
        return None if active is None else active.attempt.progress()

    def held_for(self, transfer: Transfer) -> Reason | None:
        """Say why a transfer that could run does not."""
        with self._lock:
            return self._held.get(transfer.id)

    def sweep(self) -> Sequence[Future[None]]:
        """Look at everything once: stop, pause and start what must be."""
        with self._lock:
            if self._stopping.is_set():
                return []
            unfinished = self._records.unfinished()
            services = self._find_services(unfinished)
            self._stop_superseded({transfer.id: transfer for transfer in unfinished})
            return [self._start(transfer, services) for transfer in self._decide(unfinished, services)]

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.sweep()
            except Exception as error:  # noqa: BLE001 (the thread must outlive a database that is busy)
                self._reporting.log.warning("distribution.sweep_failed", reason=error)
            self._wake.wait(_POLL_SECONDS)
            self._wake.clear()

    def _find_services(self, unfinished: Sequence[Transfer]) -> Mapping[str, CloudService]:
        found = {id_: self._services.find(id_) for id_ in {t.distribution.distribution_point_id for t in unfinished}}
        for id_, service in found.items():
            if service is None:
                self._records.forget_distribution_point(id_)
                self._reporting.log.information("distribution.dropped", distribution_point=id_)
        return {id_: service for id_, service in found.items() if service is not None}

    def _stop_superseded(self, unfinished: Mapping[str, Transfer]) -> None:
        for id_, active in self._active.items():
            wanted = unfinished.get(id_)
            mine = active.attempt.transfer.distribution
            if not active.is_superseded and (wanted is None or wanted.distribution.wish != mine.wish):
                active.is_superseded = active.is_stopping = True
                active.attempt.stopping.set()
                self._tools.presences.forget(mine.distribution_point_id)

    def _decide(self, unfinished: Sequence[Transfer], services: Mapping[str, CloudService]) -> Sequence[Transfer]:
        now, plan = self._now(), self._plans.get()
        self._tools.limit.change(plan.limit_bytes_per_second)
        decision = decide(
            [one for one in unfinished if one.id not in self._active and is_due(one, services, now)],
            [
                Running(transfer=one.attempt.transfer, started_at=one.started_at, is_pausing=one.is_stopping)
                for one in self._active.values()
            ],
            opening_at(plan, now),
            served_at=self._served_at,
            now=now,
        )
        for id_, reason in decision.pause.items():
            self._active[id_].is_stopping = True
            self._active[id_].attempt.pause(reason)
        self._held = decision.hold
        known = {transfer.id for transfer in unfinished}
        self._served_at = {id_: moment for id_, moment in self._served_at.items() if id_ in known}
        return decision.start

    def _start(self, transfer: Transfer, services: Mapping[str, CloudService]) -> Future[None]:
        attempt = Attempt(
            transfer,
            services[transfer.distribution.distribution_point_id].service_fqdn,
            records=self._records,
            reporting=self._reporting,
            now=self._now,
        )
        future = self._pool.submit(self._run, attempt)  # which cannot end before the lock is free
        self._active[transfer.id] = _Active(attempt, self._now(), future)
        return future

    def _run(self, attempt: Attempt) -> None:
        with correlated():
            is_recorded = self._is_recorded(attempt)
        with self._lock:
            del self._active[attempt.transfer.id]
            self._served_at[attempt.transfer.id] = self._now()
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
            self._run_to_its_end(attempt)
        except SupersededError:
            attempt.note_superseded()

    def _run_to_its_end(self, attempt: Attempt) -> None:
        try:
            attempt.run(self._runner)
        except SupersededError:
            raise
        except SiteError as error:
            if attempt.stopping.is_set():
                attempt.note_stopped()
            else:
                attempt.fail(error)
        except Exception as error:  # noqa: BLE001 (a defect must not leave the distribution "in progress" for ever)
            attempt.fail(SiteError("distribution.internal", reason=repr(error)))
