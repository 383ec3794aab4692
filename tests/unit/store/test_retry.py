"""A store that tries again."""

from pathlib import Path

import pytest

from clouddp.model.errors import NotFoundError, TemporaryError
from clouddp.store.folder import FolderStore
from clouddp.store.retry import Retrying


class FailingFirst(FolderStore):
    """A folder that is out of reach a number of times."""

    def __init__(self, path: Path, *, failures: int) -> None:
        super().__init__(path)
        self.failures = failures

    def put(self, name: str, body: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise TemporaryError("store.unreachable", name=name, reason="cut off")
        super().put(name, body)


def test_a_put_is_repeated_until_it_succeeds(tmp_path: Path) -> None:
    pauses: list[float] = []
    store = Retrying(FailingFirst(tmp_path, failures=3), attempts=4, sleep=pauses.append, chance=lambda: 1.0)

    store.put("content/a", b"x")

    assert store.get("content/a") == b"x"
    assert pauses == [0.2, 0.4, 0.8]


def test_after_the_last_attempt_the_failure_is_the_callers(tmp_path: Path) -> None:
    pauses: list[float] = []
    store = Retrying(FailingFirst(tmp_path, failures=3), attempts=3, sleep=pauses.append)

    with pytest.raises(TemporaryError):
        store.put("content/a", b"x")

    assert len(pauses) == 2


def test_what_trying_again_cannot_change_is_told_at_once(tmp_path: Path) -> None:
    pauses: list[float] = []
    store = Retrying(FolderStore(tmp_path), attempts=5, sleep=pauses.append)

    with pytest.raises(NotFoundError):
        store.get("content/absent")

    assert pauses == []


def test_a_wrapped_store_still_keeps_lists_and_deletes(tmp_path: Path) -> None:
    store = Retrying(FolderStore(tmp_path), attempts=2)
    store.put("content/a", b"xyz")

    assert store.length("content/a") == 3
    assert list(store.list("content")) == [("content/a", 3)]
    store.delete("content/a")
    assert list(store.list("")) == []
