"""Durable workflows on dbos, which journals each step in an SQLite file of its own."""

import random
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from clouddp.model.errors import SiteError, TemporaryError
from clouddp.telemetry.correlation import correlated
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import Again, Outcome, Step, StepObserver, Turn, Workflow

_ENTRY: Final = "clouddp"
_VERSION: Final = "1"  # of the journal's shape; dbos resumes only what was begun under the same one
_BROKEN: Final = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
_RECOVERIES: Final = 10_000  # crashes that one workflow may live through
_FIRST_DELAY_SECONDS: Final = 0.25
_LONGEST_DELAY_SECONDS: Final = 30.0
_LONGEST_TOLD_SECONDS: Final = 300.0  # whoever says more may be back sooner: a deadline is not wasted on one word
_CLOSING_SECONDS: Final = 10.0
_STEPS_AT_ONCE: Final = 16  # of one lane; a thread that waits for its next look does not count
_WORKFLOWS_AT_ONCE: Final = 256  # each holds a thread; the next one begins, and its deadline with it, when one ends

_Record = dict[str, Any]
"""What the journal keeps of one run: `kind` (done, again, temporary, failed), `at`, and what the kind needs."""


class _ClosingDown(BaseException):
    """Leaves a workflow between two steps; dbos records no end for it, so the next launch resumes it."""


class DurableEngine:
    """The one workflow engine of a process."""

    def __init__(
        self,
        path: Path,
        *,
        observer: StepObserver,
        log: ComponentLog,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._path = path
        self._observer = observer
        self._log = log
        self._now = now
        self._chance = chance
        self._workflows: dict[str, Workflow] = {}
        self._closing = threading.Event()
        self._running: set[str] = set()
        self._idle = threading.Condition()
        self._lanes: dict[str, threading.Semaphore] = {}
        self._entry: Callable[[str, str], None] = self._run

    def register(self, workflow: Workflow) -> None:
        """Make a workflow known."""
        self._workflows[workflow.name] = workflow

    def launch(self) -> None:
        """Open the journal and resume what it holds unfinished."""
        _prepare_journal(self._path)
        DBOS(config=_configuration(self._path))

        def run(workflow_name: str, subject_id: str) -> None:
            self._run(workflow_name, subject_id)

        self._entry = DBOS.workflow(name=_ENTRY, max_recovery_attempts=_RECOVERIES)(run)
        DBOS.launch()

    def start(self, workflow_name: str, workflow_id: str, subject_id: str) -> None:
        """Run a workflow; one that the engine itself could not bring to an end is begun anew."""
        if workflow_id in self._running:  # known without asking the journal, which a sweep of many would do for each
            return
        known = DBOS.get_workflow_status(workflow_id)
        if known is not None and known.status not in _BROKEN:
            return
        if known is not None:
            DBOS.delete_workflow(workflow_id)
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(self._entry, workflow_name, subject_id)

    def close(self) -> None:
        """Let each workflow end its step, then close the journal."""
        self._closing.set()
        with self._idle:
            self._idle.wait_for(lambda: not self._running, timeout=_CLOSING_SECONDS)
        DBOS.destroy(destroy_registry=True)

    def _run(self, workflow_name: str, subject_id: str) -> None:
        workflow_id = cast("str", DBOS.workflow_id)
        with self._idle:
            self._running.add(workflow_id)
        try:
            self._follow(self._workflows[workflow_name], workflow_id, subject_id)
        finally:
            with self._idle:
                self._running.discard(workflow_id)
                self._idle.notify_all()

    def _follow(self, workflow: Workflow, workflow_id: str, subject_id: str) -> None:
        places = self._places_of(workflow.lane(subject_id))
        record = self._journal(places, "begin", lambda: {"kind": "done", "at": self._now()})
        deadline = record["at"] + workflow.deadline_seconds
        for step in workflow.steps:
            turns = _Turns(
                step=step,
                places=places,
                workflow_id=workflow_id,
                subject_id=subject_id,
                began_at=record["at"],
                work_began_at=deadline - workflow.deadline_seconds,
                deadline=deadline,
            )
            record = self._follow_step(turns)
            if record["kind"] != "done":
                self._fail(places, workflow, subject_id, _error_of(record))
                return

    def _follow_step(self, turns: "_Turns") -> _Record:
        number = failures = 0
        while True:
            record = self._journal(turns.places, turns.step.name, partial(self._take_turn, turns, number, failures))
            if record["kind"] in ("done", "failed"):
                return record
            if record["wake_at"] >= turns.deadline:
                return record if record["kind"] == "temporary" else _deadline_record(turns)
            self._wait_until(record["wake_at"])
            number, failures = (number + 1, 0) if record["kind"] == "again" else (number, failures + 1)

    def _take_turn(self, turns: "_Turns", number: int, failures: int) -> _Record:
        began_at = self._now()
        turn = Turn(
            subject_id=turns.subject_id,
            number=number,
            elapsed_seconds=max(0.0, began_at - turns.began_at),
            worked_seconds=max(0.0, began_at - turns.work_began_at),
            remaining_seconds=turns.deadline - began_at,
        )
        with correlated(turns.workflow_id):
            self._observer.before(turns.workflow_id, turns.step.name)
            record = self._record(turns.step, turn, failures)
            self._observer.after(turns.workflow_id, turns.step.name)
            return record

    def _record(self, step: Step, turn: Turn, failures: int) -> _Record:
        try:
            outcome = step.run(turn)
        except TemporaryError as error:
            pause = self._pause(error, failures)
            return _failure("temporary", error, at=self._now()) | {"wake_at": self._now() + pause}
        except SiteError as error:
            return _failure("failed", error, at=self._now())
        except Exception as error:  # noqa: BLE001 (a defect must end in the ERROR state with a reference, not vanish)
            return _failure("failed", self._internal(step.name, error), at=self._now())
        return _record_of(outcome, at=self._now())

    def _fail(self, places: threading.Semaphore, workflow: Workflow, subject_id: str, error: SiteError) -> None:
        failures = 0
        while True:
            tell = partial(self._try_on_failure, workflow, subject_id, error, failures)
            record = self._journal(places, "on_failure", tell)
            if record["kind"] == "done":
                return
            self._wait_until(record["wake_at"])
            failures += 1

    def _try_on_failure(self, workflow: Workflow, subject_id: str, error: SiteError, failures: int) -> _Record:
        try:
            workflow.on_failure(subject_id, error)
        except Exception as defect:  # noqa: BLE001 (whatever it is, the failure must be told in the end)
            self._internal("on_failure", defect)
            return {"kind": "again", "at": self._now(), "wake_at": self._now() + self._delay(failures)}
        return {"kind": "done", "at": self._now()}

    def _internal(self, step: str, error: Exception) -> SiteError:
        reference = uuid4().hex[:12]
        self._log.error("workflow.defect", reference=reference, step=step, detail=_whereabouts(error))
        return SiteError("workflow.internal", reference=reference, step=step)

    def _pause(self, error: TemporaryError, failures: int) -> float:
        delay = self._delay(failures)
        if error.is_told:
            return max(delay, min(error.retry_after_seconds, _LONGEST_TOLD_SECONDS))
        return min(delay, error.retry_after_seconds)

    def _delay(self, failures: int) -> float:
        longest = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2.0 ** min(failures, 10))
        return longest * (0.5 + self._chance() / 2)

    def _wait_until(self, moment: float) -> None:
        self._closing.wait(max(0.0, moment - self._now()))

    def _places_of(self, lane: str) -> threading.Semaphore:
        """Give what the steps of a lane take turns by; there are no more lanes than clouds."""
        with self._idle:
            return self._lanes.setdefault(lane, threading.Semaphore(_STEPS_AT_ONCE))

    def _journal(self, places: threading.Semaphore, name: str, run: Callable[[], _Record]) -> _Record:
        with places:
            if self._closing.is_set():
                raise _ClosingDown
            return DBOS.run_step({"name": name}, run)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turns:
    """What all runs of one step of one workflow share."""

    step: Step
    places: threading.Semaphore
    workflow_id: str
    subject_id: str
    began_at: float
    work_began_at: float
    deadline: float


def _record_of(outcome: Outcome, *, at: float) -> _Record:
    if isinstance(outcome, Again):
        return {"kind": "again", "at": at, "wake_at": at + outcome.after_seconds}
    return {"kind": "done", "at": at}


def _failure(kind: str, error: SiteError, *, at: float) -> _Record:
    arguments = {name: str(value) for name, value in error.arguments.items()}
    return {"kind": kind, "at": at, "code": error.code, "arguments": arguments}


def _deadline_record(turns: _Turns) -> _Record:
    return _failure("failed", SiteError("workflow.deadline_passed", step=turns.step.name), at=turns.deadline)


def _error_of(record: _Record) -> SiteError:
    return SiteError(record["code"], **record["arguments"])


def _whereabouts(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-6_000:]


def _prepare_journal(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # kept in the file; dbos itself does not ask for it


def _configuration(path: Path) -> DBOSConfig:
    return DBOSConfig(
        name="clouddp",
        system_database_url=f"sqlite:///{path}",
        executor_id="clouddp",
        application_version=_VERSION,
        serializer=DBOSPortableJSONSerializer(),
        enable_otlp=False,
        log_level="CRITICAL",
        max_executor_threads=_WORKFLOWS_AT_ONCE,
        notification_listener_polling_interval_sec=0.1,
    )
