"""Runs of the operations in which nothing goes wrong, watched step by step."""

from collections.abc import Mapping
from typing import Any

from tests.fault_matrix.facts import BLOB, StepFacts
from tests.fault_matrix.operations import OPERATIONS, Operation, Service
from tests.fault_matrix.play import find_faults
from tests.fault_matrix.stage import Stage


def run_plainly(stage: Stage) -> Mapping[str, Mapping[str, StepFacts]]:
    """Do one operation after the other; gives what each of their steps does."""
    return {operation.name: watch(stage, operation) for operation in OPERATIONS}


def watch(stage: Stage, operation: Operation) -> Mapping[str, StepFacts]:
    """Do an operation and see what its steps do, in their order."""
    service = stage.prepare(operation)
    stage.portal.add(kind="delay", seconds=0)  # strikes nobody, and has each request written to the fabric's log
    stage.portal.add(kind="slow-storage", seconds=0)
    stage.site.say(pause_at=["before", "after"])
    operation.ask(stage.administrator, service)
    facts = _watch_steps(stage, service)
    stage.site.say(pause_at=[])
    assert stage.await_settled(service) == operation.ends
    stage.portal.clear()
    service.state = operation.ends
    assert find_faults(stage, service) == []
    stage.keep(service)
    return facts


def _watch_steps(stage: Stage, service: Service) -> Mapping[str, StepFacts]:
    requests: dict[str, list[str]] = {}
    pieces: dict[str, list[str]] = {}
    writes: dict[str, int] = {}
    while True:
        step = stage.await_moment()["moment"].removeprefix("before ")
        if step not in pieces:
            pieces[step] = stage.hands.list_pieces(service.name)
        seen = len(stage.fabric_log())
        stage.site.say(go_on=True)
        moment = stage.await_moment()
        requests.setdefault(step, []).extend(map(_request, filter(_is_strike, stage.fabric_log()[seen:])))
        writes[step] = max(writes.get(step, 0), moment["writes"])
        is_over = stage.is_over(service)
        stage.site.say(go_on=True)
        if is_over:
            return {
                step: StepFacts(requests=tuple(dict.fromkeys(asked)), pieces=tuple(pieces[step]), writes=writes[step])
                for step, asked in requests.items()
            }


def _is_strike(line: Mapping[str, Any]) -> bool:
    return bool(line["code"] == "trouble.struck")


def _request(line: Mapping[str, Any]) -> str:
    arguments = line["arguments"]
    return (BLOB if arguments["kind"] == "slow-storage" else "") + str(arguments["operation"])
