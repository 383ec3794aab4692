from pathlib import Path

import pytest

from clouddp.client.staging import Staging, check_target
from clouddp.content.format.digests import DigestAlgorithm, digest
from clouddp.content.format.entries import FileEntry, FileSlice, LinkEntry, Manifest, Tree
from clouddp.model.errors import InvalidInputError

SHA = "ab" * 32


def entry(path: str, octets: bytes, *, mode: int = 0o644) -> FileEntry:
    return FileEntry(path=path, size=len(octets), mode=mode, modified_us=1_000_000, digest=digest(octets))


def manifest(*files: FileEntry, links: tuple[LinkEntry, ...] = ()) -> Manifest:
    tree = Tree(files=files, folders=("hollow",), links=links)
    return Manifest(generation=1, digest_algorithm=DigestAlgorithm.BLAKE3, tree=tree, chunks=())


def test_the_target_appears_whole_with_modes_times_links_and_hollow_folders(tmp_path: Path) -> None:
    file, target = entry("a/file", b"12345", mode=0o501), tmp_path / "target"
    made = manifest(file, entry("a/none", b""), links=(LinkEntry(path="a/link", target="file"),))
    staging = Staging(target, SHA)
    staging.prepare(made)
    staging.write_chunk(1, b"..345", [FileSlice(file, 2, 2, 3)])
    staging.write_chunk(0, b"12", [FileSlice(file, 0, 0, 2)])
    assert not target.exists()

    assert list(staging.damaged(made)) == []
    staging.finish(made)

    assert (target / "a/file").read_bytes() == b"12345"
    assert (target / "a/file").stat().st_mode & 0o7777 == 0o501
    assert (target / "a/file").stat().st_mtime == 1.0
    assert (target / "a/link").readlink() == Path("file")
    assert (target / "hollow").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_chunks_noted_before_a_kill_are_known_after_it_but_not_half_a_note(tmp_path: Path) -> None:
    file = entry("file", b"1")
    killed = Staging(tmp_path / "target", SHA)
    killed.write_chunk(7, b"1", [FileSlice(file, 0, 0, 1)])
    killed.close()
    journal = next(tmp_path.glob(".target.*.clouddp/chunks"))
    journal.write_bytes(journal.read_bytes() + b"\x01\x00")

    again = Staging(tmp_path / "target", SHA)

    assert again.arrived() == {7}
    again.write_chunk(8, b"1", [])
    assert again.arrived() == {7, 8}
    again.close()


def test_a_file_that_is_not_what_was_signed_is_found(tmp_path: Path) -> None:
    good, changed, missing = entry("good", b"1"), entry("changed", b"1"), entry("missing", b"1")
    staging = Staging(tmp_path / "target", SHA)
    staging.write_chunk(0, b"12", [FileSlice(good, 0, 0, 1), FileSlice(changed, 0, 1, 1)])

    damaged = list(staging.damaged(manifest(good, changed, missing)))

    assert damaged == [changed, missing]
    staging.close()


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    staging = Staging(tmp_path / "target", SHA)
    next(tmp_path.glob(".target.*.clouddp/tree")).joinpath("file").symlink_to(victim)

    with pytest.raises(Exception, match="target_not_writable"):
        staging.write_chunk(0, b"evil", [FileSlice(entry("file", b"evil"), 0, 0, 4)])

    assert victim.read_bytes() == b"precious"
    staging.close()


def test_only_a_new_or_empty_folder_is_a_target(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "empty")

    check_target(tmp_path / "empty")
    check_target(tmp_path / "new")
    for unusable in (tmp_path, tmp_path / "file", tmp_path / "link", tmp_path / "no" / "parent"):
        with pytest.raises(InvalidInputError):
            check_target(unusable)
