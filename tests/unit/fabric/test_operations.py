"""Operations are done once they are accepted, kept for their time, and no more of them than can be."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.fabric.management.protocol_errors import ProtocolError, conflict
from clouddp.fabric.operations import ENDED_LIMIT, KEPT, Operations, OperationStatus, Origin, WorkInterruptedError
from clouddp.fabric.state import open_state
from clouddp.telemetry.logs import ComponentLog
from tests.unit.fabric.builders import wait_until

SUBSCRIPTION = "5ub"
IDS = [f"{number:032x}" for number in range(6_000)]


class Bench:
    """Operations on a real folder, with a clock that stands still until it is set."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = datetime(2026, 11, 1, tzinfo=UTC)
        self.log = ComponentLog(root / "fabric.log", "FABRIC")
        self.operations = self.open()

    def open(self) -> Operations:
        return Operations(open_state(self.root), self.log, now=lambda: self.now)

    def done(self, count: int, first: int = 0) -> None:
        for number in range(first, first + count):
            self.operations.record_done(IDS[number], SUBSCRIPTION)

    @property
    def files(self) -> int:
        return len(list((self.root / "documents" / "operations").iterdir()))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def end(operations: Operations, operation_id: str) -> OperationStatus:
    """Wait until an operation is ended, and say how."""

    def status() -> OperationStatus:
        operation = operations.get(SUBSCRIPTION, operation_id)
        assert operation is not None
        return operation.status

    return wait_until(status, lambda found: found is not OperationStatus.IN_PROGRESS)


def test_what_is_accepted_is_done_with_its_arguments(bench: Bench) -> None:
    done: list[Mapping[str, str]] = []
    bench.operations.register("note", done.append)
    bench.operations.start()

    bench.operations.accept(IDS[0], SUBSCRIPTION, "note", {"a": "1"})

    assert end(bench.operations, IDS[0]) is OperationStatus.SUCCEEDED
    assert done == [{"a": "1"}]
    bench.operations.close()


def test_work_that_refuses_or_breaks_ends_failed_and_the_others_go_on(bench: Bench) -> None:
    def refuse(_arguments: Mapping[str, str]) -> None:
        raise conflict("Not now.")

    def break_off(_arguments: Mapping[str, str]) -> None:
        raise RuntimeError

    for kind, work in (("refuse", refuse), ("break", break_off)):
        bench.operations.register(kind, work)
    bench.operations.start()
    for number in range(20):
        bench.operations.accept(IDS[number], SUBSCRIPTION, "break" if number % 2 else "refuse", {})

    assert {end(bench.operations, IDS[number]) for number in range(20)} == {OperationStatus.FAILED}

    shown = [bench.operations.get(SUBSCRIPTION, IDS[number]) for number in range(2)]
    assert [(each.http_status, each.error_code) for each in shown if each is not None] == [
        (409, "ConflictError"),
        (500, "InternalError"),
    ]
    bench.operations.close()


def test_work_that_was_interrupted_is_done_by_the_next_process(bench: Bench) -> None:
    def interrupt(_arguments: Mapping[str, str]) -> None:
        raise WorkInterruptedError

    bench.operations.register("note", interrupt)
    bench.operations.start()
    bench.operations.accept(IDS[0], SUBSCRIPTION, "note", {})
    bench.operations.close()
    done: list[Mapping[str, str]] = []

    after = bench.open()
    assert after.in_progress() is not None
    after.register("note", done.append)
    after.start()

    assert end(after, IDS[0]) is OperationStatus.SUCCEEDED
    assert after.in_progress() is None
    assert done == [{}]
    after.close()


def test_a_disk_that_is_full_ends_no_thread_and_the_work_is_done_again_later(bench: Bench) -> None:
    is_full = threading.Event()
    in_the_way = bench.root / "documents" / "operations" / f"{IDS[0]}.json.new"

    def fill(arguments: Mapping[str, str]) -> None:
        if "fills" in arguments:
            in_the_way.mkdir()  # nothing can be written in its place
            is_full.set()

    bench.operations.register("fill", fill)
    bench.operations.start()
    bench.operations.accept(IDS[0], SUBSCRIPTION, "fill", {"fills": "yes"})
    assert is_full.wait(20)

    for number in range(1, 20):
        bench.operations.accept(IDS[number], SUBSCRIPTION, "fill", {})

    assert {end(bench.operations, IDS[number]) for number in range(1, 20)} == {OperationStatus.SUCCEEDED}
    wait_until(lambda: (bench.root / "fabric.log").read_text(encoding="utf-8"), lambda log: IDS[0] in log)
    bench.operations.close()
    in_the_way.rmdir()
    waiting = bench.open().in_progress(fills="yes")
    assert waiting is not None
    assert waiting.id == IDS[0]


def test_doing_it_here_and_now_tells_how_it_failed(bench: Bench) -> None:
    def refuse(_arguments: Mapping[str, str]) -> None:
        raise conflict("Not now.")

    bench.operations.register("refuse", refuse)
    operation = bench.operations.write_down(IDS[0], SUBSCRIPTION, "refuse", {})

    with pytest.raises(ProtocolError, match="Not now") as caught:
        bench.operations.do(operation)

    assert (caught.value.status, caught.value.code) == (409, "ConflictError")
    assert bench.operations.in_progress() is None


def test_what_is_under_way_is_found_by_its_arguments(bench: Bench) -> None:
    bench.done(3)
    bench.operations.write_down(IDS[9], SUBSCRIPTION, "note", {"account": "store1", "more": "x"})

    found = bench.operations.in_progress(account="store1")

    assert found is not None
    assert found.id == IDS[9]
    assert bench.operations.in_progress(account="store2") is None


def test_an_operation_is_another_subscriptions_secret(bench: Bench) -> None:
    bench.done(1)

    assert bench.operations.get("other", IDS[0]) is None
    assert bench.operations.all("other") == []


def test_a_synchronous_request_is_recorded_once_and_as_the_real_service_does(bench: Bench) -> None:
    with bench.operations.asked_by(Origin(name="CreateHostedService")):
        bench.done(1)
    bench.done(1)

    (operation,) = bench.operations.all(SUBSCRIPTION)

    assert (operation.status, operation.http_status) == (OperationStatus.SUCCEEDED, 200)
    assert operation.origin.name == "CreateHostedService"


def test_an_operation_is_forgotten_after_its_time_while_the_process_runs(bench: Bench) -> None:
    bench.done(1)
    bench.now += KEPT
    bench.done(1, first=1)
    assert bench.operations.get(SUBSCRIPTION, IDS[0]) is not None

    bench.now += timedelta(seconds=1)

    assert bench.operations.get(SUBSCRIPTION, IDS[0]) is None
    assert [operation.id for operation in bench.operations.all(SUBSCRIPTION)] == [IDS[1]]
    bench.done(1, first=2)
    assert bench.files == 2


def test_an_operation_is_forgotten_after_its_time_at_the_next_start(bench: Bench) -> None:
    bench.done(2)
    bench.now += KEPT + timedelta(seconds=1)

    after = bench.open()
    after.start()
    after.close()

    assert bench.files == 0


def test_what_is_not_ended_is_never_forgotten(bench: Bench) -> None:
    bench.operations.write_down(IDS[0], SUBSCRIPTION, "note", {})
    bench.now += 2 * KEPT
    bench.done(1, first=1)

    assert bench.operations.in_progress() is not None
    assert bench.operations.get(SUBSCRIPTION, IDS[0]) is not None


@pytest.mark.slow
def test_no_more_operations_are_kept_than_the_limit_and_the_newest_are(bench: Bench) -> None:
    bench.operations.write_down(IDS[0], SUBSCRIPTION, "note", {})
    bench.done(ENDED_LIMIT + 250, first=1)

    assert ENDED_LIMIT < bench.files <= ENDED_LIMIT + 100
    kept = {operation.id for operation in bench.open().all(SUBSCRIPTION)}
    assert IDS[0] in kept
    assert set(IDS[251 : ENDED_LIMIT + 251]) <= kept
