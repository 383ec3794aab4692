"""A store that looks whether everything arrived."""

from pathlib import Path

import pytest

from clouddp.store.folder import FolderStore
from clouddp.store.verify import Difference, Verifying


class LosingTheEndOnce(FolderStore):
    """A folder that keeps only half of the first object it is given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.has_lost = False

    def put(self, name: str, body: bytes) -> None:
        super().put(name, body if self.has_lost else body[: len(body) // 2])
        self.has_lost = True


@pytest.mark.parametrize("count", [1, 8, 9, 30], ids=lambda count: f"of {count}")
def test_an_object_that_lost_its_end_is_noticed(tmp_path: Path, count: int) -> None:
    store = Verifying(LosingTheEndOnce(tmp_path))
    for number in range(count):
        store.put(f"content/{number}", b"0123456789")

    assert store.differences() == [Difference(name="content/0", sent_length=10, found_length=5)]
    assert store.differences() == []


@pytest.mark.parametrize("count", [1, 20], ids=lambda count: f"of {count}")
def test_an_object_that_is_not_there_is_noticed(tmp_path: Path, count: int) -> None:
    store = Verifying(FolderStore(tmp_path))
    for number in range(count):
        store.put(f"content/{number}", b"0123456789")
    store.delete("content/0")

    assert store.differences() == [Difference(name="content/0", sent_length=10, found_length=None)]


def test_what_arrived_is_not_told(tmp_path: Path) -> None:
    store = Verifying(FolderStore(tmp_path))
    store.put("content/a", b"0")
    store.put("state/scope/a", b"1")

    assert store.differences() == []
    assert store.get("content/a") == b"0"
    assert dict(store.list("content")) == {"content/a": 1}
