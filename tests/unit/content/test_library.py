"""Tests of the content library: it takes a source folder whole, or leaves nothing behind."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from clouddp.content.library import ContentLibrary
from clouddp.model.errors import DamagedError, InvalidInputError, NotFoundError
from tests.unit.content.format.trees import file_contents
from tests.unit.distribution_manager.distribution_bench import write_files


def _library(tmp_path: Path) -> ContentLibrary:
    return ContentLibrary(tmp_path / "library")


def _held(library: ContentLibrary) -> set[str]:
    """Name everything the library keeps."""
    return {str(path.relative_to(library.folder)) for path in library.folder.rglob("*") if path.is_file()}


def _read(library: ContentLibrary, version_id: str) -> bytes:
    tree = library.tree(version_id)
    buffer = bytearray(tree.size)
    with library.open_stream(tree) as stream:
        assert stream.readinto(memoryview(buffer)) == tree.size
        assert stream.readinto(memoryview(bytearray(1))) == 0
    return bytes(buffer)


def test_a_version_is_its_files_in_path_order(tmp_path: Path) -> None:
    library = _library(tmp_path)
    source = write_files(tmp_path / "source", {"b": b"second", "a/z": b"first", "é": b"last", "empty": b""})

    tree = library.add(source, "v1")

    assert [file.path for file in tree.files] == ["a/z", "b", "empty", "é"]
    assert _read(library, "v1") == b"firstsecondlast"


def test_mode_and_time_are_kept_and_set_id_bits_are_not(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"tool": b"x"})
    (source / "tool").chmod(0o4755)
    os.utime(source / "tool", ns=(0, 1_700_000_000_123_456_789))

    [file] = _library(tmp_path).add(source, "v1").files

    assert (file.mode, file.modified_us) == (0o755, 1_700_000_000_123_456)


def test_equal_files_are_kept_once_across_versions(tmp_path: Path) -> None:
    library = _library(tmp_path)
    source = write_files(tmp_path / "source", {"a": b"same", "b": b"same", "large": b"x" * 3_000_000})
    library.add(source, "v1")
    write_files(source, {"c": b"other"})

    library.add(source, "v2")

    assert len([path for path in _held(library) if path.startswith("files/")]) == 3


def test_empty_folders_and_links_inside_are_kept(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"lib/x": b"x"})
    (source / "deep/empty").mkdir(parents=True)
    (source / "lib64").symlink_to("./lib/")
    (source / "deep/link").symlink_to("../lib/x")
    (source / "dangling").symlink_to("nowhere")

    tree = _library(tmp_path).add(source, "v1")

    assert tree.folders == ("deep/empty",)
    assert [(link.path, link.target) for link in tree.links] == [
        ("dangling", "nowhere"),
        ("deep/link", "../lib/x"),
        ("lib64", "lib"),
    ]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "sub/../../outside"])
def test_a_link_that_leaves_the_folder_is_refused_by_name(tmp_path: Path, target: str) -> None:
    library, source = _library(tmp_path), write_files(tmp_path / "source", {"a": b"a"})
    (source / "link").symlink_to(target)

    with pytest.raises(InvalidInputError) as raised:
        library.add(source, "v1")

    [fault] = raised.value.faults
    assert (fault.code, fault.arguments["path"]) == ("content.link_leaves", "link")
    assert _held(library) == set()


def test_everything_that_cannot_be_taken_is_listed_at_once(tmp_path: Path) -> None:
    library, source = _library(tmp_path), write_files(tmp_path / "source", {"a": b"", "what?": b"", "nul": b""})
    os.mkfifo(source / "pipe")
    (source / os.fsdecode(b"bad\xff")).write_bytes(b"")
    os.mkfifo(source / os.fsdecode(b"bad pipe\xff"))
    (source / "bad link").symlink_to(os.fsdecode(b"/bad\xff"))

    with pytest.raises(InvalidInputError) as raised:
        library.add(source, "v1")

    assert {fault.code for fault in raised.value.faults} == {
        "content.path_character",
        "content.path_reserved",
        "content.source_special",
        "content.path_not_unicode",
    }
    assert raised.value.arguments["count"] == 6
    assert all(str(fault).encode("utf-8") for fault in raised.value.faults)
    assert _held(library) == set()


@pytest.mark.parametrize(
    ("name", "code"),
    [("missing", "content.source_missing"), ("file", "content.source_not_folder"), ("empty", "content.source_empty")],
)
def test_a_source_that_is_no_folder_with_files_is_refused(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "empty" / "only folders").mkdir(parents=True)

    with pytest.raises(InvalidInputError) as raised:
        _library(tmp_path).add(tmp_path / name, "v1")

    assert raised.value.code == code


def test_a_source_that_holds_the_library_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"a": b"a"})

    with pytest.raises(InvalidInputError, match="source_holds_library"):
        _library(tmp_path).add(tmp_path, "v1")


@contextmanager
def _ordinary_account() -> Iterator[Path]:
    """Be an account that may not read everything, in a folder that it may use."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(folder)


def test_unreadable_files_and_folders_are_named_and_nothing_is_added() -> None:
    with _ordinary_account() as folder:
        library = ContentLibrary(folder / "library")
        source = write_files(folder / "source", {"secret": b"x", "sub/file": b"y"})
        (source / "secret").chmod(0)
        with pytest.raises(InvalidInputError, match=r"source_unreadable.*secret"):
            library.add(source, "v1")

        (source / "secret").chmod(0o600)
        (source / "sub").chmod(0)
        with pytest.raises(InvalidInputError) as raised:
            library.add(source, "v1")
        (source / "sub").chmod(0o700)

    assert [fault.arguments["path"] for fault in raised.value.faults] == ["sub"]


def test_a_source_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    library, source = _library(tmp_path), write_files(tmp_path / "source", {"a": bytes(8_000_000), "log": b""})
    has_begun, is_over = threading.Event(), threading.Event()

    def keep_writing() -> None:
        with (source / "log").open("ab", buffering=0) as file:
            while not is_over.is_set():
                file.write(b"line\n")
                has_begun.set()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    has_begun.wait()
    try:
        with pytest.raises(InvalidInputError, match=r"source_changed.*log"):
            library.add(source, "v1")
    finally:
        is_over.set()
        writer.join()
    assert _held(library) == set()


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """The limit on file sizes stands for a full disk: both make a write fail in the middle."""
    library, source = _library(tmp_path), write_files(tmp_path / "source", {"a": b"a", "large": bytes(3_000_000)})
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from clouddp.content.library import ContentLibrary; from clouddp.model.errors import ConflictError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "try: ContentLibrary(Path(sys.argv[1])).add(Path(sys.argv[2]), 'v1')\n"
        "except ConflictError as error: print(error.code)\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", code, library.folder, source], check=True, capture_output=True, text=True
    )

    assert told.stdout.strip() == "content.disk_full"
    assert _held(library) == set()


def test_what_a_crash_left_is_collected_and_the_rest_kept(tmp_path: Path) -> None:
    library, source = _library(tmp_path), write_files(tmp_path / "source", {"a": b"known"})
    library.add(source, "known")
    before = _held(library)
    library.add(write_files(source, {"b": b"unknown to the database"}), "unknown")
    write_files(library.folder / "incoming" / "half", {"00/abc": b"half"})

    library.collect(["known"])

    assert _held(library) == before
    assert _read(library, "known") == b"known"


def test_a_removed_version_takes_along_what_no_other_needs(tmp_path: Path) -> None:
    library, source = _library(tmp_path), write_files(tmp_path / "source", {"a": b"shared"})
    library.add(source, "v1")
    before = _held(library)
    library.add(write_files(source, {"b": b"of version 2 alone"}), "v2")
    library.keep_manifest("v2", b"manifest")

    library.remove(["v2", "unknown"])

    assert _held(library) == before
    assert _read(library, "v1") == b"shared"
    with pytest.raises(NotFoundError):
        library.manifest("v2")


def test_nothing_that_is_being_added_is_removed(tmp_path: Path) -> None:
    library = _library(tmp_path)
    library.add(write_files(tmp_path / "old", {"a": b"wanted by both" * 1000}), "old")
    source = write_files(tmp_path / "source", {"a": b"wanted by both" * 1000, "large": bytes(30_000_000)})
    adding = threading.Thread(target=library.add, args=(source, "new"))

    adding.start()
    library.remove(["old"])
    adding.join()

    assert _read(library, "new") == b"wanted by both" * 1000 + bytes(30_000_000)


def test_a_version_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        _library(tmp_path).tree("v1")
    with pytest.raises(NotFoundError):
        _library(tmp_path).manifest("v1")


def test_a_damaged_file_stops_the_stream(tmp_path: Path) -> None:
    library = _library(tmp_path)
    library.add(write_files(tmp_path / "source", {"a": b"abc"}), "v1")
    [kept] = (library.folder / "files").glob("*/*")
    kept.write_bytes(b"ab")

    with pytest.raises(DamagedError, match="library_damaged"):
        _read(library, "v1")


def test_others_may_not_look_into_the_library(tmp_path: Path) -> None:
    assert _library(tmp_path).folder.stat().st_mode & 0o777 == 0o700


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(contents=file_contents())
def test_any_tree_survives_the_library(tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("any")
    library = ContentLibrary(folder / "library")
    contents = {"always": b"there"} | {path: content for path, content in contents.items() if path != "always"}

    tree = library.add(write_files(folder / "source", contents), "v1")

    assert {file.path for file in tree.files} == set(contents)
    assert _read(library, "v1") == b"".join(contents[path] for path in sorted(contents, key=str.encode))


def test_two_thousand_files_are_taken_and_read_again(tmp_path: Path) -> None:
    library = _library(tmp_path)
    source = write_files(tmp_path / "source", {f"{number % 50}/{number}": b"%d" % number for number in range(2000)})

    tree = library.add(source, "v1")

    assert len(tree.files) == 2000
    assert len(_read(library, "v1")) == sum(len(str(number)) for number in range(2000))
