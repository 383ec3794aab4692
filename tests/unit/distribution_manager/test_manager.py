"""Tests of distributions from the source folder to what a client reads."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from clouddp.distribution_manager.plan import LASTING_DELAY, LASTING_RETRIES
from clouddp.distribution_manager.transfer import STEPS
from clouddp.model.cloud_service import ServiceState
from clouddp.model.content import ContentState
from clouddp.model.errors import CloudError, TemporaryError
from tests.unit.distribution_manager.distribution_bench import (
    CONTENTS,
    Bench,
    KillingObserver,
    WatchedStore,
    add_package,
    in_state,
    read_as_client,
    write_files,
)


def test_content_arrives_at_the_client_byte_for_byte(bench: Bench) -> None:
    bench.cloud.add("cdp1")
    package_id = add_package(bench)

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == CONTENTS
    assert bench.numbers() == [12010, 12011, 12012]


def test_the_status_says_what_was_sent(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()

    status = bench.status_of(package_id).distribution
    assert status.state is ContentState.SUCCESS
    assert status.done_bytes == status.total_bytes == sum(map(len, CONTENTS.values()))
    assert status.sent_bytes == sum(length for _name, length in store.list("content"))


def test_the_store_holds_no_plaintext_and_no_name(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()

    for name, _length in store.list("content"):
        body = store.get(name)
        assert b"setup.exe" not in body
        assert CONTENTS["setup.exe"][:32] not in body


def test_the_scope_names_exactly_the_objects_of_the_version(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()

    [(service_id, scope)] = bench.cloud.scopes
    assert service_id == scope.service_id == "cdp1"
    assert {f"content/{name}": length for name, length in scope.lengths.items()} == dict(store.list("content"))


def test_nothing_is_visible_before_all_of_it_is_there(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    store.fails_after, store.faults = 2, [CloudError("store.refused", name="n", reason="r")]
    package_id = add_package(bench)

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()

    assert bench.located.located_content(package_id) is None
    assert bench.cloud.scopes == []


def test_a_second_version_sends_only_what_changed(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    before = len(store.puts)

    changed = {**CONTENTS, "data/empty": b"no longer"}
    write_files(bench.folder / "source", changed)
    bench.contents.update(package_id)
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == changed
    assert len(store.puts) - before <= 3  # a chunk or two, and the manifest


def test_two_distribution_points_get_the_same_objects(bench: Bench) -> None:
    first, second = bench.cloud.add("cdp1"), bench.cloud.add("cdp2")
    package_id = add_package(bench)

    bench.contents.distribute(package_id, ["cdp1", "cdp2"])
    bench.manager.run_due()

    assert dict(first.list("content")) == dict(second.list("content"))
    assert read_as_client(bench, package_id, "cdp2") == CONTENTS


def test_distributing_again_what_is_there_sends_nothing(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    before = list(store.puts)

    bench.contents.distribute(package_id, ["cdp1"])

    assert bench.manager.run_due() == 0
    assert store.puts == before


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_sends_nothing_twice(bench: Bench, moment: str, step: str) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.restart(KillingObserver(moment, step))
    bench.manager.run_due()

    bench.restart()
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == CONTENTS
    assert len(store.puts) == len(set(store.puts)) == len(dict(store.list("content")))


def test_a_crash_between_two_chunks_sends_nothing_twice(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    store.fails_after, store.faults = 3, [SystemExit()]
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    arrived = list(store.puts)

    bench.restart()
    bench.manager.run_due()

    assert len(arrived) == 3
    assert read_as_client(bench, package_id) == CONTENTS
    assert len(store.puts) == len(set(store.puts))


def test_a_distribution_point_that_is_not_ready_yet_gets_its_content_when_it_is(bench: Bench) -> None:
    bench.cloud.add("cdp1", ServiceState.PROVISIONING)
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])

    assert bench.manager.run_due() == 0
    assert bench.status_of(package_id).distribution.state is ContentState.TARGETED

    bench.cloud.services["cdp1"] = in_state(bench.cloud.services["cdp1"], ServiceState.READY)
    assert bench.manager.run_due() == 1
    assert bench.status_of(package_id).distribution.state is ContentState.SUCCESS


def test_content_that_a_distribution_point_lost_is_sent_again_and_until_then_not_offered(bench: Bench) -> None:
    store = bench.cloud.add("cdp1")
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    for name, _length in list(store.list("")):
        store.delete(name)

    bench.distributions.content_lost("cdp1")
    assert bench.located.located_content(package_id) is None
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == CONTENTS


def test_what_is_wanted_at_a_distribution_point_that_is_gone_is_forgotten(bench: Bench) -> None:
    bench.cloud.add("cdp1", ServiceState.PROVISIONING)
    package_id = add_package(bench)
    bench.contents.distribute(package_id, ["cdp1"])
    del bench.cloud.services["cdp1"]

    assert bench.manager.run_due() == 0
    assert bench.contents.distributions(package_id) == []


def _failing(bench: Bench, count: int, error: type[TemporaryError | CloudError]) -> tuple[str, WatchedStore]:
    store = bench.cloud.add("cdp1")
    store.fails_after = 0
    store.faults = [error("store.refused", name="n", reason="r") for _ in range(count)]
    package_id = add_package(bench, {"a": b"a"})
    bench.contents.distribute(package_id, ["cdp1"])
    return package_id, store


def test_what_may_pass_is_tried_again_within_seconds(bench: Bench) -> None:
    package_id, _store = _failing(bench, 2, TemporaryError)

    bench.manager.run_due()
    waiting = bench.status_of(package_id).distribution
    assert (waiting.state, waiting.retries_left) == (ContentState.IN_PROGRESS, LASTING_RETRIES)
    assert bench.manager.run_due() == 0

    bench.wait(timedelta(seconds=2))
    bench.manager.run_due()
    bench.wait(timedelta(seconds=4))
    bench.manager.run_due()

    assert bench.status_of(package_id).distribution.state is ContentState.SUCCESS
    assert bench.numbers() == [12010, 12011, 12013, 12012]


@pytest.mark.parametrize("size", [10_000, 20_000_000], ids=["one object", "many objects"])
def test_what_the_store_says_it_took_and_did_not_keep_is_sent_again(bench: Bench, size: int) -> None:
    store = bench.cloud.add("cdp1")
    contents = {"a": random.Random(4).randbytes(size)}
    package_id = add_package(bench, contents)
    store.loses = 1
    bench.contents.distribute(package_id, ["cdp1"])

    bench.manager.run_due()
    assert bench.located.located_content(package_id) is None
    bench.wait(timedelta(seconds=2))
    bench.manager.run_due()

    assert read_as_client(bench, package_id) == contents
    assert len(store.puts) == len(set(store.puts)) + 1


def test_what_lasts_is_tried_again_after_30_minutes_also_by_another_process(bench: Bench) -> None:
    package_id, _store = _failing(bench, 1, CloudError)

    bench.manager.run_due()
    waiting = bench.status_of(package_id).distribution
    assert (waiting.state, waiting.retries_left) == (ContentState.ERROR, LASTING_RETRIES - 1)
    assert waiting.next_try_at == bench.now + LASTING_DELAY

    bench.restart()
    assert bench.manager.run_due() == 0
    bench.wait(LASTING_DELAY)
    assert bench.manager.run_due() == 1
    assert bench.status_of(package_id).distribution.problem is None


def test_a_library_that_lost_a_file_is_told_and_nothing_is_visible(bench: Bench) -> None:
    bench.cloud.add("cdp1")
    package_id = add_package(bench)
    for lost in (bench.folder / "library" / "files").glob("*/*"):
        lost.unlink()

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()

    problem = bench.status_of(package_id).distribution.problem
    assert problem is not None
    assert problem.code == "content.library_damaged"
    assert bench.located.located_content(package_id) is None


def test_a_library_that_changed_after_the_first_publication_is_told(bench: Bench) -> None:
    bench.cloud.add("cdp1")
    bench.cloud.add("cdp2")
    package_id = add_package(bench, {"a": b"before"})
    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.run_due()
    [kept] = (bench.folder / "library" / "files").glob("*/*")
    kept.write_bytes(b"AFTER!")

    bench.contents.distribute(package_id, ["cdp2"])
    bench.manager.run_due()

    problems = [transfer.distribution.problem for transfer in bench.contents.distributions(package_id)]
    assert [problem and problem.code for problem in problems] == [None, "content.stream_changed"]


def test_the_background_thread_does_what_is_due_when_it_is_woken(bench: Bench, tmp_path: Path) -> None:
    bench.cloud.add("cdp1")
    package_id = add_package(bench, {"a": b"a"})
    bench.manager.start()

    bench.contents.distribute(package_id, ["cdp1"])
    bench.manager.wake()

    bench.await_success(package_id)
    log = (tmp_path / "distmgr.log").read_text(encoding="utf-8")
    assert log.count("clients can get it") == 1
