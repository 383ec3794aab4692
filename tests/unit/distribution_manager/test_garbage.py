"""Tests of what is deleted, when, and what is never deleted."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from clouddp.distribution_manager.plan import SUPERSEDED_FOR, tokens_end_at
from clouddp.model.cloud_service import ServiceState
from clouddp.model.errors import NotFoundError, TemporaryError
from tests.unit.distribution_manager.distribution_bench import (
    NOON,
    Bench,
    Killed,
    KillingObserver,
    add_package,
    in_state,
    read_as_client,
    write_files,
)

TOKEN_LIFE = tokens_end_at(NOON) - NOON
STEPS = ("scope", "mark", "delete", "unmark", "finish")
MOMENTS = [*(("before", step) for step in STEPS), ("after", STEPS[-1])]  # after one is before the next
BIG = {"shared": b"s" * 300_000, "own": b"o" * 10_000}


def _distributed(bench: Bench, contents: Mapping[str, bytes] = BIG, *, folder: str = "source") -> str:
    if "cdp1" not in bench.cloud.stores:
        bench.cloud.add("cdp1")
    package_id = add_package(bench, contents, folder=folder)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    return package_id


def _objects(bench: Bench) -> set[str]:
    return {name for name, _length in bench.cloud.stores["cdp1"].list("")}


def test_nothing_goes_before_the_last_token_for_it_has_ended(bench: Bench) -> None:
    package_id = _distributed(bench)
    before = _objects(bench)
    bench.contents.withdraw(package_id, "cdp1")
    assert bench.located.located_content(package_id) is None

    bench.wait(TOKEN_LIFE - timedelta(seconds=1))
    bench.collector.collect()
    assert _objects(bench) == before

    bench.wait(timedelta(seconds=1))
    bench.collector.collect()
    assert _objects(bench) == set()


def test_what_another_package_uses_stays(bench: Bench) -> None:
    first = _distributed(bench)
    second = _distributed(bench, {**BIG, "zz": b"z" * 500_000}, folder="second")

    bench.contents.withdraw(first, "cdp1")
    bench.wait(TOKEN_LIFE)
    bench.collector.collect()

    assert read_as_client(bench, second) == {**BIG, "zz": b"z" * 500_000}


def test_what_a_package_that_was_taken_away_later_uses_stays_until_its_own_tokens_have_ended(bench: Bench) -> None:
    first = _distributed(bench)
    second = _distributed(bench, BIG, folder="second")
    bench.contents.withdraw(first, "cdp1")
    bench.wait(timedelta(hours=1))
    bench.contents.withdraw(second, "cdp1")

    bench.wait(TOKEN_LIFE - timedelta(hours=1))
    bench.collector.collect()

    assert len(_objects(bench)) == 3  # a chunk, the second manifest, the second scope


def test_a_package_that_is_removed_leaves_nothing_and_its_id_is_not_given_again(bench: Bench) -> None:
    package_id = _distributed(bench)

    bench.contents.remove(package_id)
    with pytest.raises(NotFoundError):
        bench.contents.get(package_id)
    assert bench.contents.list() == []
    bench.wait(TOKEN_LIFE)
    bench.collector.collect()

    assert _objects(bench) == set()
    assert list((bench.folder / "library" / "files").glob("*/*")) == []
    assert add_package(bench, BIG, folder="again") > package_id


def test_an_older_version_goes_a_day_after_the_newer_one_came_and_its_tokens_have_ended(bench: Bench) -> None:
    package_id = _distributed(bench)
    old = bench.contents.get(package_id).newest
    write_files(bench.folder / "source", {"own": b"another" * 1000})
    bench.contents.update(package_id)
    bench.manager.run_due()

    bench.wait(SUPERSEDED_FOR)
    bench.collector.collect()
    bench.wait(TOKEN_LIFE)
    bench.collector.collect()

    assert read_as_client(bench, package_id)["own"] == b"another" * 1000
    assert [status.version.number for status in bench.contents.distributions(package_id)] == [2]
    assert len(_objects(bench)) == 3
    with pytest.raises(NotFoundError):
        bench.library.tree(old.id)


@pytest.mark.parametrize(("moment", "step"), MOMENTS)
def test_a_crash_at_any_line_of_collecting_is_continued(bench: Bench, moment: str, step: str) -> None:
    kept = _distributed(bench, {"shared": BIG["shared"]}, folder="kept")
    package_id = _distributed(bench)
    bench.contents.withdraw(package_id, "cdp1")
    bench.wait(TOKEN_LIFE)
    bench.restart(KillingObserver(moment, step))
    with pytest.raises(Killed):
        bench.collector.collect()

    bench.restart()
    bench.collector.collect()

    assert read_as_client(bench, kept) == {"shared": BIG["shared"]}
    assert len(_objects(bench)) == 3


@pytest.mark.parametrize(("moment", "step"), MOMENTS)
def test_what_is_wanted_again_while_it_is_being_deleted_comes_back_whole(bench: Bench, moment: str, step: str) -> None:
    package_id = _distributed(bench)
    bench.contents.withdraw(package_id, "cdp1")
    bench.wait(TOKEN_LIFE)
    bench.restart(KillingObserver(moment, step))
    with pytest.raises(Killed):
        bench.collector.collect()

    bench.restart()
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    bench.collector.collect()
    bench.wait(TOKEN_LIFE)
    bench.collector.collect()

    assert read_as_client(bench, package_id) == BIG


class _SendingObserver:
    """Sends, while garbage is deleted, what needs the objects that go."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.bench: Bench | None = None

    def before(self, workflow_id: str, step: str) -> None:
        if step == self.step and self.bench is not None:
            bench, self.bench = self.bench, None
            bench.contents.distribute("P0100002", ["cdp1"])
            bench.manager.sweep()

    def after(self, workflow_id: str, step: str) -> None:
        pass


@pytest.mark.parametrize("step", STEPS)
def test_a_publication_that_meets_a_deletion_waits_for_it_and_ends_whole(bench: Bench, step: str) -> None:
    package_id = _distributed(bench)
    again = add_package(bench, BIG, folder="again")
    bench.contents.withdraw(package_id, "cdp1")
    bench.wait(TOKEN_LIFE)
    observer = _SendingObserver(step)
    bench.restart(observer)
    observer.bench = bench

    bench.collector.collect()
    bench.manager.run_due()

    assert read_as_client(bench, again) == BIG


class _ClosingObserver:
    """Closes the collector once it has begun."""

    bench: Bench

    def before(self, workflow_id: str, step: str) -> None:
        self.bench.collector.close()

    def after(self, workflow_id: str, step: str) -> None:
        pass


def test_a_site_that_stops_does_not_wait_for_everything_to_be_deleted(bench: Bench) -> None:
    package_id = _distributed(bench)
    bench.contents.withdraw(package_id, "cdp1")
    bench.wait(TOKEN_LIFE)
    observer = _ClosingObserver()
    bench.restart(observer)
    observer.bench = bench

    bench.collector.collect()
    assert len(_objects(bench)) == 2  # the scope went first
    bench.restart()
    bench.collector.collect()

    assert _objects(bench) == set()


def test_a_store_that_does_not_answer_is_asked_again_later(bench: Bench) -> None:
    package_id = _distributed(bench)
    bench.contents.withdraw(package_id, "cdp1")
    bench.wait(TOKEN_LIFE)
    store = bench.cloud.stores["cdp1"]
    store.delete_faults = [TemporaryError("store.unreachable", name="n", reason="r")] * 2

    bench.collector.collect()
    bench.collector.collect()
    assert _objects(bench) != set()
    bench.collector.collect()

    assert _objects(bench) == set()
    assert (bench.folder / "distmgr.log").read_text(encoding="utf-8").count("cannot be deleted now") == 1


def test_a_distribution_point_that_is_not_there_keeps_its_garbage_waiting(bench: Bench) -> None:
    package_id = _distributed(bench)
    bench.contents.withdraw(package_id, "cdp1")
    bench.wait(TOKEN_LIFE)
    bench.cloud.services["cdp1"] = in_state(bench.cloud.services["cdp1"], ServiceState.ERROR)
    bench.collector.collect()
    assert _objects(bench) != set()

    bench.cloud.services["cdp1"] = in_state(bench.cloud.services["cdp1"], ServiceState.READY)
    bench.collector.collect()

    assert _objects(bench) == set()


def test_a_distribution_point_that_is_forgotten_leaves_nothing_to_collect(bench: Bench) -> None:
    package_id = _distributed(bench)
    bench.contents.remove(package_id)
    bench.wait(TOKEN_LIFE)

    bench.distributions.forget_distribution_point("cdp1")
    del bench.cloud.services["cdp1"]
    bench.collector.collect()

    assert list((bench.folder / "library" / "files").glob("*/*")) == []
