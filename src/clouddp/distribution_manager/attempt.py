"""One try of one transfer: how it is recorded, logged and reported from start to end."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from clouddp.content.publish import Progress
from clouddp.distribution_manager.plan import after_failure, has_given_up
from clouddp.distribution_manager.ports import DistributionRecords, StatusReporter, Transfer
from clouddp.distribution_manager.progress import LiveProgress, Speedometer
from clouddp.distribution_manager.schedule import Reason
from clouddp.distribution_manager.transfer import TransferRunner
from clouddp.language.translate import translate
from clouddp.model.content import ContentState, Distribution, DistributionTask
from clouddp.model.errors import SiteError
from clouddp.model.status import Component, Severity
from clouddp.telemetry.logs import ComponentLog

_SAVED_EVERY: Final = timedelta(seconds=10)  # who looks meanwhile is told from memory


class SupersededError(Exception):
    """The distribution is gone, or something else is wanted of it by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionReporting:
    """Where the distribution manager says what it does."""

    status: StatusReporter
    log: ComponentLog  # distmgr.log: decisions
    transfer_log: ComponentLog  # PkgXferMgr.log: what was sent
    language: str

    def explain(self, error: SiteError) -> str:
        """Put an error into words, for a log or a status message."""
        return translate(error.code, error.arguments, language=self.language)


class Attempt:
    """Runs a transfer once, in one thread; others may look at it and stop it."""

    def __init__(
        self,
        transfer: Transfer,
        distribution_point: str,
        *,
        records: DistributionRecords,
        reporting: DistributionReporting,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.transfer = transfer
        self.stopping = threading.Event()
        self._pause_reason: Reason | None = None
        self._records = records
        self._reporting = reporting
        self._now = now
        self._saved_at = now()
        self._current = transfer.distribution
        self._quick_tries = transfer.quick_tries
        self._done_before = transfer.distribution.done_bytes
        self._sent_before = transfer.distribution.sent_bytes
        self._speed = Speedometer(total_bytes=transfer.distribution.total_bytes, clock=clock)
        self._names = {
            "package": transfer.version.package_id,
            "version": str(transfer.version.number),
            "distribution_point": distribution_point,
        }

    def run(self, runner: TransferRunner) -> None:
        """Transfer, from the first step not yet done to the version being visible.

        Raises:
            SupersededError: the distribution is gone, or something else is wanted of it by now.
        """
        first = self.transfer.distribution.state is ContentState.TARGETED
        self._save(state=ContentState.IN_PROGRESS, next_try_at=None)
        if first:
            self._tell(12011, Severity.INFORMATIONAL)
            self._reporting.log.information("distribution.started", **self._names)
        else:
            self._reporting.log.information("distribution.continued", **self._names)
        if self.transfer.distribution.task is DistributionTask.RESEND:
            self._reporting.transfer_log.information("distribution.resending", **self._names)
        else:
            self._reporting.transfer_log.information("distribution.sending", **self._names)
        self._speed.note(done_bytes=self._done_before, sent_bytes=0)
        runner.run(self.transfer, self._note_progress, self._succeed, stopping=self.stopping)

    def pause(self, reason: Reason) -> None:
        """Ask the transfer to end between two chunks; it continues later."""
        self._pause_reason = reason
        self.stopping.set()

    def progress(self) -> LiveProgress:
        """Say how it goes."""
        seen = self._speed.read()
        return replace(seen, sent_bytes=self._sent_before + seen.sent_bytes)

    def note_stopped(self) -> None:
        """Record how far it came; nothing has failed."""
        self._save()
        if self._pause_reason is Reason.PRIORITY:
            self._reporting.log.information("distribution.paused_for_priority", **self._names)
        elif self._pause_reason is Reason.TURN:
            self._reporting.log.information("distribution.paused_for_turn", **self._names)
        elif self._pause_reason is Reason.HOURS:
            self._reporting.log.information("distribution.paused_for_hours", **self._names)

    def note_superseded(self) -> None:
        """Say that nothing more is done."""
        self._reporting.log.information("distribution.superseded", **self._names)

    def fail(self, error: SiteError) -> None:
        """Record why the try failed and when the next one is."""
        transfer = replace(self.transfer, distribution=self._current, quick_tries=self._quick_tries)
        failed = after_failure(transfer, error, now=self._now())
        if not self._records.save(failed.distribution, quick_tries=failed.quick_tries):
            self.note_superseded()
            return
        reason = self._reporting.explain(error)
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
        if self._quick_tries == 0:
            self._tell(12013, Severity.WARNING, reason=reason)

    def _note_progress(self, progress: Progress) -> None:
        """Keep the progress, rarely: what was done before is read again without being sent."""
        if progress.done_bytes > self._done_before:
            self._quick_tries = 0  # it came further than ever: what failed before has passed
        self._current = replace(
            self._current,
            done_bytes=max(self._done_before, progress.done_bytes),
            sent_bytes=self._sent_before + progress.sent_bytes,
        )
        self._speed.note(done_bytes=self._current.done_bytes, sent_bytes=progress.sent_bytes)
        if abs(self._now() - self._saved_at) >= _SAVED_EVERY:  # a clock may be set back
            self._save()

    def _succeed(self, sent_bytes: int) -> None:
        sent = self._sent_before + sent_bytes
        total = self._current.total_bytes
        self._save(state=ContentState.SUCCESS, is_visible=True, problem=None, done_bytes=total, sent_bytes=sent)
        self._reporting.transfer_log.information("distribution.sent", size=sent_bytes, **self._names)
        self._reporting.log.information("distribution.succeeded", **self._names)
        self._tell(12012, Severity.INFORMATIONAL, size=str(sent_bytes))

    def _save(self, **changes: object) -> None:
        self._saved_at = self._now()
        self._current = _changed(self._current, self._saved_at, changes)
        if not self._records.save(self._current, quick_tries=self._quick_tries):
            raise SupersededError

    def _tell(self, number: int, severity: Severity, **insertions: str) -> None:
        self._reporting.status.report(
            number,
            severity,
            Component.DISTRIBUTION_MANAGER,
            object_id=self.transfer.version.package_id,
            **self._names,
            **insertions,
        )


def _changed(distribution: Distribution, moment: datetime, changes: dict[str, object]) -> Distribution:
    return replace(distribution, changed_at=moment, **changes)  # type: ignore[arg-type]  # each is a field of its own type
