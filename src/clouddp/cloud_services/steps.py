"""What surrounds every step of a cloud service's workflows: whether it is still wanted, who may act, what is told."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clouddp.cloud_services.ports import ServiceRecords, StepRecords
from clouddp.cloud_services.reporting import Reporting
from clouddp.model.cloud_service import CloudService, DesiredState, Problem, ServiceState
from clouddp.model.errors import SiteError, TemporaryError
from clouddp.model.status import Severity
from clouddp.workflows.base import Again, Done, Outcome, Step, Turn

STEP_DONE: Final = 12001
PROVISIONING_FAILED: Final = 12002
DELETION_FAILED: Final = 12005

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

    def __init__(self, *, records: ServiceRecords, done: StepRecords, reporting: Reporting) -> None:
        self._records = records
        self._done = done
        self._reporting = reporting
        self._guard = threading.Lock()
        self._acting: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

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
        return service if service.settled_generation < service.generation else None

    def fail(self, subject_id: str, error: SiteError) -> None:
        """Tell the administrator why the work ended, and leave the service in error."""
        subject = Subject.parse(subject_id)
        with self._lock_of(subject.service_id):
            service = self.wanted(subject)
            if service is None:
                return
            reason = self._reporting.explain(error)
            self._reporting.log.error("cloud.work_failed", service=service.service_name, reason=reason)
            number = DELETION_FAILED if service.desired is DesiredState.DELETED else PROVISIONING_FAILED
            self._reporting.tell(number, service, severity=Severity.ERROR, reason=reason)
            arguments = {name: str(value) for name, value in error.arguments.items()}
            problem = Problem(code=error.code, arguments=arguments)
            self._records.settle(service.id, generation=service.generation, state=ServiceState.ERROR, problem=problem)

    def _if_wanted(self, act: Work, turn: Turn) -> Outcome:
        subject = Subject.parse(turn.subject_id)
        with self._lock_of(subject.service_id):
            service = self.wanted(subject)
            return Done() if service is None else act(service, turn)

    def _act(self, name: str, work: Work, service: CloudService, turn: Turn) -> Outcome:
        if turn.number == 0:
            self._records.set_activity(service.id, generation=service.generation, activity=f"cloud.step_{name}")
        try:
            return work(service, turn)
        except TemporaryError as error:
            self._reporting.log.warning(
                "cloud.step_delayed",
                service=service.service_name,
                step=self._reporting.in_words(f"cloud.step_{name}"),
                reason=self._reporting.explain(error),
                remaining=int(turn.remaining_seconds),
            )
            raise

    def _tell_done(self, name: str, service: CloudService) -> None:
        # Told first and noted afterwards: a crash in between tells it twice rather than never.
        if self._done.is_step_done(service.id, generation=service.generation, step=name):
            return
        step = self._reporting.in_words(f"cloud.step_{name}")
        self._reporting.log.information("cloud.step_done", service=service.service_name, step=step)
        self._reporting.tell(STEP_DONE, service, step=step)
        self._done.note_step(service.id, generation=service.generation, step=name)

    def _lock_of(self, service_id: str) -> threading.Lock:
        with self._guard:
            return self._acting[service_id]


def soon(turn: Turn) -> Again:
    """Look again briskly at first, later with patience: after a quarter of the time that was waited already."""
    return Again(min(_LONGEST_WAIT_SECONDS, max(_SHORTEST_WAIT_SECONDS, turn.elapsed_seconds / 4)))
