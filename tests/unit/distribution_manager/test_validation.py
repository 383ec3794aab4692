"""Tests of validation: what a storage holds against what should be there."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from clouddp.model.cloud_service import ServiceState
from clouddp.model.content import ContentState, Validation, ValidationKind, ValidationState
from clouddp.model.errors import CloudError, NotFoundError, TemporaryError
from tests.unit.distribution_manager.distribution_bench import (
    Bench,
    WatchedStore,
    add_package,
    in_state,
    read_as_client,
)

CONTENTS = {"a": random.Random(11).randbytes(2_000_000), "b": b"b" * 500_000}


@pytest.fixture
def package_id(bench: Bench) -> str:
    bench.cloud.add("cdp1")
    made = add_package(bench, CONTENTS)
    bench.contents.distribute(made, ["cdp1"])
    bench.manager.run_due()
    return made


def _validate(bench: Bench, package_id: str, *, kind: ValidationKind, repair: bool = False) -> Validation:
    bench.contents.validate(package_id, None, kind=kind, is_repairing=repair)
    assert bench.validator.run_waiting() == 1
    validation = bench.status_of(package_id).validation
    assert validation is not None
    return validation


def _spoil(store: WatchedStore, name: str) -> None:
    body = bytearray(store.get(name))
    body[len(body) // 2] ^= 1
    store.write_unseen(name, bytes(body))


def _cut(store: WatchedStore, name: str) -> None:
    store.write_unseen(name, store.get(name)[:-1])


@pytest.mark.parametrize("kind", list(ValidationKind))
def test_what_is_as_it_should_be_is_told_so(bench: Bench, package_id: str, kind: ValidationKind) -> None:
    found = _validate(bench, package_id, kind=kind)

    objects = len(list(bench.cloud.stores["cdp1"].list("")))
    assert (found.state, found.object_count) == (ValidationState.DONE, objects)
    assert (found.missing_count, found.damaged_count) == (0, 0)
    assert bench.status_of(package_id).state is ContentState.SUCCESS
    assert bench.validator.run_waiting() == 0


@pytest.mark.parametrize(
    ("harm", "counts"),
    [(WatchedStore.delete, (1, 0)), (_cut, (0, 1)), (_spoil, (0, 1))],
    ids=["missing", "cut", "one bit"],
)
def test_each_object_that_is_wrong_is_found_and_repaired(
    bench: Bench, package_id: str, harm: Callable[[WatchedStore, str], None], counts: tuple[int, int]
) -> None:
    store = bench.cloud.stores["cdp1"]
    for name, _length in sorted(store.list("content")):
        harm(store, name)
        store.puts.clear()

        found = _validate(bench, package_id, kind=ValidationKind.FULL, repair=True)
        assert (found.missing_count, found.damaged_count) == counts
        assert bench.located.located_content(package_id) is None
        bench.manager.run_due()

        assert store.puts == [name]
        assert read_as_client(bench, package_id) == CONTENTS


def test_without_repair_no_client_is_led_to_what_is_not_whole(bench: Bench, package_id: str) -> None:
    store = bench.cloud.stores["cdp1"]
    _cut(store, next(iter(sorted(store.list("content"))))[0])

    _validate(bench, package_id, kind=ValidationKind.SAMPLE)

    status = bench.status_of(package_id)
    assert status.state is ContentState.ERROR
    assert status.distribution.problem is not None
    assert status.distribution.problem.code == "content.not_whole"
    assert bench.located.located_content(package_id) is None
    assert bench.manager.run_due() == 0
    assert 12060 in bench.numbers()


def test_a_missing_scope_is_found_and_written_again(bench: Bench, package_id: str) -> None:
    store = bench.cloud.stores["cdp1"]
    [(scope, _length)] = store.list("state")
    store.delete(scope)

    assert _validate(bench, package_id, kind=ValidationKind.SAMPLE, repair=True).missing_count == 1
    bench.manager.run_due()

    assert store.length(scope) is not None


def test_a_validation_waits_until_what_is_being_sent_is_there(bench: Bench, package_id: str) -> None:
    bench.contents.redistribute(package_id, None)
    bench.contents.validate(package_id, None, kind=ValidationKind.FULL, is_repairing=False)

    assert bench.validator.run_waiting() == 0
    bench.manager.run_due()
    assert bench.validator.run_waiting() == 1


def test_a_storage_that_does_not_answer_is_looked_at_again_in_a_minute(bench: Bench, package_id: str) -> None:
    store = bench.cloud.stores["cdp1"]
    store.get_faults = [TemporaryError("store.unreachable", name="n", reason="r")]
    bench.contents.validate(package_id, None, kind=ValidationKind.FULL, is_repairing=False)

    assert bench.validator.run_waiting() == 1
    assert bench.validator.run_waiting() == 0
    bench.wait(timedelta(minutes=1))
    assert bench.validator.run_waiting() == 1

    validation = bench.status_of(package_id).validation
    assert validation is not None
    assert validation.state is ValidationState.DONE


def test_a_storage_that_refuses_us_ends_the_validation_and_hides_nothing(bench: Bench, package_id: str) -> None:
    bench.cloud.stores["cdp1"].get_faults = [CloudError("store.refused", name="n", reason="r")]

    found = _validate(bench, package_id, kind=ValidationKind.FULL, repair=True)

    assert found.state is ValidationState.FAILED
    assert found.problem is not None
    assert bench.status_of(package_id).state is ContentState.SUCCESS


def test_a_distribution_point_in_trouble_is_not_looked_at(bench: Bench, package_id: str) -> None:
    bench.cloud.services["cdp1"] = in_state(bench.cloud.services["cdp1"], ServiceState.ERROR)
    bench.contents.validate(package_id, None, kind=ValidationKind.FULL, is_repairing=False)

    assert bench.validator.run_waiting() == 0


def test_a_cancelled_validation_is_not_run(bench: Bench, package_id: str) -> None:
    bench.contents.validate(package_id, None, kind=ValidationKind.FULL, is_repairing=False)

    bench.contents.cancel(package_id, None)

    assert bench.validator.run_waiting() == 0
    assert bench.status_of(package_id).validation is None


def test_the_background_thread_validates_when_it_is_woken(bench: Bench, package_id: str) -> None:
    bench.manager.start()

    bench.contents.validate(package_id, None, kind=ValidationKind.SAMPLE, is_repairing=False)

    bench.await_that(lambda: _is_done(bench, package_id))


def _is_done(bench: Bench, package_id: str) -> bool:
    validation = bench.status_of(package_id).validation
    return validation is not None and validation.state is ValidationState.DONE


def test_an_object_that_vanishes_while_it_is_read_is_missing(bench: Bench, package_id: str) -> None:
    bench.cloud.stores["cdp1"].get_faults = [NotFoundError("store.object_missing", name="n")]

    assert _validate(bench, package_id, kind=ValidationKind.FULL).missing_count == 1
