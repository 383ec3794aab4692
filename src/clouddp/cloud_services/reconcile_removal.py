"""Remove orphans from a cloud: pieces that bear our mark and have no record; durable, one workflow for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from clouddp.cloud_services.ports import ServiceRecords, StatusReporter
from clouddp.cloud_services.reconcile_look import CloudLook
from clouddp.cloud_services.steps import soon
from clouddp.language.translate import explain, translate
from clouddp.model.errors import NotFoundError, SiteError
from clouddp.model.reconciliation import Finding, Piece
from clouddp.model.status import Component, Severity
from clouddp.providers.base import Connection
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import Done, Outcome, Step, Turn, Workflow, WorkflowEngine

REMOVAL: Final = "orphan_removal"
DEADLINE_SECONDS: Final = 30 * 60.0

_REMOVED: Final = 12093
_REMOVAL_FAILED: Final = 12094


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One orphan that an administrator wants removed."""

    id: str
    management_url: str
    subscription_id: str
    piece: Piece  # hosted service or storage account
    name: str


class RemovalRecords(Protocol):
    """The removals that are wanted and not ended."""

    def want(self, orphans: Iterable[Finding]) -> None:
        """Note removals, all or none; one that is noted already is noted once."""

    def find(self, removal_id: str) -> Removal | None:
        """Give a removal; None when it has ended."""

    def list(self) -> Sequence[Removal]:
        """Give all of them."""

    def forget(self, removal_id: str) -> None:
        """Note that it has ended."""


class OrphanRemovals:
    """The workflow that removes an orphan, and what starts it."""

    def __init__(
        self,
        *,
        engine: WorkflowEngine,
        records: RemovalRecords,
        services: ServiceRecords,
        look: CloudLook,
        status: StatusReporter,
        log: ComponentLog,
        language: str,
    ) -> None:
        self._engine = engine
        self._records = records
        self._services = services
        self._look = look
        self._status = status
        self._log = log
        self._language = language
        engine.register(self._workflow())

    def remove(self, orphans: Sequence[Finding]) -> None:
        """Have orphans removed, whatever crashes from here on."""
        if orphans:
            self._records.want(orphans)
            self.sweep()

    def sweep(self) -> None:
        """Start the workflow of every removal that lacks one; those that have one are left alone."""
        for removal in self._records.list():
            self._engine.start(REMOVAL, f"orphan-{removal.id}", removal.id)

    def _workflow(self) -> Workflow:
        return Workflow(
            name=REMOVAL,
            steps=(Step("orphan_removal", self._remove), Step("orphan_removal_end", self._end)),
            deadline_seconds=DEADLINE_SECONDS,
            on_failure=self._fail,
            lane=self._cloud_of,
        )

    def _cloud_of(self, subject_id: str) -> str:
        removal = self._records.find(subject_id)
        return "" if removal is None else f"{removal.management_url} {removal.subscription_id}"

    def _remove(self, turn: Turn) -> Outcome:
        removal = self._records.find(turn.subject_id)
        if removal is None:
            return Done()
        services = self._services.list()
        if any(service.service_name == removal.name for service in services):
            raise NotFoundError("reconciliation.not_an_orphan", name=removal.name)
        known = [service for service in services if _is_of(service.management_url, service.subscription_id, removal)]
        if not known:
            raise NotFoundError("reconciliation.subscription_lost", subscription_id=removal.subscription_id)
        return Done() if _is_gone(self._look.open_subscription(known), removal) else soon(turn)

    def _end(self, turn: Turn) -> Outcome:
        removal = self._records.find(turn.subject_id)
        if removal is not None:
            # Told first and noted afterwards: a crash in between tells it twice rather than never.
            self._log.information("reconciliation.orphan_removed", name=removal.name, piece=self._piece(removal))
            self._tell(_REMOVED, removal, Severity.INFORMATIONAL)
            self._records.forget(removal.id)
        return Done()

    def _fail(self, subject_id: str, error: SiteError) -> None:
        removal = self._records.find(subject_id)
        if removal is None:
            return
        reason = explain(error.code, error.arguments, language=self._language)
        self._log.error(
            "reconciliation.orphan_not_removed", name=removal.name, piece=self._piece(removal), reason=reason
        )
        self._tell(_REMOVAL_FAILED, removal, Severity.ERROR, reason=reason)
        self._records.forget(removal.id)  # it is an orphan again, and in the next preview

    def _tell(self, number: int, removal: Removal, severity: Severity, **insertions: str) -> None:
        insertions["piece"] = self._piece(removal)
        self._status.report(number, severity, Component.CLOUD_SERVICES_MANAGER, service=removal.name, **insertions)

    def _piece(self, removal: Removal) -> str:
        return translate(f"reconciliation.piece_{removal.piece}", language=self._language)


def _is_of(management_url: str, subscription_id: str, removal: Removal) -> bool:
    return (management_url, subscription_id) == (removal.management_url, removal.subscription_id)


def _is_gone(connection: Connection, removal: Removal) -> bool:
    if removal.piece is Piece.STORAGE_ACCOUNT:
        return connection.storage.remove_storage_account(removal.name)
    assert connection.services is not None  # noqa: S101 (it has told of hosted services)
    assert connection.deployments is not None  # noqa: S101 (as above)
    is_empty = connection.deployments.remove_deployment(removal.name)
    return is_empty and connection.services.remove_service(removal.name)
