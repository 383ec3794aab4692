"""What the cloud services manager tells: lines for us in CloudMgr.log, status messages for the administrator."""

from typing import Final

from clouddp.cloud_services.ports import StatusReporter
from clouddp.language.translate import explain, translate
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import SiteError
from clouddp.model.status import Component, Severity
from clouddp.telemetry.logs import ComponentLog

_LOOKED_THROUGH: Final = 100  # more messages of one number than any work has


class Reporting:
    """Speaks of one service at a time, in the site's language."""

    def __init__(self, *, status: StatusReporter, log: ComponentLog, language: str) -> None:
        self.log = log
        self._status = status
        self._language = language

    def tell(
        self, number: int, service: CloudService, *, severity: Severity = Severity.INFORMATIONAL, **insertions: str
    ) -> None:
        """Report a status message about a service."""
        self._status.report(
            number,
            severity,
            Component.CLOUD_SERVICES_MANAGER,
            object_id=service.id,
            service=service.service_name,
            **insertions,
        )

    def tell_once(
        self, number: int, service: CloudService, *, severity: Severity = Severity.INFORMATIONAL, **insertions: str
    ) -> None:
        """Report a status message, unless it was reported since this work was asked for: after a crash nobody knows."""
        since = service.wanted_at or service.created_at
        wanted = {"service": service.service_name, **insertions}
        told = self._status.list(object_id=service.id, number=number, limit=_LOOKED_THROUGH)
        if not any(message.reported_at >= since and message.insertions == wanted for message in told):
            self.tell(number, service, severity=severity, **insertions)

    def in_words(self, code: str) -> str:
        """Say what a code means."""
        return translate(code, language=self._language)

    def explain(self, error: SiteError) -> str:
        """Say what went wrong and what to do."""
        return explain(error.code, error.arguments, language=self._language)
