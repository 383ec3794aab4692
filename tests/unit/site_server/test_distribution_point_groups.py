"""Tests of distribution point groups."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.model.content import ContentState
from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError
from tests.unit.distribution_manager.distribution_bench import Bench, add_package, write_files


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    for place in ("cdp1", "cdp2", "cdp3"):
        made.cloud.add(place)
    yield made
    made.close()


def _places(bench: Bench, package_id: str) -> list[str]:
    found = bench.contents.distributions(package_id)
    return sorted({status.distribution.distribution_point_id for status in found})


def test_a_member_gets_what_the_group_has_and_what_it_gets_later(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")
    early, late = (add_package(bench, {"a": name.encode()}, folder=name) for name in ("early", "late"))

    bench.groups.add_package(group.id, early)
    assert _places(bench, early) == []
    bench.groups.add_members(group.id, ["cdp1", "cdp2"])
    bench.groups.add_package(group.id, late)
    bench.manager.run_due()

    for package_id in (early, late):
        assert _places(bench, package_id) == ["cdp1", "cdp2"]
        assert bench.status_of(package_id).state is ContentState.SUCCESS


def test_a_new_version_goes_to_the_group(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")
    package_id = add_package(bench, {"a": b"a"})
    bench.groups.add_package(group.id, package_id)
    bench.groups.add_members(group.id, ["cdp3"])
    write_files(bench.folder / "source", {"a": b"changed"})

    bench.contents.update(package_id)

    found = bench.contents.distributions(package_id)
    assert [(one.version.number, one.distribution.distribution_point_id) for one in found] == [(2, "cdp3"), (1, "cdp3")]


def test_who_leaves_a_group_keeps_its_content(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")
    package_id = add_package(bench, {"a": b"a"})
    bench.groups.add_members(group.id, ["cdp1"])
    bench.groups.add_package(group.id, package_id)

    bench.groups.remove_member(group.id, "cdp1")

    assert bench.groups.get(group.id).distribution_point_ids == ()
    assert _places(bench, package_id) == ["cdp1"]
    bench.contents.withdraw(package_id, "cdp1")
    assert _places(bench, package_id) == []


def test_a_package_that_leaves_a_group_leaves_its_members_unless_another_group_has_it(bench: Bench) -> None:
    first, second = bench.groups.create("First", ""), bench.groups.create("Second", "")
    package_id = add_package(bench, {"a": b"a"})
    bench.groups.add_members(first.id, ["cdp1", "cdp2"])
    bench.groups.add_members(second.id, ["cdp2", "cdp3"])
    for group in (first, second):
        bench.groups.add_package(group.id, package_id)

    bench.groups.remove_package(first.id, package_id)

    assert _places(bench, package_id) == ["cdp2", "cdp3"]


def test_what_a_group_wants_somewhere_is_not_taken_away_from_there(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")
    package_id = add_package(bench, {"a": b"a"})
    bench.groups.add_members(group.id, ["cdp1"])
    bench.groups.add_package(group.id, package_id)

    with pytest.raises(ConflictError, match=r"wanted_by_group.*Europe"):
        bench.contents.withdraw(package_id, "cdp1")


def test_a_removed_package_and_a_deleted_distribution_point_leave_their_groups(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")
    package_id = add_package(bench, {"a": b"a"})
    bench.groups.add_members(group.id, ["cdp1", "cdp2"])
    bench.groups.add_package(group.id, package_id)

    bench.contents.remove(package_id)
    bench.distributions.forget_distribution_point("cdp1")

    left = bench.groups.get(group.id)
    assert (left.distribution_point_ids, left.package_ids) == (("cdp2",), ())


def test_names_of_groups_differ_in_more_than_case(bench: Bench) -> None:
    bench.groups.create("Straße", "")

    with pytest.raises(ConflictError, match="group_name_taken"):
        bench.groups.create("STRASSE", "")
    with pytest.raises(InvalidInputError, match="group_name_missing"):
        bench.groups.create(" ", "")


def test_a_deleted_group_is_gone_and_content_stays(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")
    package_id = add_package(bench, {"a": b"a"})
    bench.groups.add_members(group.id, ["cdp1"])
    bench.groups.add_package(group.id, package_id)

    bench.groups.delete(group.id)

    assert bench.groups.list() == []
    assert _places(bench, package_id) == ["cdp1"]


def test_what_does_not_exist_is_told(bench: Bench) -> None:
    group = bench.groups.create("Europe", "")

    with pytest.raises(NotFoundError, match="group_missing"):
        bench.groups.get("0" * 32)
    with pytest.raises(NotFoundError, match="distribution_point_unknown"):
        bench.groups.add_members(group.id, ["cdp9"])
    with pytest.raises(NotFoundError, match="package_missing"):
        bench.groups.add_package(group.id, "P0100009")
    with pytest.raises(NotFoundError, match="not_in_group"):
        bench.groups.remove_member(group.id, "cdp1")
    with pytest.raises(NotFoundError, match="package_not_in_group"):
        bench.groups.remove_package(group.id, "P0100009")
