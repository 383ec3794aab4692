"""What surrounds every step of a cloud service's workflows: whether it is still wanted, who may act, what is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clouddp.cloud_services.delays import Delays
from clouddp.cloud_services.locks import KeyedLocks
from clouddp.cloud_services.ports import ServiceRecords, StepRecords
from clouddp.cloud_services.reporting import Reporting
from clouddp.model.cloud_service import CloudService, Problem, ServiceAction, ServiceState
from clouddp.model.errors import SiteError, TemporaryError
from clouddp.model.status import Severity
from clouddp.workflows.base import Again, Done, Outcome, Step, Turn

STEP_DONE: Final = 12001
PROVISIONING_FAILED: Final = 12002
DELETION_FAILED: Final = 12005
START_FAILED: Final = 12035
STOP_FAILED: Final = 12036
CHANGE_FAILED: Final = 12037
UPGRADE_FAILED: Final = 12038
REPAIR_FAILED: Final = 12039

_FAILURES: Final[Mapping[ServiceAction, int]] = {
    ServiceAction.CREATE: PROVISIONING_FAILED,
    ServiceAction.DELETE: DELETION_FAILED,
    ServiceAction.START: START_FAILED,
    ServiceAction.STOP: STOP_FAILED,
    ServiceAction.CHANGE: CHANGE_FAILED,
    ServiceAction.UPGRADE: UPGRADE_FAILED,
    ServiceAction.REPAIR: REPAIR_FAILED,
}
_SHORTEST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a workflow is for: one generation of one cloud service."""

    service_id: str
    generation: int

    def __str__(self) -> str:
        return f"{self.service_id}-{self.generation}"

    @classmethod
    def parse(cls, text: str) -> "Subject":
        """Read what `str` wrote."""
        service_id, _, generation = text.rpartition("-")
        return cls(service_id, int(generation))


Work = Callable[[CloudService, Turn], Outcome]
"""What a step does for a service whose record it is handed fresh."""


class StepKeeper:
    """Runs steps one at a time for each service, and not at all once something newer is wanted."""

    def __init__(
        self,
        *,
        records: ServiceRecords,
        done: StepRecords,
        delays: Delays,
        reporting: Reporting,
        now: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._done = done
        self._delays = delays
        self._reporting = reporting
        self._now = now
        self._acting = KeyedLocks()

    def step(self, name: str, work: Work) -> Step:
        """Make a workflow's step, known by `name` in the journal and as `cloud.step_<name>` to people."""

        def act(service: CloudService, turn: Turn) -> Outcome:
            outcome = self._act(name, work, service, turn)
            if isinstance(outcome, Done):
                self._tell_done(name, service)
            return outcome

        return Step(name, lambda turn: self._if_wanted(act, turn))

    def last_step(self, name: str, work: Work) -> Step:
        """Make the step that settles the service, which tells with a message of its own that it is done."""

        def act(service: CloudService, turn: Turn) -> Outcome:
            return self._act(name, work, service, turn)

        return Step(name, lambda turn: self._if_wanted(act, turn))

    def wanted(self, subject: Subject) -> CloudService | None:
        """Give the service if this generation of it is still to be worked for."""
        service = self._records.find(subject.service_id)
        if service is None or service.generation != subject.generation:
            return None
        return None if service.is_settled else service

    def cloud_of(self, subject_id: str) -> str:
        """Name the cloud that a subject's steps speak to; "" when its record is gone, and they do nothing."""
        service = self._records.find(Subject.parse(subject_id).service_id)
        return "" if service is None else f"{service.management_url} {service.subscription_id}"

    def fail(self, subject_id: str, error: SiteError) -> None:
        """Tell the administrator why the work ended, and leave the service in error."""
        subject = Subject.parse(subject_id)
        with self._acting.holding(subject.service_id):
            self._delays.clear(subject.service_id)
            service = self.wanted(subject)
            if service is None:
                return
            reason = self._reporting.explain(error)
            self._reporting.log.error("cloud.work_failed", service=service.service_name, reason=reason)
            self._reporting.tell_once(_FAILURES[service.action], service, severity=Severity.ERROR, reason=reason)
            arguments = {name: str(value) for name, value in error.arguments.items()}
            problem = Problem(code=error.code, arguments=arguments)
            self._records.settle(service.id, generation=service.generation, state=ServiceState.ERROR, problem=problem)

    def _if_wanted(self, act: Work, turn: Turn) -> Outcome:
        subject = Subject.parse(turn.subject_id)
        with self._acting.holding(subject.service_id):
            service = self.wanted(subject)
            return Done() if service is None else act(service, turn)

    def _act(self, name: str, work: Work, service: CloudService, turn: Turn) -> Outcome:
        if turn.number == 0:
            self._records.set_activity(
                service.id,
                generation=service.generation,
                activity=f"cloud.step_{name}",
                deadline_at=self._now() + timedelta(seconds=turn.remaining_seconds),
            )
        try:
            outcome = work(service, turn)
        except TemporaryError as error:
            self._delays.note(service.id, error)
            self._tell_delay(name, service, turn, error)
            raise
        self._delays.clear(service.id)
        if isinstance(outcome, Again):
            self._tell_waiting(name, service, turn, outcome)
        return outcome

    def _tell_delay(self, name: str, service: CloudService, turn: Turn, error: TemporaryError) -> None:
        self._reporting.log.warning(
            "cloud.step_delayed",
            service=service.service_name,
            step=self._reporting.in_words(f"cloud.step_{name}"),
            reason=self._reporting.explain(error),
            elapsed=int(turn.worked_seconds),
            remaining=int(turn.remaining_seconds),
        )

    def _tell_waiting(self, name: str, service: CloudService, turn: Turn, outcome: Again) -> None:
        waited = {
            "seconds": f"{outcome.after_seconds:.2g}",
            "elapsed": int(turn.worked_seconds),
            "remaining": int(turn.remaining_seconds),
        }
        if name == "container":  # the documents' own line
            self._reporting.log.information("cloud.waiting_for_container", **waited)
        else:
            step = self._reporting.in_words(f"cloud.step_{name}")
            self._reporting.log.information("cloud.waiting", service=service.service_name, step=step, **waited)

    def _tell_done(self, name: str, service: CloudService) -> None:
        if self._done.is_step_done(service.id, generation=service.generation, step=name):
            return
        code = f"cloud.step_{name}"
        step = self._reporting.in_words(code)
        self._reporting.log.information("cloud.step_done", service=service.service_name, step=step)
        self._reporting.tell_once(STEP_DONE, service, step=code)
        self._done.note_step(service.id, generation=service.generation, step=name)


def soon(turn: Turn) -> Again:
    """Look again briskly at first, later with patience: after a quarter of the time that was waited already."""
    return Again(min(_LONGEST_WAIT_SECONDS, max(_SHORTEST_WAIT_SECONDS, turn.elapsed_seconds / 4)))


def done_or_soon(turn: Turn, *, is_done: bool) -> Outcome:
    """Go on once it is done, and look again until then."""
    return Done() if is_done else soon(turn)
