"""The contract of durable workflows: lists of small named steps, each of which may run twice safely."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from clouddp.model.errors import SiteError


@dataclass(frozen=True, slots=True)
class Done:
    """The step's work is finished; the next step follows."""


@dataclass(frozen=True, slots=True)
class Again:
    """The step waits for something; run it again after this long, also when the process dies meanwhile."""

    after_seconds: float


Outcome = Done | Again


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One run of a step: whom it is for, and how long the step and the whole work have been at it."""

    subject_id: str
    number: int  # runs of this step that ended in Again before this one
    elapsed_seconds: float  # since the step's first run began
    worked_seconds: float  # since the workflow began; with the remaining ones, its whole time
    remaining_seconds: float  # until the workflow's deadline; may be negative


@dataclass(frozen=True, slots=True)
class Step:
    """One small piece of work that looks before it acts, since a crash makes it run twice."""

    name: str
    run: Callable[[Turn], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Steps in order; `on_failure` gets the subject and the error when one of them gave up.

    A step that raises TemporaryError is run again, later and later, until the deadline. Any other SiteError ends the
    workflow through `on_failure`, an unexpected exception likewise as `workflow.internal` with a reference that the
    log knows. `on_failure` is run again until it succeeds; it may run twice, too.

    `lane` names what a subject's steps wait for, such as a cloud: however slow one is, steps of other lanes go on.
    """

    name: str
    steps: tuple[Step, ...]
    deadline_seconds: float
    on_failure: Callable[[str, SiteError], None]
    lane: Callable[[str], str] = lambda _subject_id: ""


class StepObserver(Protocol):
    """The journal's hook, called around each run of a step, which is where a crash hurts most.

    `before` is called when the journal shows the step as begun and nothing was done yet, `after` when the work is done
    and the journal does not know it yet.
    """

    def before(self, workflow_id: str, step: str) -> None:
        """Learn that the step is about to act."""

    def after(self, workflow_id: str, step: str) -> None:
        """Learn that the step has acted."""


class SilentObserver:
    """The observer of everyday work: it does nothing."""

    def before(self, workflow_id: str, step: str) -> None:
        """Let the step act."""

    def after(self, workflow_id: str, step: str) -> None:
        """Let the journal be written."""


class WorkflowEngine(Protocol):
    """Runs workflows so that a crash at any moment only makes them continue later."""

    def register(self, workflow: Workflow) -> None:
        """Make a workflow known; all of them before `launch`."""

    def launch(self) -> None:
        """Continue what a crash has interrupted, and accept new work."""

    def start(self, workflow_name: str, workflow_id: str, subject_id: str) -> None:
        """Run a workflow for a subject; an id that is running or has run to its end is left alone.

        Ids are kept in clear: no secret may be part of one.
        """

    def close(self) -> None:
        """Stop between two steps; what is unfinished continues at the next launch."""
