"""The faults of the matrix: where each can strike a step, and how it is brought about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clouddp.fabric.trouble.management_strikes import ASYNCHRONOUS
from tests.fault_matrix.facts import BLOB, StepFacts, is_changing
from tests.fault_matrix.operations import Service
from tests.fault_matrix.stage import Stage

LATE_SECONDS = 0.7  # about as long as a site server takes to come back
LOST_SECONDS = 0.3
HELD_SECONDS = 30.0  # until somebody dies
UNDER_WAY_SECONDS = 2.0  # an operation is: the cloud is dead before it ends, and takes it up again afterwards
NAMELESS = frozenset({"*", "get-subscription"})  # requests that are about no service


@dataclass(frozen=True)
class Blow:
    """What a fault is handed: the stage on which the step is about to act, whom it is for, and what to strike."""

    stage: Stage
    service: Service
    step: str
    target: str  # a request, a piece, or the number of a write; "" where the fault is about the step as such

    def add_trouble(self, kind: str, **more: Any) -> str:
        """Have the next request of the target's kind meet trouble."""
        name = "*" if self.target in NAMELESS else self.service.name
        rule = {"kind": kind, "operation": self.target.removeprefix(BLOB), "name": name, "times": 1}
        return self.stage.portal.add(**rule | more)

    def delay(self, seconds: float) -> str:
        return self.add_trouble("slow-storage" if self.target.startswith(BLOB) else "delay", seconds=seconds)

    def go_on(self) -> None:
        self.stage.site.say(go_on=True)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which a step can go wrong."""

    name: str
    kind: str
    targets: Callable[[StepFacts], Sequence[str]]
    strike: Callable[[Blow], None]
    only: str = "*"  # a glob of the operations that it is for


def _kill_site_before(blow: Blow) -> None:
    blow.stage.kill_site()
    blow.stage.start_site()


def _kill_site_after(blow: Blow) -> None:
    blow.stage.site.say(pause_at=[f"after {blow.step}"], go_on=True)
    blow.stage.await_moment()
    blow.stage.kill_site()
    blow.stage.start_site()


def _kill_site_at_write(blow: Blow) -> None:
    """Have it die at the write, or after the step where that wrote less often than in the plain run."""
    blow.stage.site.say(die_at_write=int(blow.target), pause_at=[f"after {blow.step}"], go_on=True)
    blow.stage.await_death_of_site()
    blow.stage.start_site()


def _kill_site_during_request(blow: Blow) -> None:
    rule = blow.delay(LATE_SECONDS)
    blow.go_on()
    blow.stage.portal.await_strike(rule)
    blow.stage.kill_site()
    blow.stage.start_site()


def _kill_site_before_answer(blow: Blow) -> None:
    rule = blow.add_trouble("lost-answer", seconds=HELD_SECONDS)
    blow.go_on()
    blow.stage.portal.await_strike(rule)
    blow.stage.kill_site()
    blow.stage.portal.clear()
    blow.stage.start_site()


def _kill_cloud_before(blow: Blow) -> None:
    blow.stage.kill_fabric()
    blow.go_on()
    blow.stage.start_fabric()


def _kill_cloud_during_request(blow: Blow) -> None:
    rule = blow.delay(UNDER_WAY_SECONDS)
    blow.go_on()
    blow.stage.portal.await_strike(rule)
    blow.stage.kill_fabric()
    blow.stage.start_fabric()
    blow.stage.portal.clear()


def _kill_cloud_before_answer(blow: Blow) -> None:
    rule = blow.add_trouble("lost-answer", seconds=HELD_SECONDS)
    blow.go_on()
    blow.stage.portal.await_strike(rule)
    blow.stage.kill_fabric()
    blow.stage.start_fabric()


def _trouble(kind: str, **more: Any) -> Callable[[Blow], None]:
    def strike(blow: Blow) -> None:
        rule = blow.add_trouble(kind, **more)
        blow.go_on()
        blow.stage.portal.await_strike(rule)

    return strike


def _cancel_during_request(blow: Blow) -> None:
    rule = blow.delay(LATE_SECONDS)
    blow.go_on()
    blow.stage.portal.await_strike(rule)
    blow.stage.administrator.delete(blow.service.id)


def _remove_by_hand(blow: Blow) -> None:
    blow.stage.hands.remove(blow.target, blow.service.name)
    blow.go_on()


def _the_step(_facts: StepFacts) -> Sequence[str]:
    return ("",)


def _writes(facts: StepFacts) -> Sequence[str]:
    return [str(number) for number in range(2, facts.writes + 1)]


def _requests(facts: StepFacts) -> Sequence[str]:
    return facts.targets


def _management(facts: StepFacts) -> Sequence[str]:
    return [target for target in facts.targets if not target.startswith(BLOB)]


def _changing(facts: StepFacts) -> Sequence[str]:
    return [target for target in _management(facts) if is_changing(target)]


def _asynchronous(facts: StepFacts) -> Sequence[str]:
    return [target for target in facts.targets if target in ASYNCHRONOUS]


def _blobs(facts: StepFacts) -> Sequence[str]:
    return [target for target in facts.targets if target.startswith(BLOB)]


def _pieces(facts: StepFacts) -> Sequence[str]:
    return facts.pieces


SITE, CLOUD, ANSWER, HAND = "site server dies", "cloud dies", "cloud answers badly", "somebody's hand"

FAULTS = (
    Fault(name="site-killed-before", kind=SITE, targets=_the_step, strike=_kill_site_before),
    Fault(name="site-killed-during", kind=SITE, targets=_requests, strike=_kill_site_during_request),
    Fault(name="site-killed-before-answer", kind=SITE, targets=_changing, strike=_kill_site_before_answer),
    Fault(name="site-killed-at-write", kind=SITE, targets=_writes, strike=_kill_site_at_write),
    Fault(name="site-killed-after", kind=SITE, targets=_the_step, strike=_kill_site_after),
    Fault(name="cloud-killed-before", kind=CLOUD, targets=_the_step, strike=_kill_cloud_before),
    Fault(name="cloud-killed-during", kind=CLOUD, targets=_requests, strike=_kill_cloud_during_request),
    Fault(name="cloud-killed-before-answer", kind=CLOUD, targets=_changing, strike=_kill_cloud_before_answer),
    Fault(name="error-500", kind=ANSWER, targets=_management, strike=_trouble("error", status=500)),
    Fault(name="error-503", kind=ANSWER, targets=_management, strike=_trouble("error", status=503, retry_after=1)),
    Fault(name="error-429", kind=ANSWER, targets=_changing, strike=_trouble("error", status=429, retry_after=1)),
    Fault(name="storage-unavailable", kind=ANSWER, targets=_blobs, strike=_trouble("unavailable-storage")),
    Fault(name="lasting-error", kind=ANSWER, targets=_management, strike=_trouble("error", status=400, times=None)),
    Fault(name="failed-operation", kind=ANSWER, targets=_asynchronous, strike=_trouble("failed-operation", status=400)),
    Fault(name="lost-answer", kind=ANSWER, targets=_management, strike=_trouble("lost-answer", seconds=LOST_SECONDS)),
    Fault(name="lost-request", kind=ANSWER, targets=_management, strike=_trouble("lost-request", seconds=LOST_SECONDS)),
    Fault(name="repeated-request", kind=ANSWER, targets=_changing, strike=_trouble("repeated-request")),
    Fault(name="removed-by-hand", kind=HAND, targets=_pieces, strike=_remove_by_hand),
    Fault(name="cancelled-during", kind=HAND, targets=_changing, strike=_cancel_during_request, only="create"),
)
