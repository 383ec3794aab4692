"""Documents are whole on disk after each change, and what a crash left half written is no document."""

import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from clouddp.fabric.state import Documents, StateLock, open_state, remove_folder
from clouddp.model.errors import ConflictError, DamagedError, SiteError


@dataclass(frozen=True, slots=True)
class Note:
    text: str


def open_notes(root: Path) -> Documents[Note]:
    return open_state(root).documents("notes", Note)


def test_what_is_put_is_there_after_the_documents_are_opened_again(tmp_path: Path) -> None:
    notes = open_notes(tmp_path)
    notes.put("b", Note("second"))
    notes.put("a", Note("first"))
    notes.put("b", Note("changed"))

    for opened in (notes, open_notes(tmp_path)):
        assert opened.all() == [Note("first"), Note("changed")]
        assert opened.get("b") == Note("changed")
        assert opened.get("c") is None


def test_documents_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    open_notes(tmp_path).put("a", Note("secret"))

    (file,) = tmp_path.rglob("a.json")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_removed_documents_are_gone_and_absent_ones_are_fine(tmp_path: Path) -> None:
    notes = open_notes(tmp_path)
    for name in "abc":
        notes.put(name, Note(name))

    notes.remove("a", "c", "unknown")
    notes.remove()

    assert notes.all() == open_notes(tmp_path).all() == [Note("b")]


def test_what_was_half_written_is_cleared_and_changes_nothing(tmp_path: Path) -> None:
    open_notes(tmp_path).put("a", Note("whole"))
    folder = tmp_path / "documents" / "notes"
    for name in ("a.json.new", "b.json.new"):
        (folder / name).write_bytes(b'{"text": "hal')

    assert open_notes(tmp_path).all() == [Note("whole")]
    assert [file.name for file in folder.iterdir()] == ["a.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"text": 1}', b"\xff"])
def test_a_document_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    open_notes(tmp_path).put("a", Note("whole"))
    (file,) = tmp_path.rglob("a.json")
    file.write_bytes(content)

    with pytest.raises(DamagedError) as caught:
        open_notes(tmp_path)

    assert caught.value.arguments["path"] == file


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a\n", "é", "a" * 129])
def test_a_name_that_no_file_should_have_is_a_defect(tmp_path: Path, name: str) -> None:
    notes = open_notes(tmp_path)

    with pytest.raises(ValueError, match=re.escape(name) or "^$"):
        notes.put(name, Note("x"))

    assert notes.all() == []


def test_a_disk_that_takes_nothing_leaves_the_document_as_it_was(tmp_path: Path) -> None:
    notes = open_notes(tmp_path)
    notes.put("a", Note("before"))
    (tmp_path / "documents" / "notes" / "a.json.new").mkdir()  # nothing can be written in its place

    with pytest.raises(OSError, match=r"a\.json\.new"):
        notes.put("a", Note("after"))

    assert notes.get("a") == Note("before")


def test_documents_can_be_listed_while_others_change_them(tmp_path: Path) -> None:
    notes = open_notes(tmp_path)
    failures: list[BaseException] = []
    is_done = threading.Event()

    def list_them() -> None:
        try:
            while not is_done.is_set():
                assert all(note.text == "x" for note in notes.all())
        except BaseException as error:  # noqa: BLE001 (a thread's error is shown by the test)
            failures.append(error)

    reader = threading.Thread(target=list_them)
    reader.start()
    for number in range(15):
        notes.put(f"n{number}", Note("x"))
        notes.remove(f"n{number - 5}") if number >= 5 else None
    is_done.set()
    reader.join()

    assert failures == []
    assert len(notes.all()) == 5


def test_one_process_at_a_time_holds_a_state_folder(tmp_path: Path) -> None:
    held = StateLock(tmp_path)

    with pytest.raises(ConflictError, match="state_in_use"):
        StateLock(tmp_path)

    held.close()
    StateLock(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps({}), encoding="utf-8")

    with pytest.raises(SiteError, match="state_unusable"):
        StateLock(tmp_path / "file" / "state")


def test_an_absent_folder_is_as_good_as_a_removed_one(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)

    remove_folder(tmp_path / "folder")
    remove_folder(tmp_path / "folder")

    assert list(tmp_path.iterdir()) == []
