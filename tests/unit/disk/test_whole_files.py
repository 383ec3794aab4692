"""Files that are whole whatever happens while they are written."""

import os
import stat
from pathlib import Path

import pytest

from clouddp.disk.whole_files import PUBLIC, write_whole


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    write_whole(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_and_the_folders_made_for_it_are_private_unless_it_is_public(tmp_path: Path) -> None:
    write_whole(tmp_path / "one" / "two" / "a", b"")
    write_whole(tmp_path / "three" / "b", b"", mode=PUBLIC)

    assert _mode(tmp_path / "one" / "two" / "a") == 0o600
    assert _mode(tmp_path / "one") == _mode(tmp_path / "one" / "two") == 0o700
    umask = os.umask(0)
    os.umask(umask)
    assert _mode(tmp_path / "three" / "b") == 0o666 & ~umask
    assert _mode(tmp_path / "three") == 0o777 & ~umask


def test_what_a_crash_left_is_replaced_and_its_mode_is_not_kept(tmp_path: Path) -> None:
    left = tmp_path / "a.new"
    left.write_bytes(b"half")
    left.chmod(0o644)

    write_whole(tmp_path / "a", b"whole")

    assert (tmp_path / "a").read_bytes() == b"whole"
    assert _mode(tmp_path / "a") == 0o600
    assert not left.exists()


def test_a_write_that_fails_leaves_what_was_there_and_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "a", b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_unfinished_file_elsewhere_is_renamed_into_a_new_folder(tmp_path: Path) -> None:
    write_whole(tmp_path / "folder" / "a", b"new", beside=tmp_path / "unfinished")

    assert (tmp_path / "folder" / "a").read_bytes() == b"new"
    assert not (tmp_path / "unfinished").exists()


def test_the_octets_are_on_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[str, list[str]]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path.resolve().parent)
        there = sorted(path.name for path in tmp_path.rglob("*"))
        flushed.append(("/".join(name.parts[1:]), there))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    write_whole(tmp_path / "one" / "a", b"octets")

    assert flushed == [("", ["one"]), ("one/a.new", ["a.new", "one"]), ("one", ["a", "one"])]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
