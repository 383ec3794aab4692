"""The operations of the matrix: where each begins, how it is asked for, and where it is to end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from clouddp.model.cloud_service import ServiceAction
from tests.fault_matrix.administrator import Administrator, Wanted

State = Literal["none", "ready", "stopped", "deleted"]


@dataclass(kw_only=True)
class Service:
    """A cloud distribution point of the tests: what it is called, what it should be like, and where it stands."""

    wanted: Wanted
    id: str = ""
    name: str = ""
    state: State = "none"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One of the things that an administrator wants."""

    name: str
    action: ServiceAction  # whose workflow does it
    begins: State
    ends: State
    ask: Callable[[Administrator, Service], None]
    instances: int | None = None  # how many there must be at the beginning; None = any number


def _create(administrator: Administrator, service: Service) -> None:
    service.id = administrator.create(service.wanted)
    service.name = str(administrator.show(service.id)["service_name"])


def _set_instances(count: int) -> Callable[[Administrator, Service], None]:
    def ask(administrator: Administrator, service: Service) -> None:
        administrator.set_instances(service.id, count)
        service.wanted = replace(service.wanted, instances=count)

    return ask


def _replace_certificate(administrator: Administrator, service: Service) -> None:
    other = 1 - service.wanted.certificate
    administrator.replace_certificate(service.id, other)
    service.wanted = replace(service.wanted, certificate=other)


def _act(action: str) -> Callable[[Administrator, Service], None]:
    return lambda administrator, service: administrator.act(service.id, action)


def _delete(administrator: Administrator, service: Service) -> None:
    administrator.delete(service.id)


CREATE = Operation(name="create", action=ServiceAction.CREATE, begins="none", ends="ready", ask=_create)
GROW = Operation(
    name="grow", action=ServiceAction.CHANGE, begins="ready", ends="ready", ask=_set_instances(2), instances=1
)
SHRINK = Operation(
    name="shrink", action=ServiceAction.CHANGE, begins="ready", ends="ready", ask=_set_instances(1), instances=2
)
RENEW = Operation(
    name="replace-certificate", action=ServiceAction.CHANGE, begins="ready", ends="ready", ask=_replace_certificate
)
UPGRADE = Operation(name="upgrade", action=ServiceAction.UPGRADE, begins="ready", ends="ready", ask=_act("upgrade"))
STOP = Operation(name="stop", action=ServiceAction.STOP, begins="ready", ends="stopped", ask=_act("stop"))
START = Operation(name="start", action=ServiceAction.START, begins="stopped", ends="ready", ask=_act("start"))
DELETE = Operation(name="delete", action=ServiceAction.DELETE, begins="ready", ends="deleted", ask=_delete)

OPERATIONS = (CREATE, GROW, RENEW, UPGRADE, STOP, START, DELETE)
PREPARATIONS = (CREATE, SHRINK, STOP, START, DELETE)
