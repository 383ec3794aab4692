"""Plays one cell: the operation, the blow, the way to the end, and what an independent eye sees there."""

import time
from dataclasses import dataclass, field

from clouddp.model.errors import SiteError
from tests.fault_matrix.cells import Cell
from tests.fault_matrix.expectations import Path
from tests.fault_matrix.faults import Blow
from tests.fault_matrix.inventory import HostedServiceSeen, Seen
from tests.fault_matrix.operations import Operation, Service, State
from tests.fault_matrix.stage import Stage

END_MESSAGES = {
    "create": 9409,
    "grow": 12032,
    "replace-certificate": 12032,
    "upgrade": 12033,
    "stop": 12030,
    "start": 12031,
    "delete": 12004,
}
OWN_ENDS = (Path.DONE, Path.AFTER_RETRY, Path.REPAIRED)  # a repair or a cancellation tells of itself
CALM_SECONDS = 5.0
LOOK_SECONDS = 0.1
OBJECTS = ("package/N.cspkg", "state/service")


@dataclass(kw_only=True)
class Outcome:
    """What was seen of a cell."""

    path: Path | None = None  # None when it came to no good end
    problem: str = ""  # the code of the first error
    delays: int = 0  # temporary failures that the site server got over by itself
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)  # what is not as it should be at the end


def play(stage: Stage, cell: Cell) -> Outcome:
    """Have a cell happen; whatever it leaves that is not right is taken off the stage."""
    service = stage.prepare(cell.operation)
    outcome = Outcome()
    began_at, delays = time.monotonic(), stage.count_delays()
    told_before = stage.administrator.count_told(service.id, END_MESSAGES[cell.operation.name])
    try:
        _strike(stage, cell, service)
        _come_to_end(stage, cell, service, outcome)
        outcome.faults += find_faults(stage, service)
        if outcome.path in OWN_ENDS:
            outcome.faults += _message_faults(stage, service, cell.operation, told_before)
    except (AssertionError, TimeoutError, SiteError) as error:
        outcome.path = None
        outcome.faults.append(f"{type(error).__name__}: {error}")
    outcome.seconds = time.monotonic() - began_at
    outcome.delays = stage.count_delays() - delays
    if outcome.faults or outcome.path is None:
        stage.replace()
    else:
        stage.keep(service)
    return outcome


def _strike(stage: Stage, cell: Cell, service: Service) -> None:
    stage.site.say(pause_at=[f"before {cell.step}"])
    cell.operation.ask(stage.administrator, service)
    stage.await_moment()
    cell.fault.strike(Blow(stage=stage, service=service, step=cell.step, target=cell.target))


def _come_to_end(stage: Stage, cell: Cell, service: Service, outcome: Outcome) -> None:
    """Wait for the end; from an error go on as an administrator would: once the cause is gone, retry, then repair."""
    ends: State = "deleted" if Path.CANCELLED in cell.expected else cell.operation.ends
    service.state = ends
    paths = iter((Path.AFTER_RETRY, Path.AFTER_REPAIR))
    outcome.path = Path.CANCELLED if Path.CANCELLED in cell.expected else Path.DONE
    while (state := stage.await_settled(service)) == "error":
        stage.portal.clear()
        outcome.problem = outcome.problem or str(stage.administrator.show(service.id)["problem"]["code"])
        outcome.path = next(paths, None)
        if outcome.path is Path.AFTER_RETRY:
            stage.administrator.act(service.id, "retry")
        elif outcome.path is Path.AFTER_REPAIR:
            stage.administrator.repair(service.id)
        else:
            break
    assert state == ends, f"it ended in {state}: {outcome.problem}"
    stage.portal.clear()
    if outcome.path is Path.DONE and Path.REPAIRED in cell.expected:
        _reconcile(stage, service, outcome)


def _reconcile(stage: Stage, service: Service, outcome: Outcome) -> None:
    """Have the next look at the cloud find what is missing, and repair it."""
    stage.administrator.repair(service.id)
    assert stage.await_settled(service) == service.state, "not repaired"
    outcome.path = Path.REPAIRED


def find_faults(stage: Stage, service: Service) -> list[str]:
    """Hold what there is against what there should be; what comes late is given a moment."""
    expected = expected_sight(service)
    deadline = time.monotonic() + CALM_SECONDS
    while (seen := stage.eye.look()) != expected and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    faults = [] if seen == expected else [f"seen {seen}, expected {expected}"]
    if not stage.foreign.is_untouched():
        faults.append("what is foreign was touched")
    return faults + _record_faults(stage, service)


def expected_sight(service: Service) -> Seen:
    """Say what the subscription should hold of a service, and nothing else."""
    if service.state == "deleted":
        return Seen()
    wanted, is_running = service.wanted, service.state == "ready"
    instances = wanted.instances
    hosted = HostedServiceSeen(
        certificates=(wanted.thumbprint,),
        deployments=("Running" if is_running else "Suspended",),
        instances=("ReadyRole" if is_running else "StoppedVM",) * instances,
        configured_instances=(instances,),
        configured_certificates=(wanted.thumbprint,),
        presented_certificates=(wanted.thumbprint if is_running else "",),
    )
    return Seen(
        services={service.name: hosted},
        accounts={service.name: {"clouddp": OBJECTS}},
        processes=instances if is_running else 0,
    )


def _record_faults(stage: Stage, service: Service) -> list[str]:
    names = [] if service.state == "deleted" else [service.name]
    recorded = [name for name in stage.administrator.list_names() if name not in stage.forgotten]
    if recorded != names:
        return [f"the site has records of {recorded}"]
    if not names:
        return []
    shown = stage.administrator.show(service.id)
    expected = {
        "state": service.state,
        "problem": None,
        "activity_code": "",
        "instance_count": service.wanted.instances,
        "service_certificate_thumbprint": service.wanted.thumbprint,
    }
    return [f"the record's {key} is {shown[key]}" for key, value in expected.items() if shown[key] != value]


def _message_faults(stage: Stage, service: Service, operation: Operation, told_before: int) -> list[str]:
    """Find an end that was told twice, or not at all; what a step has done may be told again after a crash."""
    told = stage.administrator.count_told(service.id, END_MESSAGES[operation.name]) - told_before
    return [] if told == 1 else [f"{END_MESSAGES[operation.name]} was told {told} times"]
