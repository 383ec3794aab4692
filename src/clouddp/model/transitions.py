"""What may be done with a cloud distribution point in each of its states, and where that leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clouddp.model.cloud_service import CloudService, DesiredState, ServiceAction, ServiceState
from clouddp.model.errors import ConflictError


class ServiceOperation(StrEnum):
    """What an administrator may ask for once a cloud distribution point exists."""

    START = "start"
    STOP = "stop"
    CHANGE = "change"
    UPGRADE = "upgrade"
    REPAIR = "repair"
    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Transition:
    """A new generation: what it is for, what is wanted in the end, and the state while its work is under way."""

    action: ServiceAction
    desired: DesiredState
    state: ServiceState


_SETTLED: Final = frozenset({ServiceState.READY, ServiceState.STOPPED, ServiceState.ERROR})
_POSSIBLE: Final[Mapping[ServiceState, tuple[ServiceOperation, ...]]] = {
    ServiceState.PROVISIONING: (ServiceOperation.CANCEL, ServiceOperation.DELETE),
    ServiceState.READY: (
        ServiceOperation.STOP,
        ServiceOperation.CHANGE,
        ServiceOperation.UPGRADE,
        ServiceOperation.REPAIR,
        ServiceOperation.DELETE,
    ),
    ServiceState.STOPPING: (ServiceOperation.DELETE,),
    ServiceState.STOPPED: (
        ServiceOperation.START,
        ServiceOperation.CHANGE,
        ServiceOperation.UPGRADE,
        ServiceOperation.REPAIR,
        ServiceOperation.DELETE,
    ),
    ServiceState.STARTING: (ServiceOperation.DELETE,),
    ServiceState.UPGRADING: (ServiceOperation.DELETE,),
    ServiceState.DELETING: (),
    ServiceState.ERROR: (
        ServiceOperation.RETRY,
        ServiceOperation.START,
        ServiceOperation.STOP,
        ServiceOperation.CHANGE,
        ServiceOperation.UPGRADE,
        ServiceOperation.REPAIR,
        ServiceOperation.DELETE,
    ),
}
_WORKING_STATES: Final[Mapping[ServiceAction, ServiceState]] = {
    ServiceAction.CREATE: ServiceState.PROVISIONING,
    ServiceAction.REPAIR: ServiceState.PROVISIONING,
    ServiceAction.START: ServiceState.STARTING,
    ServiceAction.STOP: ServiceState.STOPPING,
    ServiceAction.CHANGE: ServiceState.UPGRADING,
    ServiceAction.UPGRADE: ServiceState.UPGRADING,
    ServiceAction.DELETE: ServiceState.DELETING,
}
_ACTIONS: Final[Mapping[ServiceOperation, ServiceAction]] = {
    ServiceOperation.START: ServiceAction.START,
    ServiceOperation.STOP: ServiceAction.STOP,
    ServiceOperation.CHANGE: ServiceAction.CHANGE,
    ServiceOperation.UPGRADE: ServiceAction.UPGRADE,
    ServiceOperation.REPAIR: ServiceAction.REPAIR,
    ServiceOperation.CANCEL: ServiceAction.DELETE,
    ServiceOperation.DELETE: ServiceAction.DELETE,
}
_MENDING: Final = frozenset({ServiceAction.START, ServiceAction.CHANGE, ServiceAction.UPGRADE})
_DESIRED: Final[Mapping[ServiceAction, DesiredState]] = {
    ServiceAction.START: DesiredState.RUNNING,
    ServiceAction.STOP: DesiredState.STOPPED,
    ServiceAction.DELETE: DesiredState.DELETED,
}


def possible_operations(service: CloudService) -> tuple[ServiceOperation, ...]:
    """List what may be asked for now."""
    possible = _POSSIBLE[service.state]
    if service.state is ServiceState.ERROR and service.desired is DesiredState.DELETED:
        return (ServiceOperation.RETRY, ServiceOperation.DELETE)  # parts of it may be gone
    if service.state is ServiceState.PROVISIONING and service.action is not ServiceAction.CREATE:
        return (ServiceOperation.DELETE,)  # to cancel a repair would be to delete what has served for long
    return possible


def check_transition(service: CloudService, operation: ServiceOperation) -> Transition:
    """Say what follows from an operation.

    After an error nobody knows what the cloud holds, so what would start, change or upgrade a service repairs it on
    the way: it looks at every piece.

    Raises:
        ConflictError: it is not possible now; names the state and what is.
    """
    possible = possible_operations(service)
    if operation not in possible:
        raise _refusal(service, operation, possible)
    action = service.action if operation is ServiceOperation.RETRY else _ACTIONS[operation]
    desired = _DESIRED.get(action, service.desired)
    if service.state is ServiceState.ERROR and operation is not ServiceOperation.RETRY and action in _MENDING:
        action = ServiceAction.REPAIR
    return Transition(action, desired, _WORKING_STATES[action])


def check_revision(service: CloudService) -> None:
    """Make sure that description, quotas and thresholds may still be changed, which needs no work in the cloud.

    Raises:
        ConflictError: the service is being deleted.
    """
    if service.desired is DesiredState.DELETED:
        raise _refusal(service, ServiceOperation.CHANGE, possible_operations(service))


def settled_state(service: CloudService) -> ServiceState:
    """Name the state that work ends in when it ends well."""
    return ServiceState.STOPPED if service.desired is DesiredState.STOPPED else ServiceState.READY


def _refusal(
    service: CloudService, operation: ServiceOperation, possible: tuple[ServiceOperation, ...]
) -> ConflictError:
    name, state, names = service.service_fqdn, service.state.value, ", ".join(possible) or "-"
    if service.state in _SETTLED:
        return ConflictError(
            "cloud.transition_refused", name=name, state=state, operation=operation.value, possible=names
        )
    return ConflictError("cloud.work_under_way", name=name, state=state, operation=operation.value, possible=names)
