"""What every object store promises, tried on a local folder and on the fabric's storage through obstore."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clouddp.model.errors import InvalidInputError, NotFoundError
from clouddp.store.base import ObjectStore
from clouddp.store.object_store import open_azure_container, open_folder
from tests.unit.fabric.blob_storage.storage_servers import (
    ACCOUNT,
    KEY,
    authorities_pem,
    create_container,
    running_storage,
)


@pytest.fixture(params=["folder", "azure"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield open_folder(tmp_path / "objects")
        return
    with running_storage(tmp_path) as storage:
        create_container(storage)
        yield open_azure_container(
            endpoint=storage.endpoint,
            account=ACCOUNT,
            key=KEY,
            container="clouddp",
            authorities_pem=authorities_pem(),
        )


def test_what_was_put_is_what_is_got(store: ObjectStore) -> None:
    body = bytes(range(256)) * 10_000

    store.put("content/ab12", body)

    assert store.get("content/ab12") == body
    assert store.length("content/ab12") == len(body)


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put("state/service", b"")

    assert store.get("state/service") == b""
    assert store.length("state/service") == 0


def test_a_put_replaces_an_older_object(store: ObjectStore) -> None:
    store.put("state/service", b"the older, longer one")
    store.put("state/service", b"newer")

    assert store.get("state/service") == b"newer"


def test_an_absent_object_is_missed_by_its_name(store: ObjectStore) -> None:
    with pytest.raises(NotFoundError) as caught:
        store.get("content/absent")

    assert caught.value.code == "store.object_missing"
    assert caught.value.arguments["name"] == "content/absent"
    assert store.length("content/absent") is None


def test_a_folder_of_objects_is_no_object(store: ObjectStore) -> None:
    store.put("state/scope/7", b"scope")

    assert store.length("state/scope") is None
    with pytest.raises(NotFoundError):
        store.get("state/scope")


def test_deleting_removes_and_may_be_repeated(store: ObjectStore) -> None:
    store.put("content/ab12", b"x")

    store.delete("content/ab12")
    store.delete("content/ab12")

    assert store.length("content/ab12") is None
    assert list(store.list("")) == []


def test_a_list_has_everything_below_the_prefix_and_nothing_else(store: ObjectStore) -> None:
    for name, length in [("content/a", 1), ("content/b", 2), ("contents", 3), ("state/scope/7", 4)]:
        store.put(name, b"x" * length)

    assert sorted(store.list("content")) == [("content/a", 1), ("content/b", 2)]
    assert sorted(store.list("state")) == [("state/scope/7", 4)]
    assert len(list(store.list(""))) == 4
    assert list(store.list("absent")) == []


@pytest.mark.parametrize("name", ["", "/a", "a//b", "../a", "a/../b", "a/.hidden", "a\\b", "a\0b", "x" * 2_000, "a/"])
def test_a_name_that_could_lead_outside_is_refused(store: ObjectStore, name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        store.put(name, b"x")

    assert caught.value.code == "store.name_not_usable"


def test_many_threads_may_use_one_store(store: ObjectStore) -> None:
    names = [f"content/{number:02d}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put(name, name.encode() * 100), names))
        bodies = list(pool.map(store.get, names))

    assert bodies == [name.encode() * 100 for name in names]
