"""Every state and every operation: what follows, or that it is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from clouddp.model.cloud_service import CloudService, DesiredState, ServiceAction, ServiceState
from clouddp.model.errors import ConflictError
from clouddp.model.transitions import (
    ServiceOperation,
    Transition,
    check_revision,
    check_transition,
    possible_operations,
    settled_state,
)
from tests.unit.model.cloud_service_builder import SERVICE

DELETE = Transition(ServiceAction.DELETE, DesiredState.DELETED, ServiceState.DELETING)
REPAIR = Transition(ServiceAction.REPAIR, DesiredState.RUNNING, ServiceState.PROVISIONING)
START = Transition(ServiceAction.START, DesiredState.RUNNING, ServiceState.STARTING)
STOP = Transition(ServiceAction.STOP, DesiredState.STOPPED, ServiceState.STOPPING)
CHANGE = Transition(ServiceAction.CHANGE, DesiredState.RUNNING, ServiceState.UPGRADING)
UPGRADE = Transition(ServiceAction.UPGRADE, DesiredState.RUNNING, ServiceState.UPGRADING)
CREATE = Transition(ServiceAction.CREATE, DesiredState.RUNNING, ServiceState.PROVISIONING)

POSSIBLE = {
    ServiceState.PROVISIONING: {ServiceOperation.CANCEL: DELETE, ServiceOperation.DELETE: DELETE},
    ServiceState.READY: {
        ServiceOperation.STOP: STOP,
        ServiceOperation.CHANGE: CHANGE,
        ServiceOperation.UPGRADE: UPGRADE,
        ServiceOperation.REPAIR: REPAIR,
        ServiceOperation.DELETE: DELETE,
    },
    ServiceState.STOPPING: {ServiceOperation.DELETE: DELETE},
    ServiceState.STOPPED: {
        ServiceOperation.START: START,
        ServiceOperation.CHANGE: replace(CHANGE, desired=DesiredState.STOPPED),
        ServiceOperation.UPGRADE: replace(UPGRADE, desired=DesiredState.STOPPED),
        ServiceOperation.REPAIR: replace(REPAIR, desired=DesiredState.STOPPED),
        ServiceOperation.DELETE: DELETE,
    },
    ServiceState.STARTING: {ServiceOperation.DELETE: DELETE},
    ServiceState.UPGRADING: {ServiceOperation.DELETE: DELETE},
    ServiceState.DELETING: {},
    ServiceState.ERROR: {
        ServiceOperation.RETRY: CREATE,
        ServiceOperation.START: REPAIR,
        ServiceOperation.STOP: STOP,
        ServiceOperation.CHANGE: REPAIR,
        ServiceOperation.UPGRADE: REPAIR,
        ServiceOperation.REPAIR: REPAIR,
        ServiceOperation.DELETE: DELETE,
    },
}


def in_state(state: ServiceState) -> CloudService:
    desired = {ServiceState.STOPPED: DesiredState.STOPPED, ServiceState.DELETING: DesiredState.DELETED}
    return replace(SERVICE, state=state, desired=desired.get(state, DesiredState.RUNNING))


@pytest.mark.parametrize("operation", list(ServiceOperation))
@pytest.mark.parametrize("state", list(ServiceState))
def test_each_state_takes_what_is_documented_and_refuses_the_rest(
    state: ServiceState, operation: ServiceOperation
) -> None:
    service = in_state(state)
    expected = POSSIBLE[state].get(operation)

    if expected is not None:
        assert check_transition(service, operation) == expected
        return
    with pytest.raises(ConflictError) as caught:
        check_transition(service, operation)

    is_at_rest = state in (ServiceState.READY, ServiceState.STOPPED, ServiceState.ERROR)
    assert caught.value.code == ("cloud.transition_refused" if is_at_rest else "cloud.work_under_way")
    assert caught.value.arguments["state"] == state
    assert caught.value.arguments["possible"] == (", ".join(POSSIBLE[state]) or "-")


@pytest.mark.parametrize("state", list(ServiceState))
def test_what_is_possible_is_listed(state: ServiceState) -> None:
    assert set(possible_operations(in_state(state))) == set(POSSIBLE[state])


@pytest.mark.parametrize("action", list(ServiceAction))
def test_a_retry_does_again_what_failed(action: ServiceAction) -> None:
    failed = replace(SERVICE, state=ServiceState.ERROR, action=action)

    assert check_transition(failed, ServiceOperation.RETRY).action is action


def test_a_deletion_that_failed_is_only_done_again() -> None:
    failed = replace(SERVICE, state=ServiceState.ERROR, action=ServiceAction.DELETE, desired=DesiredState.DELETED)

    assert possible_operations(failed) == (ServiceOperation.RETRY, ServiceOperation.DELETE)
    assert check_transition(failed, ServiceOperation.RETRY) == DELETE
    with pytest.raises(ConflictError, match="transition_refused"):
        check_transition(failed, ServiceOperation.START)


def test_a_repair_is_not_cancelled_since_that_would_delete_what_has_served_for_long() -> None:
    repaired = replace(SERVICE, action=ServiceAction.REPAIR)

    assert possible_operations(repaired) == (ServiceOperation.DELETE,)
    with pytest.raises(ConflictError, match="work_under_way"):
        check_transition(repaired, ServiceOperation.CANCEL)


def test_a_description_may_change_until_the_service_is_deleted() -> None:
    for state in set(ServiceState) - {ServiceState.DELETING}:
        check_revision(in_state(state))

    with pytest.raises(ConflictError, match="work_under_way"):
        check_revision(in_state(ServiceState.DELETING))


def test_work_ends_in_what_is_desired() -> None:
    assert settled_state(SERVICE) is ServiceState.READY
    assert settled_state(replace(SERVICE, desired=DesiredState.STOPPED)) is ServiceState.STOPPED


def test_the_administrators_page_has_the_same_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "administrator.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:2] == "| "]
    told = {row[0]: set(row[2].split(", ")) - {"nothing"} for row in rows if row[0] in list(ServiceState)}

    assert told == {state: set(POSSIBLE[state]) for state in ServiceState}
