"""The demo's judge: it must see every difference."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clouddp.demo.comparison import compare_folders
from clouddp.model.errors import DamagedError


def make(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_bytes(b"content")
    (folder / "empty").write_bytes(b"")
    (folder / "link").symlink_to("deep/file")
    return folder


def test_equal_folders_are_counted(tmp_path: Path) -> None:
    compared = compare_folders(make(tmp_path / "a"), make(tmp_path / "b"))

    assert (compared.files, compared.size_bytes) == (3, 7)


def change_a_byte(folder: Path) -> None:
    (folder / "deep" / "file").write_bytes(b"Content")


def lose_a_file(folder: Path) -> None:
    (folder / "empty").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "more").write_bytes(b"")


def turn_a_link(folder: Path) -> None:
    (folder / "link").unlink()
    (folder / "link").symlink_to("empty")


def follow_a_link(folder: Path) -> None:
    (folder / "link").unlink()
    (folder / "link").write_bytes(b"content")


@pytest.mark.parametrize("spoil", [change_a_byte, lose_a_file, add_a_file, turn_a_link, follow_a_link])
def test_a_difference_is_found_and_named(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    source, copy = make(tmp_path / "a"), make(tmp_path / "b")
    spoil(copy)

    with pytest.raises(DamagedError) as found:
        compare_folders(source, copy)

    assert found.value.arguments["path"] in {"deep/file", "empty", "more", "link"}
