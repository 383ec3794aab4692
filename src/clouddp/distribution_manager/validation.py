"""Validate content: what a distribution point's storage holds against what should be there."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from clouddp.content.format.entries import ChunkEntry
from clouddp.content.format.sealing import open_chunk
from clouddp.content.presence import CONTENT_FOLDER, Presence
from clouddp.distribution_manager.attempt import DistributionReporting
from clouddp.distribution_manager.plan import is_still_to_come, takes_content
from clouddp.distribution_manager.ports import (
    CloudServices,
    KeptManifest,
    Transfer,
    ValidationRecords,
)
from clouddp.distribution_manager.transfer import TransferTools, check_going_on
from clouddp.model.cloud_service import Problem
from clouddp.model.content import ContentState, Validation, ValidationKind, ValidationState
from clouddp.model.errors import DamagedError, NotFoundError, SiteError, TemporaryError
from clouddp.model.status import Component, Severity
from clouddp.store.base import ObjectStore

SAMPLE_SIZE: Final = 32  # objects whose octets are read

_POLL_SECONDS: Final = 5.0
_AGAIN_AFTER: Final = timedelta(minutes=1)
_UNDER_WAY: Final = frozenset({ContentState.TARGETED, ContentState.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class _Faults:
    """The names of objects that are not as they should be."""

    missing: Sequence[str]
    damaged: Sequence[str]


class Validator:
    """Works through the validations that were asked for, one at a time, in the background or when told."""

    def __init__(
        self,
        *,
        records: ValidationRecords,
        services: CloudServices,
        tools: TransferTools,
        reporting: DistributionReporting,
        now: Callable[[], datetime],
        sample: Callable[[Sequence[str], int], Sequence[str]] = random.sample,
    ) -> None:
        self._records = records
        self._services = services
        self._tools = tools
        self._reporting = reporting
        self._now = now
        self._sample = sample
        self._not_before: dict[tuple[str, str], datetime] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="validation", daemon=True)

    def start(self) -> None:
        """Work in the background."""
        self._thread.start()

    def wake(self) -> None:
        """Look for validations now."""
        self._wake.set()

    def close(self) -> None:
        """Stop; what is unfinished begins again at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def run_waiting(self) -> int:
        """Run what can be run now; give the number of validations."""
        able = [one for one in self._records.waiting() if self._is_able(one)]
        for one in able:
            self._run(one)
        return len(able)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run_waiting()
            except Exception as error:  # noqa: BLE001 (the thread must outlive a database that is busy)
                self._reporting.log.warning("distribution.sweep_failed", reason=error)
            self._wake.wait(_POLL_SECONDS)
            self._wake.clear()

    def _is_able(self, validation: Validation) -> bool:
        """Say whether it can run now: the storage is there, nothing is being sent, and the last try is a while ago."""
        service = self._services.find(validation.distribution_point_id)
        transfer = self._records.find_distribution(validation)
        key = (validation.version_id, validation.distribution_point_id)
        return (
            service is not None
            and takes_content(service)
            and transfer is not None
            and transfer.distribution.state not in _UNDER_WAY
            and not is_still_to_come(self._not_before.get(key, self._now()), _AGAIN_AFTER, self._now())
        )

    def _run(self, validation: Validation) -> None:
        transfer = self._records.find_distribution(validation)
        service = self._services.find(validation.distribution_point_id)
        if transfer is None or service is None:
            return
        names = {
            "package": transfer.version.package_id,
            "version": str(transfer.version.number),
            "distribution_point": service.service_fqdn,
        }
        self._reporting.log.information("distribution.validating", kind=validation.kind, **names)
        try:
            self._judge(validation, transfer, names)
        except TemporaryError as error:
            if not self._stopping.is_set():
                key = (validation.version_id, validation.distribution_point_id)
                self._not_before[key] = self._now() + _AGAIN_AFTER
                self._reporting.log.warning(
                    "distribution.validation_will_retry", reason=self._reporting.explain(error), **names
                )
        except SiteError as error:  # such as a storage that refuses us
            problem = Problem(code=error.code, arguments={key: str(value) for key, value in error.arguments.items()})
            self._records.end(replace(validation, state=ValidationState.FAILED, ended_at=self._now(), problem=problem))
            self._tell_failure(error, names)

    def _judge(self, validation: Validation, transfer: Transfer, names: Mapping[str, str]) -> None:
        tools, place_id = self._tools, validation.distribution_point_id
        manifest = tools.records.find_manifest(validation.version_id)
        if manifest is None:
            raise NotFoundError("content.version_missing", version=validation.version_id)
        chunks = {one.name: one for one in tools.open_manifest(validation.version_id, manifest).chunks}
        store = tools.open_store(place_id, self._stopping)
        with tools.presences.used(place_id) as presence:
            faults = self._look(validation, presence, store, manifest, chunks)
            ended = replace(
                validation,
                state=ValidationState.DONE,
                ended_at=self._now(),
                object_count=len(chunks) + 2,
                missing_count=len(faults.missing),
                damaged_count=len(faults.damaged),
            )
            if not faults.missing and not faults.damaged:
                self._records.end(ended)
                self._reporting.log.information("distribution.validated", count=ended.object_count, **names)
                return
            if validation.is_repairing:
                _delete(faults.damaged, presence, store)
        self._records.note_faults(ended, at=self._now())
        self._tell_faults(ended, transfer, names)

    def _look(
        self,
        validation: Validation,
        presence: Presence,
        store: ObjectStore,
        manifest: KeptManifest,
        chunks: Mapping[str, ChunkEntry],
    ) -> _Faults:
        """Compare names and lengths of all objects, then the octets of all or some of those that are left."""
        presence.look_again(store)
        expected = {name: chunk.stored_length for name, chunk in chunks.items()} | {manifest.name: manifest.length}
        missing = [name for name in expected if presence.length(name) is None]
        damaged = [name for name in expected if presence.length(name) not in (None, expected[name])]
        scope = f"state/scope/{validation.version_id}"
        if store.length(scope) is None:
            missing.append(scope)
        readable = sorted(expected.keys() - set(missing) - set(damaged))
        if validation.kind is ValidationKind.SAMPLE:
            readable = list(self._sample(readable, min(SAMPLE_SIZE, len(readable))))
        kept = self._tools.library.manifest(validation.version_id)
        for name in readable:
            check_going_on(self._stopping)
            try:
                body = store.get(f"{CONTENT_FOLDER}/{name}")
            except NotFoundError as error:
                if error.code != "store.object_missing":
                    raise
                missing.append(name)
                continue
            if not _is_whole(body, kept if name == manifest.name else None, chunks.get(name)):
                damaged.append(name)
        return _Faults(missing, damaged)

    def _tell_failure(self, error: SiteError, names: Mapping[str, str]) -> None:
        self._reporting.log.error("distribution.validation_failed", reason=self._reporting.explain(error), **names)

    def _tell_faults(self, ended: Validation, transfer: Transfer, names: Mapping[str, str]) -> None:
        counts = {"missing": str(ended.missing_count), "damaged": str(ended.damaged_count)}
        if ended.is_repairing:
            self._reporting.log.warning("distribution.validation_repairs", **counts, **names)
        else:
            self._reporting.log.error("distribution.validation_found_faults", **counts, **names)
        self._reporting.status.report(
            12060,
            Severity.WARNING if ended.is_repairing else Severity.ERROR,
            Component.DISTRIBUTION_MANAGER,
            object_id=transfer.version.package_id,
            **counts,
            **names,
        )


def _is_whole(body: bytes, manifest: bytes | None, chunk: ChunkEntry | None) -> bool:
    if chunk is None:
        return body == manifest
    try:
        open_chunk(body, chunk)
    except DamagedError:
        return False
    return True


def _delete(names: Sequence[str], presence: Presence, store: ObjectStore) -> None:
    """Delete what is worth nothing to anybody, so that it is sent again, also after a crash."""
    with presence.deleting:
        for name in names:
            presence.note(name, None)
            store.delete(f"{CONTENT_FOLDER}/{name}")
