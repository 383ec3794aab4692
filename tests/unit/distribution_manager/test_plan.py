"""Tests of what is due, and when what failed is tried again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clouddp.distribution_manager.plan import (
    LASTING_DELAY,
    LASTING_RETRIES,
    after_failure,
    has_given_up,
    is_due,
    takes_content,
)
from clouddp.distribution_manager.ports import Transfer
from clouddp.model.cloud_service import ServiceState
from clouddp.model.content import ContentState, Distribution, PackageVersion
from clouddp.model.errors import CloudError, TemporaryError
from tests.unit.distribution_manager.distribution_bench import NOON, a_service

READY = {"cdp1": a_service("cdp1", ServiceState.READY)}
TRANSFER = Transfer(
    version=PackageVersion(id="v1", package_id="P0100001", number=1, file_count=1, size_bytes=1, created_at=NOON),
    distribution=Distribution(
        version_id="v1",
        distribution_point_id="cdp1",
        state=ContentState.TARGETED,
        total_bytes=1,
        done_bytes=0,
        sent_bytes=0,
        retries_left=LASTING_RETRIES,
        next_try_at=None,
        problem=None,
        changed_at=NOON,
    ),
    quick_tries=0,
)


def _waiting_until(moment_from_noon: timedelta) -> Transfer:
    return replace(TRANSFER, distribution=replace(TRANSFER.distribution, next_try_at=NOON + moment_from_noon))


def test_what_is_targeted_is_due_at_once() -> None:
    assert is_due(TRANSFER, READY, NOON)
    assert not is_due(TRANSFER, {}, NOON)


def test_what_waits_is_due_at_its_moment_and_not_before() -> None:
    waiting = _waiting_until(timedelta(seconds=5))

    assert not is_due(waiting, READY, NOON)
    assert is_due(waiting, READY, NOON + timedelta(seconds=5))


def test_a_clock_that_was_set_back_delays_nothing_for_longer_than_it_ever_waits() -> None:
    set_when_the_clock_was_wrong = _waiting_until(timedelta(days=365))

    assert is_due(set_when_the_clock_was_wrong, READY, NOON)


@pytest.mark.parametrize("state", list(ServiceState))
def test_only_a_service_with_a_storage_takes_content(state: ServiceState) -> None:
    has_storage = state not in {ServiceState.PROVISIONING, ServiceState.DELETING, ServiceState.ERROR}

    assert takes_content(a_service("cdp1", state)) is has_storage


def test_transient_failures_back_off_from_seconds_and_cost_no_retry() -> None:
    transfer, delays = TRANSFER, []
    for _ in range(8):
        transfer = after_failure(transfer, TemporaryError("store.unreachable"), now=NOON)
        assert transfer.distribution.next_try_at is not None
        delays.append((transfer.distribution.next_try_at - NOON).total_seconds())

    assert delays == [2, 4, 8, 16, 32, 64, 128, 256]
    assert transfer.distribution.retries_left == LASTING_RETRIES
    assert transfer.distribution.state is ContentState.IN_PROGRESS


def test_what_is_transient_for_too_long_is_lasting() -> None:
    failed = after_failure(replace(TRANSFER, quick_tries=8), TemporaryError("store.unreachable"), now=NOON)

    assert failed.distribution.retries_left == LASTING_RETRIES - 1
    assert failed.quick_tries == 0


def test_lasting_failures_are_retried_100_times_at_30_minutes() -> None:
    transfer, retries = TRANSFER, 0
    while not has_given_up(transfer.distribution):
        transfer = after_failure(transfer, CloudError("store.refused"), now=NOON)
        if transfer.distribution.next_try_at is not None:
            assert transfer.distribution.next_try_at == NOON + LASTING_DELAY
            retries += 1

    assert retries == 100
    assert transfer.distribution.state is ContentState.ERROR


def test_the_problem_is_kept_as_code_and_text_arguments() -> None:
    failed = after_failure(TRANSFER, CloudError("store.refused", name="x", reason=403), now=NOON)

    assert failed.distribution.problem is not None
    assert failed.distribution.problem.code == "store.refused"
    assert failed.distribution.problem.arguments == {"name": "x", "reason": "403"}
