"""Tests of what an administrator does with packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.model.content import ContentState
from clouddp.model.errors import InvalidInputError, NotFoundError
from tests.unit.distribution_manager.distribution_bench import Bench, write_files


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_files(tmp_path / "source", {"a": b"abc", "b/c": b"de"})


def test_a_package_gets_the_next_id_of_the_site_and_version_1(bench: Bench, source: Path) -> None:
    first = bench.contents.add("First", str(source))
    second = bench.contents.add(" Second ", str(source))

    assert [first.package.id, second.package.id] == ["P0100001", "P0100002"]
    assert second.package.name == "Second"
    assert (first.newest.number, first.newest.file_count, first.newest.size_bytes) == (1, 2, 5)
    assert bench.contents.list() == [first, second]
    assert bench.contents.get("P0100001") == first


def test_an_update_makes_the_next_version(bench: Bench, source: Path) -> None:
    bench.contents.add("Editor", str(source))
    write_files(source, {"new": b"x"})

    updated = bench.contents.update("P0100001")

    assert (updated.newest.number, updated.newest.file_count) == (2, 3)
    assert bench.contents.list()[0].newest == updated.newest


def test_an_update_goes_where_the_package_is_wanted(bench: Bench, source: Path) -> None:
    bench.cloud.add("cdp1")
    bench.contents.add("Editor", str(source))
    bench.contents.distribute("P0100001", ["cdp1"])

    bench.contents.update("P0100001")

    wanted = [(known.version.number, known.distribution.state) for known in bench.contents.distributions("P0100001")]
    assert wanted == [(2, ContentState.TARGETED), (1, ContentState.TARGETED)]


@pytest.mark.parametrize("name", ["", "  ", "x" * 257])
def test_a_package_needs_a_name(bench: Bench, source: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="name_missing"):
        bench.contents.add(name, str(source))


def test_a_source_that_cannot_be_taken_makes_no_package(bench: Bench, tmp_path: Path) -> None:
    for folder in (str(tmp_path / "missing"), "relative/path"):
        with pytest.raises(InvalidInputError):
            bench.contents.add("Editor", folder)

    assert bench.contents.list() == []
    assert bench.numbers() == []


def test_what_does_not_exist_is_not_distributed(bench: Bench, source: Path) -> None:
    with pytest.raises(NotFoundError, match="package_missing"):
        bench.contents.distribute("P0100001", ["cdp1"])

    bench.contents.add("Editor", str(source))
    with pytest.raises(NotFoundError, match="distribution_point_unknown"):
        bench.contents.distribute("P0100001", ["cdp1"])
    assert bench.contents.distributions("P0100001") == []


def test_a_source_read_by_a_process_that_died_before_the_database_knew_is_collected(bench: Bench, source: Path) -> None:
    bench.contents.add("Editor", str(source))
    bench.library.add(write_files(source, {"more": b"unknown"}), "f" * 32)

    bench.contents.clean_up()

    with pytest.raises(NotFoundError):
        bench.library.tree("f" * 32)
    assert bench.library.tree(bench.contents.list()[0].newest.id).size == 5


def test_the_newest_version_that_is_on_a_distribution_point_is_located(bench: Bench, source: Path) -> None:
    bench.cloud.add("cdp1")
    bench.contents.add("Editor", str(source))
    bench.contents.distribute("P0100001", ["cdp1"])
    assert bench.located.located_content("P0100001") is None
    bench.manager.run_due()
    first = bench.located.located_content("P0100001")
    write_files(source, {"new": b"x"})
    bench.contents.update("P0100001")
    assert bench.located.located_content("P0100001") == first

    bench.manager.run_due()

    newest = bench.located.located_content("P0100001")
    assert first is not None
    assert newest is not None
    assert (newest.version_number, newest.distribution_point_ids) == (2, ("cdp1",))
    assert bench.located.located_content("P0100001", first.version_id) == first
