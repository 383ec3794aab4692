"""Tests of what an administrator does with content that is distributed: redistribute, cancel, remove, prioritise."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from clouddp.distribution_manager.plan import Activity
from clouddp.distribution_manager.schedule import SLOTS
from clouddp.model.bandwidth import BandwidthPlan, HoursRule, Opening, Priority, Weekday
from clouddp.model.cloud_service import ServiceState
from clouddp.model.content import ContentState, ValidationKind
from clouddp.model.errors import CloudError, ConflictError, NotFoundError, TemporaryError
from tests.unit.distribution_manager.distribution_bench import (
    Bench,
    WatchedStore,
    add_package,
    in_state,
    read_as_client,
    write_files,
)

NOISE = random.Random(7).randbytes(4_000_000)
CONTENTS = {"a": NOISE, "b": b"b" * 1000}


def _distributed(bench: Bench) -> tuple[str, WatchedStore]:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench, CONTENTS)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    return package_id, store


def test_redistributing_sends_everything_again_while_clients_go_on(bench: Bench) -> None:
    package_id, store = _distributed(bench)
    first = sorted(store.puts)
    store.puts.clear()

    bench.contents.redistribute(package_id, None)
    assert read_as_client(bench, package_id) == CONTENTS
    bench.manager.run_due()

    assert sorted(store.puts) == first
    assert bench.status_of(package_id).state is ContentState.SUCCESS


def test_redistributing_mends_what_has_the_right_length_and_the_wrong_octets(bench: Bench) -> None:
    package_id, store = _distributed(bench)
    for name, length in list(store.list("content")):
        store.write_unseen(name, bytes(length))

    bench.contents.redistribute(package_id, ["cdp1"])
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == CONTENTS


def test_a_redistribution_that_was_cut_goes_on_where_it_was(bench: Bench) -> None:
    package_id, store = _distributed(bench)
    objects = sorted(store.puts)
    store.puts.clear()
    store.fails_after, store.faults = len(objects) - 1, [CloudError("store.refused", name="n", reason="r")]

    bench.contents.redistribute(package_id, ["cdp1"])
    bench.manager.run_due()
    bench.wait(timedelta(minutes=30))
    bench.restart()
    bench.manager.run_due()

    assert sorted(store.puts) == objects
    assert bench.status_of(package_id).state is ContentState.SUCCESS


@pytest.mark.parametrize("action", ["redistribute", "validate", "cancel", "withdraw", "remove"])
def test_what_does_not_exist_cannot_be_changed(bench: Bench, action: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "redistribute": lambda: bench.contents.redistribute("P0100009", None),
        "validate": lambda: bench.contents.validate("P0100009", None, kind=ValidationKind.FULL, is_repairing=False),
        "cancel": lambda: bench.contents.cancel("P0100009", None),
        "withdraw": lambda: bench.contents.withdraw("P0100009", "cdp1"),
        "remove": lambda: bench.contents.remove("P0100009"),
    }

    with pytest.raises(NotFoundError, match="package_missing"):
        calls[action]()


def test_what_is_nowhere_cannot_be_sent_again_or_taken_away(bench: Bench) -> None:
    package_id, _store = _distributed(bench)
    other = add_package(bench, {"c": b"c"}, folder="other")

    with pytest.raises(NotFoundError, match="distributed_nowhere"):
        bench.contents.redistribute(other, None)
    with pytest.raises(NotFoundError, match=r"not_distributed.*cdp2"):
        bench.contents.redistribute(package_id, ["cdp1", "cdp2"])
    with pytest.raises(NotFoundError, match="not_distributed"):
        bench.contents.withdraw(package_id, "cdp2")
    with pytest.raises(ConflictError, match="nothing_to_cancel"):
        bench.contents.cancel(package_id, None)


def test_a_waiting_distribution_is_cancelled(bench: Bench) -> None:
    bench.cloud.add("cdp1", ServiceState.PROVISIONING)
    package_id = add_package(bench, CONTENTS)
    bench.contents.distribute(package_id, ["cdp1"])

    assert bench.contents.cancel(package_id, ["cdp1"]) == []
    bench.cloud.services["cdp1"] = in_state(bench.cloud.services["cdp1"], ServiceState.READY)

    assert bench.manager.run_due() == 0


def test_a_cancelled_redistribution_leaves_what_clients_have(bench: Bench) -> None:
    package_id, store = _distributed(bench)
    store.puts.clear()
    bench.contents.redistribute(package_id, None)

    [status] = bench.contents.cancel(package_id, None)

    assert (status.state, status.activity) == (ContentState.SUCCESS, Activity.NONE)
    assert bench.manager.run_due() == 0
    assert store.puts == []
    assert read_as_client(bench, package_id) == CONTENTS


class _Gate:
    """Holds puts until it is opened, and says when the first one waits."""

    def __init__(self) -> None:
        self.is_reached, self._is_open = threading.Event(), threading.Event()

    def __call__(self, _name: str) -> None:
        self.is_reached.set()
        assert self._is_open.wait(20)

    def open(self) -> None:
        self._is_open.set()


def test_a_running_distribution_is_cancelled_between_two_chunks(bench: Bench) -> None:
    store, gate = bench.cloud.add("cdp1"), _Gate()
    store.before_put = gate
    package_id = add_package(bench, {"a": random.Random(9).randbytes(20_000_000)})
    bench.contents.distribute(package_id, ["cdp1"])
    [running] = bench.manager.sweep()
    assert gate.is_reached.wait(20)

    bench.contents.cancel(package_id, None)
    bench.manager.sweep()
    gate.open()
    running.result(20)

    assert len(store.puts) <= 2  # what was on its way
    assert bench.contents.distributions(package_id) == []
    assert bench.located.located_content(package_id) is None
    assert "something else is wanted" in (bench.folder / "distmgr.log").read_text(encoding="utf-8")


def test_more_urgent_content_goes_first_and_what_paused_sends_nothing_twice(bench: Bench) -> None:
    gate, packages = _Gate(), []
    for number in range(SLOTS):
        store = bench.cloud.add(f"cdp{number}")
        store.before_put = gate
        content = random.Random(number).randbytes(17_500_000)
        packages.append(add_package(bench, {"a": content}, folder=f"low{number}"))
        bench.contents.set_priority(packages[-1], Priority.LOW)
        bench.contents.distribute(packages[-1], [f"cdp{number}"])
    bench.manager.sweep()
    assert gate.is_reached.wait(20)
    urgent_store = bench.cloud.add("urgent")
    urgent = add_package(bench, {"u": b"urgent"}, folder="urgent")
    bench.contents.set_priority(urgent, Priority.HIGH)
    bench.contents.distribute(urgent, ["urgent"])

    bench.manager.sweep()
    gate.open()
    bench.manager.run_due()

    assert read_as_client(bench, urgent, "urgent") == {"u": b"urgent"}
    log = (bench.folder / "distmgr.log").read_text(encoding="utf-8")
    assert log.count("more urgent content waits") == 1
    assert log.index(f"package {urgent}, version 1, to urgent.contoso.com: starting") < log.index("continuing")
    for number, package_id in enumerate(packages):
        assert bench.status_of(package_id).state is ContentState.SUCCESS
        puts = bench.cloud.stores[f"cdp{number}"].puts
        assert len(puts) == len(set(puts))
    assert urgent_store.puts


def test_content_waits_for_its_hours(bench: Bench) -> None:
    bench.cloud.add("cdp1")
    package_id = add_package(bench, CONTENTS)
    rule = HoursRule(days=tuple(Weekday), from_hour=8, until_hour=18, opening=Opening.HIGH)
    bench.planning.put(BandwidthPlan(rules=(rule,)))
    bench.contents.distribute(package_id, ["cdp1"])

    assert bench.manager.run_due() == 0
    assert bench.status_of(package_id).activity is Activity.WAITING_HOURS
    bench.wait(timedelta(hours=6))

    assert bench.manager.run_due() == 1


def test_a_redistribution_that_fails_at_one_place_for_long_is_not_sent_again_every_few_seconds(bench: Bench) -> None:
    package_id, store = _distributed(bench)
    store.puts.clear()
    store.fails_after = 1
    store.faults = [TemporaryError("store.unreachable", name="n", reason="r") for _ in range(100)]
    bench.contents.redistribute(package_id, None)

    for _ in range(9):
        bench.manager.run_due()
        bench.wait(timedelta(minutes=5))

    status = bench.status_of(package_id)
    assert (status.state, status.distribution.retries_left) == (ContentState.ERROR, 99)


def test_what_is_under_way_when_its_hours_end_pauses_between_two_chunks(bench: Bench) -> None:
    store, gate = bench.cloud.add("cdp1"), _Gate()
    store.before_put = gate
    content = random.Random(12).randbytes(8_000_000)
    package_id = add_package(bench, {"a": content})
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.sweep()
    assert gate.is_reached.wait(20)
    closed = HoursRule(days=tuple(Weekday), from_hour=0, until_hour=24, opening=Opening.CLOSED)

    bench.planning.put(BandwidthPlan(rules=(closed,)))
    bench.manager.sweep()
    gate.open()
    assert bench.manager.run_due() == 0
    assert bench.status_of(package_id).state is ContentState.IN_PROGRESS
    bench.planning.put(BandwidthPlan())
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == {"a": content}
    assert len(store.puts) == len(set(store.puts))
    log = (bench.folder / "distmgr.log").read_text(encoding="utf-8")
    assert log.count("does not admit it at this hour") == 1


def test_the_plan_limits_all_transfers_together(bench: Bench) -> None:
    bench.planning.put(BandwidthPlan(limit_bytes_per_second=10**9))
    _distributed(bench)

    assert bench.tools.limit.try_pass(10**10) == 0
    assert bench.tools.limit.try_pass(1) > 0


def test_the_status_says_how_it_stands_with_a_distribution_point_in_trouble(bench: Bench) -> None:
    package_id, _store = _distributed(bench)

    bench.cloud.services["cdp1"] = in_state(bench.cloud.services["cdp1"], ServiceState.ERROR)

    assert bench.status_of(package_id).state is ContentState.UNKNOWN


def test_the_status_tells_the_time_to_the_next_retry(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    store.fails_after, store.faults = 0, [CloudError("store.refused", name="n", reason="r")]
    package_id = add_package(bench, {"a": b"a"})
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    bench.wait(timedelta(minutes=10))

    status = bench.status_of(package_id)

    assert (status.state, status.activity) == (ContentState.ERROR, Activity.WAITING_RETRY)
    assert status.seconds_to_next_try == 20 * 60


def test_progress_is_kept_rarely_and_told_from_memory(bench: Bench) -> None:
    store, gate = bench.cloud.add("cdp1"), _Gate()
    package_id = add_package(bench, {"a": random.Random(10).randbytes(18_000_000)})
    bench.contents.distribute(package_id, ["cdp1"])

    def hold_once_something_is_done(name: str) -> None:
        live = bench.manager.progress(bench.distributions.all()[0])
        if live is not None and live.done_bytes:
            gate(name)

    store.before_put = hold_once_something_is_done
    [running] = bench.manager.sweep()
    assert gate.is_reached.wait(20)
    status = bench.status_of(package_id)
    gate.open()
    running.result(20)

    assert status.activity is Activity.SENDING
    assert status.distribution.done_bytes == 0  # the clock stands still, so nothing was written
    assert status.live is not None
    assert 0 < status.live.done_bytes <= 18_000_000


def test_a_new_version_and_where_it_is_wanted_are_one_change(bench: Bench) -> None:
    package_id, _store = _distributed(bench)
    source = write_files(bench.folder / "source", {"new": b"x"})
    assert source.is_dir()
    with bench.database.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER fail BEFORE INSERT ON distribution BEGIN SELECT RAISE(ABORT, 'power cut'); END"
        )

    with pytest.raises(Exception, match="power cut"):
        bench.contents.update(package_id)

    assert bench.contents.get(package_id).newest.number == 1
    assert len(list((bench.folder / "library" / "versions").glob("*.tree"))) == 1
