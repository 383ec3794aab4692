"""Collect garbage: delete from the clouds and from the library what nobody needs any more."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from clouddp.content.presence import CONTENT_FOLDER, Presence
from clouddp.distribution_manager.attempt import DistributionReporting
from clouddp.distribution_manager.plan import SUPERSEDED_FOR, takes_content
from clouddp.distribution_manager.ports import CloudServices, GarbageRecords
from clouddp.distribution_manager.transfer import TransferTools, check_going_on
from clouddp.model.content import Withdrawal
from clouddp.model.errors import SiteError
from clouddp.store.base import ObjectStore

_EVERY_SECONDS: Final = 60.0
_BATCH: Final = 200  # objects that are marked, and whose publication waits, at a time


class GarbageCollector:
    """Works in the background or when told; a crash at any line only makes it begin again."""

    def __init__(
        self,
        *,
        records: GarbageRecords,
        services: CloudServices,
        tools: TransferTools,
        reporting: DistributionReporting,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._services = services
        self._tools = tools
        self._reporting = reporting
        self._now = now
        self._troubled: set[tuple[str, str]] = set()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="garbage", daemon=True)

    def start(self) -> None:
        """Work in the background."""
        self._thread.start()

    def wake(self) -> None:
        """Look for garbage now."""
        self._wake.set()

    def close(self) -> None:
        """Stop after the present batch; the next start begins again."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def collect(self) -> None:
        """Withdraw what newer versions have replaced, delete what no token opens any more, retire versions."""
        now = self._now()
        self._records.withdraw_superseded(visible_before=now - SUPERSEDED_FOR, at=now)
        for ended in self._records.ended_withdrawals(now):
            if not self._stopping.is_set():
                self._try_to_end(ended, now)
        self._retire()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.collect()
            except Exception as error:  # noqa: BLE001 (the thread must outlive a database that is busy)
                self._reporting.log.warning("distribution.sweep_failed", reason=error)
            self._wake.wait(_EVERY_SECONDS)
            self._wake.clear()

    def _try_to_end(self, ended: Withdrawal, now: datetime) -> None:
        """Delete what only this withdrawal referred to; a store that does not answer is asked again next time."""
        place = (ended.version_id, ended.distribution_point_id)
        service = self._services.find(ended.distribution_point_id)
        if service is None or not takes_content(service) or self._tools.presences.is_sending(*place):
            return
        try:
            count = self._end(ended, now)
        except SiteError as error:
            if place not in self._troubled and not self._stopping.is_set():
                self._troubled.add(place)
                reason = self._reporting.explain(error)
                self._reporting.log.warning(
                    "distribution.not_deleted", distribution_point=service.service_fqdn, reason=reason
                )
            return
        self._troubled.discard(place)
        self._reporting.log.information(
            "distribution.deleted", distribution_point=service.service_fqdn, version=ended.version_id, count=count
        )

    def _end(self, ended: Withdrawal, now: datetime) -> int:
        store = self._tools.stores.open_store(ended.distribution_point_id)
        count = 0
        with self._tools.presences.used(ended.distribution_point_id) as presence:
            with presence.deleting, self._step(ended, "scope"):
                if not self._records.is_withdrawn(ended):
                    return 0
                store.delete(f"state/scope/{ended.version_id}")
            for names in _batches(self._records.object_names(ended.version_id)):
                check_going_on(self._stopping)
                count += self._delete_unneeded(ended, names, presence, store, now=now)
        with self._step(ended, "finish"):
            self._records.finish(ended)
        return count

    def _delete_unneeded(
        self, ended: Withdrawal, names: Sequence[str], presence: Presence, store: ObjectStore, *, now: datetime
    ) -> int:
        """Mark, delete, unmark: who claims one of them meanwhile waits, and finds it gone."""
        place_id = ended.distribution_point_id
        with presence.deleting:
            with self._step(ended, "mark"):
                doomed = self._records.mark_deleting(place_id, names, now=now)
            with self._step(ended, "delete"):
                for name in doomed:
                    presence.note(name, None)
                    store.delete(f"{CONTENT_FOLDER}/{name}")
            with self._step(ended, "unmark"):
                self._records.forget_deleted(place_id, doomed)
        return len(doomed)

    def _retire(self) -> None:
        """Forget versions that are nowhere first: what a crash leaves in the library is collected at the next start."""
        retired = self._records.retire_versions()
        if retired:
            self._tools.library.remove(retired)
            self._reporting.log.information("distribution.versions_retired", count=len(retired))

    @contextmanager
    def _step(self, ended: Withdrawal, step: str) -> Iterator[None]:
        name = f"{ended.version_id}.{ended.distribution_point_id}"
        self._tools.observer.before(name, step)
        yield
        self._tools.observer.after(name, step)


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _BATCH] for start in range(0, len(names), _BATCH))
