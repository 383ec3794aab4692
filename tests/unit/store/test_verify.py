"""A store that looks whether everything arrived."""

from pathlib import Path

import pytest

from clouddp.model.errors import TemporaryError
from clouddp.store.folder import FolderStore
from clouddp.store.retry import Retrying
from clouddp.store.verify import Verifying


class LosingTheEndOnce(FolderStore):
    """A folder that keeps only half of the first object it is given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.has_lost = False

    def put(self, name: str, body: bytes) -> None:
        super().put(name, body if self.has_lost else body[: len(body) // 2])
        self.has_lost = True


def test_an_object_that_lost_its_end_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError) as caught:
        Verifying(LosingTheEndOnce(tmp_path)).put("content/a", b"0123456789")

    assert caught.value.code == "store.length_differs"
    assert caught.value.arguments["found"] == 5


def test_together_with_retrying_the_object_is_put_again(tmp_path: Path) -> None:
    store = Retrying(Verifying(LosingTheEndOnce(tmp_path)), attempts=2, sleep=lambda _seconds: None)

    store.put("content/a", b"0123456789")

    assert store.get("content/a") == b"0123456789"
