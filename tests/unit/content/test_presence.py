"""Tests of what is known to be in a store."""

import threading
from pathlib import Path

import pytest

from clouddp.content.presence import Presence
from clouddp.model.errors import TemporaryError
from clouddp.store.object_store import open_folder
from tests.unit.distribution_manager.distribution_bench import WatchedStore


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    watched = WatchedStore(open_folder(tmp_path))
    watched.put("content/a", b"old")
    watched.puts.clear()
    return watched


def test_a_store_is_listed_once_until_somebody_asks_for_a_new_look(store: WatchedStore) -> None:
    presence = Presence()
    presence.look(store)
    store.delete("content/a")

    presence.look(store)
    assert presence.length("a") == 3
    presence.look_again(store)
    assert presence.length("a") is None


def test_what_is_there_is_sent_only_to_overwrite_it(store: WatchedStore) -> None:
    presence = Presence()
    presence.look(store)

    assert not presence.put(store, "a", b"new")
    assert presence.put(store, "a", b"new", overwrite=True)
    assert presence.put(store, "a", b"longer")
    assert store.puts == ["content/a", "content/a"]


def test_what_failed_is_not_there_and_may_be_sent_by_another(store: WatchedStore) -> None:
    presence = Presence()
    presence.look(store)
    store.fails_after, store.faults = 0, [TemporaryError("store.unreachable", name="b", reason="r")]

    with pytest.raises(TemporaryError):
        presence.put(store, "b", b"b")
    assert presence.length("b") is None
    assert presence.put(store, "b", b"b")


def test_what_arrives_while_somebody_looks_is_known_afterwards(store: WatchedStore) -> None:
    presence = Presence()

    class Slow(WatchedStore):
        def list(self, prefix: str):  # type: ignore[no-untyped-def] # as in the class above
            found = list(super().list(prefix))
            sender = threading.Thread(target=presence.put, args=(store, "b", b"bb"))
            sender.start()
            sender.join()
            return iter(found)

    presence.look(Slow(store))

    assert (presence.length("a"), presence.length("b")) == (3, 2)
