"""Tests of reading a source folder: what was listed must be what is read."""

import os
from pathlib import Path

import pytest

from clouddp.content.source import check_same, list_source, open_unchanged
from clouddp.model.errors import InvalidInputError
from tests.unit.distribution_manager.distribution_bench import write_files


def test_a_file_that_changes_between_listing_and_opening_is_refused(tmp_path: Path) -> None:
    [file] = list_source(write_files(tmp_path, {"a": b"before"})).files
    (tmp_path / "a").write_bytes(b"after it")

    with pytest.raises(InvalidInputError, match="source_changed"), open_unchanged(tmp_path, file):
        pytest.fail("it was opened")


def test_a_file_that_changes_while_it_is_open_is_refused(tmp_path: Path) -> None:
    [file] = list_source(write_files(tmp_path, {"a": b"before"})).files

    with pytest.raises(InvalidInputError, match="source_changed"), open_unchanged(tmp_path, file) as descriptor:
        _read_and_change(descriptor, tmp_path / "a")


def _read_and_change(descriptor: int, path: Path) -> None:
    os.read(descriptor, 10)
    path.write_bytes(b"after it")


def test_a_file_exchanged_for_another_of_the_same_size_and_time_is_refused(tmp_path: Path) -> None:
    [file] = list_source(write_files(tmp_path, {"a": b"before"})).files
    moment = (tmp_path / "a").stat().st_mtime_ns
    (tmp_path / "other").write_bytes(b"AFTER!")
    os.utime(tmp_path / "other", ns=(moment, moment))
    (tmp_path / "other").replace(tmp_path / "a")

    with pytest.raises(InvalidInputError, match="source_changed"), open_unchanged(tmp_path, file):
        pytest.fail("it was opened")


def test_a_file_that_went_away_or_became_a_link_is_refused(tmp_path: Path) -> None:
    [file] = list_source(write_files(tmp_path, {"a": b"x"})).files
    (tmp_path / "a").unlink()
    with pytest.raises(InvalidInputError, match="source_changed"), open_unchanged(tmp_path, file):
        pytest.fail("it was opened")

    (tmp_path / "a").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInputError, match="source_unreadable"), open_unchanged(tmp_path, file):
        pytest.fail("it was opened")


@pytest.mark.parametrize("change", ["file", "folder", "link", "gone"])
def test_anything_added_or_removed_is_named(tmp_path: Path, change: str) -> None:
    before = list_source(write_files(tmp_path, {"a": b"x", "gone": b"x"}))
    if change == "file":
        write_files(tmp_path, {"new": b""})
    elif change == "folder":
        (tmp_path / "new").mkdir()
    elif change == "link":
        (tmp_path / "new").symlink_to("a")
    else:
        (tmp_path / "gone").unlink()

    with pytest.raises(InvalidInputError) as raised:
        check_same(before, list_source(tmp_path))

    assert raised.value.arguments["path"] == ("gone" if change == "gone" else "new")


def test_names_are_kept_as_they_are_composed_or_not(tmp_path: Path) -> None:
    names = {"\u00e9", "e\u0301", "文件", "ملف", "файл"}

    listing = list_source(write_files(tmp_path, dict.fromkeys(names, b"x")))

    assert {file.path for file in listing.files} == names


def test_deep_folders_are_listed(tmp_path: Path) -> None:
    path = "/".join(["deep"] * 200)

    assert [file.path for file in list_source(write_files(tmp_path, {f"{path}/x": b""})).files] == [f"{path}/x"]
