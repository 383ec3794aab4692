"""One try of one transfer: how it is recorded, logged and reported from start to end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clouddp.content.publish import Progress
from clouddp.distribution_manager.plan import after_failure, has_given_up
from clouddp.distribution_manager.ports import DistributionRecords, StatusReporter, Transfer
from clouddp.distribution_manager.transfer import TransferRunner
from clouddp.language.translate import translate
from clouddp.model.content import ContentState, Distribution
from clouddp.model.errors import SiteError
from clouddp.model.status import Component, Severity
from clouddp.telemetry.logs import ComponentLog

_PROGRESS_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionReporting:
    """Where the distribution manager says what it does."""

    status: StatusReporter
    log: ComponentLog  # distmgr.log: decisions
    transfer_log: ComponentLog  # PkgXferMgr.log: what was sent
    language: str


class Attempt:
    """Runs a transfer once; used by one thread."""

    def __init__(
        self,
        transfer: Transfer,
        distribution_point: str,
        *,
        records: DistributionRecords,
        reporting: DistributionReporting,
        now: Callable[[], datetime],
    ) -> None:
        self._transfer = transfer
        self._records = records
        self._reporting = reporting
        self._now = now
        self._saved_at = now()
        self._current = transfer.distribution
        self._sent_before = transfer.distribution.sent_bytes
        self._names = {
            "package": transfer.version.package_id,
            "version": str(transfer.version.number),
            "distribution_point": distribution_point,
        }

    def run(self, runner: TransferRunner) -> None:
        """Transfer, from the first step not yet done to the version being visible."""
        first = self._transfer.distribution.state is ContentState.TARGETED
        self._save(state=ContentState.IN_PROGRESS, next_try_at=None)
        if first:
            self._tell(12011, Severity.INFORMATIONAL)
            self._reporting.log.information("distribution.started", **self._names)
        else:
            self._reporting.log.information("distribution.continued", **self._names)
        self._reporting.transfer_log.information("distribution.sending", **self._names)
        runner.run(self._transfer, self._note_progress, self._succeed)

    def fail(self, error: SiteError) -> None:
        """Record why the try failed and when the next one is."""
        failed = after_failure(replace(self._transfer, distribution=self._current), error, now=self._now())
        self._records.save(failed.distribution, quick_tries=failed.quick_tries)
        reason = translate(error.code, error.arguments, language=self._reporting.language)
        if has_given_up(failed.distribution):
            self._reporting.log.error("distribution.given_up", reason=reason, **self._names)
            self._tell(12014, Severity.ERROR, reason=reason)
            return
        self._reporting.log.warning(
            "distribution.will_retry",
            reason=reason,
            next_try=f"{failed.distribution.next_try_at:%Y-%m-%d %H:%M:%S} UTC",
            retries_left=failed.distribution.retries_left,
            **self._names,
        )
        if self._transfer.quick_tries == 0:
            self._tell(12013, Severity.WARNING, reason=reason)

    def _note_progress(self, progress: Progress) -> None:
        """Keep the progress, not more often than people look."""
        self._current = replace(
            self._current, done_bytes=progress.done_bytes, sent_bytes=self._sent_before + progress.sent_bytes
        )
        if self._now() - self._saved_at >= _PROGRESS_EVERY:
            self._save()

    def _succeed(self, sent_bytes: int) -> None:
        sent = self._sent_before + sent_bytes
        total = self._current.total_bytes
        self._save(state=ContentState.SUCCESS, problem=None, done_bytes=total, sent_bytes=sent)
        self._reporting.transfer_log.information("distribution.sent", size=sent_bytes, **self._names)
        self._reporting.log.information("distribution.succeeded", **self._names)
        self._tell(12012, Severity.INFORMATIONAL, size=str(sent_bytes))

    def _save(self, **changes: object) -> None:
        self._saved_at = self._now()
        self._current = _changed(self._current, self._saved_at, changes)
        self._records.save(self._current, quick_tries=self._transfer.quick_tries)

    def _tell(self, number: int, severity: Severity, **insertions: str) -> None:
        self._reporting.status.report(
            number,
            severity,
            Component.DISTRIBUTION_MANAGER,
            object_id=self._transfer.version.package_id,
            **self._names,
            **insertions,
        )


def _changed(distribution: Distribution, moment: datetime, changes: dict[str, object]) -> Distribution:
    return replace(distribution, changed_at=moment, **changes)  # type: ignore[arg-type]  # each is a field of its own type
