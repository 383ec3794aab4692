import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clouddp.model.errors import CloudError, SiteError, TemporaryError
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import Again, Done, Outcome, SilentObserver, Step, Turn, Workflow
from clouddp.workflows.engine import DurableEngine


class Bench:
    """An engine with one workflow, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self.log = ComponentLog(folder / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER")
        self.engine = DurableEngine(
            folder / "workflows.db", observer=SilentObserver(), log=self.log, chance=lambda: 0.0
        )
        self.errors: list[SiteError] = []
        self.turns: list[Turn] = []
        self.ended = threading.Event()

    def run(self, *steps: Callable[[Turn], Outcome], deadline_seconds: float = 60) -> None:
        named = tuple(Step(f"step {number}", self._noting(step)) for number, step in enumerate(steps))
        last = Step("last", self._end)
        workflow = Workflow(
            name="w", steps=(*named, last), deadline_seconds=deadline_seconds, on_failure=self._on_failure
        )
        self.engine.register(workflow)
        self.engine.launch()
        self.engine.start("w", "w-1", "subject")
        assert self.ended.wait(10)

    def _noting(self, step: Callable[[Turn], Outcome]) -> Callable[[Turn], Outcome]:
        def run(turn: Turn) -> Outcome:
            self.turns.append(turn)
            return step(turn)

        return run

    def _end(self, turn: Turn) -> Outcome:
        self.ended.set()
        return Done()

    def _on_failure(self, subject: str, error: SiteError) -> None:
        self.errors.append(error)
        self.ended.set()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.engine.close()


def test_steps_run_in_order_and_a_waiting_step_is_run_again(bench: Bench) -> None:
    bench.run(lambda _: Done(), lambda turn: Done() if turn.number == 2 else Again(0.01))

    assert [turn.number for turn in bench.turns] == [0, 0, 1, 2]
    assert bench.turns[-1].elapsed_seconds >= 0.02
    assert bench.turns[-1].remaining_seconds < 60
    assert [turn.worked_seconds + turn.remaining_seconds for turn in bench.turns] == pytest.approx([60] * 4)


def test_what_may_pass_is_tried_again(bench: Bench) -> None:
    tries: list[int] = []

    def step(turn: Turn) -> Outcome:
        tries.append(turn.number)
        if len(tries) < 3:
            raise TemporaryError("cloud.unreachable", retry_after_seconds=0.01)
        return Done()

    bench.run(step)

    assert len(tries) == 3
    assert bench.errors == []


def test_nothing_is_tried_again_sooner_than_the_other_side_asks(bench: Bench) -> None:
    def step(turn: Turn) -> Outcome:
        if len(bench.turns) < 2:
            raise TemporaryError("cloud.busy", retry_after_seconds=0.6, is_told=True)
        return Done()

    bench.run(step)

    assert bench.turns[1].elapsed_seconds >= 0.6


def test_a_slow_cloud_takes_no_turns_from_another(bench: Bench) -> None:
    answered, ended = threading.Event(), threading.Event()

    def step(turn: Turn) -> Outcome:
        if turn.subject_id.startswith("slow"):
            answered.wait(20)
        else:
            ended.set()
        return Done()

    bench.engine.register(
        Workflow(
            name="w",
            steps=(Step("s", step),),
            deadline_seconds=60,
            on_failure=lambda *_: None,
            lane=lambda subject: subject.partition("-")[0],
        )
    )
    bench.engine.launch()

    for number in range(40):
        bench.engine.start("w", f"slow-{number}", f"slow-{number}")
    bench.engine.start("w", "quick-1", "quick-1")

    try:
        assert ended.wait(10)
    finally:
        answered.set()


def test_what_never_passes_ends_at_the_deadline_with_its_own_error(bench: Bench) -> None:
    def step(turn: Turn) -> Outcome:
        raise TemporaryError("cloud.unreachable", retry_after_seconds=0.05, reason="no route")

    bench.run(step, deadline_seconds=0.1)

    assert bench.errors[0].code == "cloud.unreachable"
    assert bench.errors[0].arguments == {"reason": "no route"}


def test_waiting_past_the_deadline_is_a_failure_that_names_the_step(bench: Bench) -> None:
    bench.run(lambda _: Again(0.05), deadline_seconds=0.1)

    assert bench.errors[0].code == "workflow.deadline_passed"
    assert bench.errors[0].arguments == {"step": "step 0"}


def test_another_error_ends_the_workflow_at_once(bench: Bench) -> None:
    def step(turn: Turn) -> Outcome:
        raise CloudError("cloud.name_taken", name="abc")

    bench.run(step)

    assert len(bench.turns) == 1
    assert bench.errors[0].code == "cloud.name_taken"


def test_a_defect_is_told_as_internal_with_a_reference_that_the_log_knows(bench: Bench) -> None:
    def step(turn: Turn) -> Outcome:
        raise ZeroDivisionError

    bench.run(step)

    assert bench.errors[0].code == "workflow.internal"
    logged = bench.log.path.read_text()
    assert str(bench.errors[0].arguments["reference"]) in logged
    assert "ZeroDivisionError" in logged


def test_a_failure_is_told_again_until_it_could_be_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    told: list[str] = []

    def tell(subject: str, error: SiteError) -> None:
        told.append(subject)
        if len(told) == 1:
            raise OSError("disk full")
        bench.ended.set()

    def step(turn: Turn) -> Outcome:
        raise CloudError("cloud.name_taken", name="abc")

    bench.engine.register(Workflow(name="w", steps=(Step("s", step),), deadline_seconds=60, on_failure=tell))
    bench.engine.launch()
    bench.engine.start("w", "w-1", "subject")

    assert bench.ended.wait(10)
    assert told == ["subject", "subject"]
    bench.engine.close()


def test_starting_twice_runs_once(bench: Bench) -> None:
    def step(turn: Turn) -> Outcome:
        bench.engine.start("w", "w-1", "subject")
        return Done()

    bench.run(step)
    bench.engine.start("w", "w-1", "subject")

    assert len(bench.turns) == 1


def test_closing_while_a_step_waits_is_quick_and_the_next_engine_continues(tmp_path: Path) -> None:
    first, second = Bench(tmp_path), Bench(tmp_path)
    waiting = threading.Event()

    def wait(turn: Turn) -> Outcome:
        waiting.set()
        return Again(0.2)

    first.engine.register(Workflow(name="w", steps=(Step("s", wait),), deadline_seconds=60, on_failure=lambda *_: None))
    first.engine.launch()
    first.engine.start("w", "w-1", "subject")
    assert waiting.wait(10)
    began = time.monotonic()
    first.engine.close()
    assert time.monotonic() - began < 5

    def end(turn: Turn) -> Outcome:
        second.ended.set()
        return Done()

    second.engine.register(Workflow(name="w", steps=(Step("s", end),), deadline_seconds=60, on_failure=lambda *_: None))
    second.engine.launch()

    assert second.ended.wait(10)
    second.engine.close()
