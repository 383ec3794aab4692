"""What an administrator does after someone deleted or changed parts of the cloud by hand: look, and choose remedies."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from clouddp.cloud_services.reconcile_choice import Choice, ServiceChange, check_choice, orphans, plan_changes
from clouddp.cloud_services.reconcile_preview import Previews
from clouddp.cloud_services.reconcile_removal import OrphanRemovals
from clouddp.language.translate import translate
from clouddp.model.errors import ConflictError, SiteError
from clouddp.model.reconciliation import Finding, Preview, Remedy
from clouddp.model.status import Component, Severity
from clouddp.model.transitions import ServiceOperation, check_transition
from clouddp.site_server.database.cloud_services import Changes, CloudServiceRepository
from clouddp.site_server.status import StatusLog
from clouddp.telemetry.logs import ComponentLog

_ADOPTED: Final = 12090
_REPAIR_ACCEPTED: Final = 12091
_REMOVAL_ACCEPTED: Final = 12092

_NUMBERS: Final[Mapping[Remedy, int]] = {
    Remedy.ADOPT: _ADOPTED,
    Remedy.REPAIR: _REPAIR_ACCEPTED,
    Remedy.REMOVE: _REMOVAL_ACCEPTED,
}


class OutdatedPreviewError(ConflictError):
    """What is seen now differs from the preview that remedies were chosen by; `preview` is the new one."""

    def __init__(self, preview: Preview) -> None:
        super().__init__("reconciliation.outdated")
        self.preview = preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Remedies that came too late, since somebody wanted something else of the cloud distribution point."""

    findings: tuple[Finding, ...]
    error: SiteError


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was accepted, and will be done whatever crashes, and what was not."""

    accepted: tuple[Choice, ...]
    refused: tuple[Refusal, ...]


class Reconciliation:
    """The use cases of reconcile; `wake` tells the cloud services manager that there is work."""

    def __init__(
        self,
        *,
        repository: CloudServiceRepository,
        removals: OrphanRemovals,
        previews: Previews,
        status: StatusLog,
        log: ComponentLog,
        language: str,
        wake: Callable[[], None],
    ) -> None:
        self._repository = repository
        self._removals = removals
        self._previews = previews
        self._status = status
        self._log = log
        self._language = language
        self._wake = wake
        self._applying = threading.Lock()

    def preview(self) -> Preview:
        """Compare all cloud distribution points with their clouds; change nothing."""
        return self._previews.of_all()

    def preview_one(self, service_id: str) -> Preview:
        """Compare one.

        Raises:
            NotFoundError: there is none of this id.
        """
        return self._previews.of_one(self._repository.get(service_id))

    def apply(self, digest: str, remedies: Mapping[str, Remedy]) -> Applied:
        """Have the remedies done that were chosen by a preview of all.

        Raises:
            OutdatedPreviewError: something else is seen now; nothing was done.
            InvalidInputError: a remedy is not offered; nothing was done.
            ConflictError: remedies are being applied just now.
        """
        with self._alone():
            return self._apply(self._previews.of_all(), digest, remedies)

    def apply_to_one(self, service_id: str, digest: str, remedies: Mapping[str, Remedy]) -> Applied:
        """Have the remedies done that were chosen by a preview of one; raises as `apply`, and NotFoundError."""
        with self._alone():
            return self._apply(self._previews.of_one(self._repository.get(service_id)), digest, remedies)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._applying.acquire(blocking=False):
            raise ConflictError("reconciliation.applied_elsewhere")
        try:
            yield
        finally:
            self._applying.release()

    def _apply(self, preview: Preview, digest: str, remedies: Mapping[str, Remedy]) -> Applied:
        if preview.digest != digest:
            raise OutdatedPreviewError(preview)
        choices = check_choice(preview.findings, remedies)
        accepted: list[Choice] = []
        refused: list[Refusal] = []
        for change in plan_changes(choices):
            try:
                self._want(change, preview.generations[change.service_id])
                accepted += change.choices
            except ConflictError as error:
                refused.append(Refusal(findings=tuple(finding for finding, _ in change.choices), error=error))
        removed = orphans(choices)
        self._removals.remove(removed)
        accepted += [(finding, Remedy.REMOVE) for finding in removed]
        for finding, remedy in accepted:
            self._tell(finding, remedy)
        self._wake()
        return Applied(accepted=tuple(accepted), refused=tuple(refused))

    def _want(self, change: ServiceChange, generation: int) -> None:
        service = self._repository.get(change.service_id)
        if service.generation != generation:
            raise ConflictError("cloud.changed_meanwhile", name=service.service_fqdn, state=service.state.value)
        operation = ServiceOperation.DELETE if change.is_deleted else ServiceOperation.REPAIR
        transition = check_transition(service, operation)
        if change.desired is not None and not change.is_deleted:
            transition = replace(transition, desired=change.desired)
        self._repository.want(service, transition, changes=_changes(change))

    def _tell(self, finding: Finding, remedy: Remedy) -> None:
        text = finding_text(finding, self._language)
        chosen = translate(f"reconciliation.remedy_{remedy}", language=self._language)
        self._log.information("reconciliation.applied", remedy=chosen, finding=text)
        self._status.report(
            _NUMBERS[remedy],
            Severity.INFORMATIONAL,
            Component.CLOUD_SERVICES_MANAGER,
            object_id=finding.service_id,
            name=finding.service_fqdn,
            service=finding.service_name,
            finding=text,
        )


def finding_text(finding: Finding, language: str) -> str:
    """Put a difference into words."""
    arguments = {
        "name": finding.name,
        "service": finding.service_name,
        "fqdn": finding.service_fqdn,
        "expected": finding.expected,
        "seen": finding.seen,
    }
    code = f"reconciliation.finding_{finding.piece}_{finding.discrepancy}"
    return translate(code, arguments, language=language)


def _changes(change: ServiceChange) -> Changes:
    return Changes(
        instance_count=change.instance_count,
        region=change.region,
        removed_first=tuple(piece.value for piece in change.misplaced),
    )
