from typing import Any

import pytest

from clouddp.cloud_services.reconcile_choice import check_choice, orphans, plan_changes
from clouddp.model.cloud_service import DesiredState
from clouddp.model.errors import InvalidInputError
from clouddp.model.reconciliation import Discrepancy, Finding, Piece, Remedy


def finding(piece: Piece, discrepancy: Discrepancy, *remedies: Remedy, **changes: Any) -> Finding:
    plain: dict[str, Any] = {
        "name": "abc",
        "service_id": "1",
        "management_url": "https://management.invalid",
        "subscription_id": "s",
        "service_name": "abc",
        "service_fqdn": "clouddp1.contoso.com",
        "expected": "",
        "seen": "",
    }
    return Finding(piece=piece, discrepancy=discrepancy, remedies=remedies, **(plain | changes))


COUNT = finding(Piece.DEPLOYMENT, Discrepancy.OTHER_COUNT, Remedy.ADOPT, Remedy.REPAIR, seen="4")
SUSPENDED = finding(Piece.DEPLOYMENT, Discrepancy.SUSPENDED, Remedy.ADOPT, Remedy.REPAIR)
RUNNING = finding(Piece.DEPLOYMENT, Discrepancy.RUNNING, Remedy.ADOPT, Remedy.REPAIR, service_id="2")
ELSEWHERE = finding(Piece.STORAGE_ACCOUNT, Discrepancy.ELSEWHERE, Remedy.ADOPT, Remedy.REPAIR, seen="East US")
GONE = finding(Piece.CLOUD_SERVICE, Discrepancy.MISSING, Remedy.REPAIR, Remedy.REMOVE)
EXTRA = finding(Piece.SERVICE_CERTIFICATE, Discrepancy.EXTRA, Remedy.REMOVE, name="CD")
ORPHAN = finding(Piece.STORAGE_ACCOUNT, Discrepancy.ORPHANED, Remedy.REMOVE, service_id=None)


def test_all_that_cannot_be_chosen_is_said_at_once() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_choice([COUNT], {"nothing": Remedy.REPAIR, COUNT.id: Remedy.REMOVE})

    assert [fault.code for fault in refusal.value.faults] == [
        "reconciliation.finding_unknown",
        "reconciliation.remedy_not_offered",
    ]


def test_nothing_chosen_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        check_choice([COUNT], {})


def test_each_record_takes_over_what_was_adopted_and_nothing_else() -> None:
    first, second = plan_changes([(COUNT, Remedy.ADOPT), (SUSPENDED, Remedy.ADOPT), (RUNNING, Remedy.ADOPT)])

    assert (first.service_id, first.instance_count, first.desired) == ("1", 4, DesiredState.STOPPED)
    assert (first.is_deleted, first.region, first.misplaced) == (False, None, ())
    assert (second.service_id, second.instance_count, second.desired) == ("2", None, DesiredState.RUNNING)


def test_a_misplaced_piece_is_removed_only_when_its_repair_was_chosen() -> None:
    (adopted,) = plan_changes([(ELSEWHERE, Remedy.ADOPT)])
    (repaired,) = plan_changes([(ELSEWHERE, Remedy.REPAIR)])
    (other,) = plan_changes([(COUNT, Remedy.REPAIR)])

    assert (adopted.region, adopted.misplaced) == ("East US", ())
    assert (repaired.region, repaired.misplaced) == (None, (Piece.STORAGE_ACCOUNT,))
    assert (other.instance_count, other.misplaced) == (None, ())


def test_a_record_goes_only_when_all_of_it_is_gone_and_that_was_chosen() -> None:
    assert [change.is_deleted for change in plan_changes([(GONE, Remedy.REMOVE)])] == [True]
    assert [change.is_deleted for change in plan_changes([(GONE, Remedy.REPAIR)])] == [False]
    assert [change.is_deleted for change in plan_changes([(EXTRA, Remedy.REMOVE)])] == [False]


def test_orphans_change_no_record() -> None:
    choices = [(ORPHAN, Remedy.REMOVE), (COUNT, Remedy.REPAIR)]

    assert orphans(choices) == (ORPHAN,)
    assert [change.service_id for change in plan_changes(choices)] == ["1"]
