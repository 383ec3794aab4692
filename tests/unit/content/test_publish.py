"""Tests of publishing a stream into a store."""

import io
import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from clouddp.content.format.chunking import ContentDefinedCuts, RecordedCuts
from clouddp.content.format.entries import ChunkEntry, Encoding
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.format.sealing import open_chunk
from clouddp.content.presence import Presence
from clouddp.content.publish import Progress, Publication, Publisher
from clouddp.model.errors import CloudError, DamagedError, TemporaryError
from clouddp.store.base import ObjectStore
from clouddp.store.object_store import open_folder
from tests.unit.distribution_manager.distribution_bench import WatchedStore

KEYS = derive_content_keys(bytes(range(32)), generation=1)
NOISE = random.Random(3).randbytes(20 * 2**20)


class Ledger:
    """A ledger in memory."""

    def __init__(self, known: Mapping[str, ChunkEntry] | None = None) -> None:
        self.known = known or {}
        self.claimed: set[str] = set()

    def claim(self, names: Sequence[str]) -> Mapping[str, ChunkEntry]:
        self.claimed |= set(names)
        return {name: self.known[name] for name in names if name in self.known}


def _publish(
    store: ObjectStore, stream: bytes, ledger: Ledger | None = None, stopping: threading.Event | None = None
) -> Publication:
    publisher = Publisher(store, ledger or Ledger(), KEYS, stopping=stopping)
    return publisher.publish(io.BytesIO(stream), ContentDefinedCuts(KEYS.cut_seed), lambda _progress: None)


def _read(store: ObjectStore, publication: Publication) -> bytes:
    return b"".join(open_chunk(store.get(f"content/{chunk.name}"), chunk) for chunk in publication.chunks)


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    return WatchedStore(open_folder(tmp_path))


def test_a_stream_of_many_windows_arrives_in_order(store: WatchedStore) -> None:
    publication = _publish(store, NOISE)

    assert _read(store, publication) == NOISE
    assert publication.sent_objects == len(publication.chunks) == len(store.puts)
    assert publication.sent_bytes == sum(length for _name, length in store.list("content"))


def test_an_empty_stream_has_no_chunk(store: WatchedStore) -> None:
    assert _publish(store, b"").chunks == ()
    assert store.puts == []


def test_a_small_stream_is_one_object(store: WatchedStore) -> None:
    assert _read(store, _publish(store, b"x")) == b"x"


def test_equal_runs_are_stored_once(store: WatchedStore) -> None:
    publication = _publish(store, bytes(30 * 2**20))

    assert len(store.puts) == len({chunk.name for chunk in publication.chunks}) < len(publication.chunks)
    assert _read(store, publication) == bytes(30 * 2**20)


def test_what_is_there_is_not_sent_again(store: WatchedStore) -> None:
    first = _publish(store, NOISE)

    second = _publish(store, NOISE)

    assert (second.sent_objects, second.sent_bytes) == (0, 0)
    assert second.chunks == first.chunks


def test_an_object_of_the_wrong_length_is_replaced(store: WatchedStore) -> None:
    publication = _publish(store, b"abc")
    store.put(f"content/{publication.chunks[0].name}", b"cut off")

    assert _publish(store, b"abc").sent_objects == 1
    assert _read(store, publication) == b"abc"


def test_what_arrived_before_a_failure_is_not_sent_again(store: WatchedStore) -> None:
    store.fails_after, store.faults = 5, [CloudError("store.refused", name="n", reason="r")]
    with pytest.raises(CloudError):
        _publish(store, NOISE)

    publication = _publish(store, NOISE)

    assert _read(store, publication) == NOISE
    assert len(store.puts) == len(set(store.puts))


def test_progress_grows_to_the_whole_stream(store: WatchedStore) -> None:
    seen: list[Progress] = []
    Publisher(store, Ledger(), KEYS).publish(io.BytesIO(NOISE), ContentDefinedCuts(1), seen.append)

    assert [progress.done_bytes for progress in seen] == sorted(progress.done_bytes for progress in seen)
    assert seen[-1].done_bytes == len(NOISE)


def test_every_object_is_claimed_before_it_is_put(store: WatchedStore) -> None:
    ledger = Ledger()

    publication = _publish(store, NOISE, ledger)

    assert ledger.claimed == {chunk.name for chunk in publication.chunks}


def test_a_known_chunk_keeps_its_encoding(store: WatchedStore) -> None:
    [entry] = _publish(store, b"a" * 1000).chunks
    assert entry.encoding is Encoding.ZSTD
    store.delete(f"content/{entry.name}")

    assert _publish(store, b"a" * 1000, Ledger({entry.name: entry})).chunks == (entry,)


def test_a_known_chunk_that_would_be_sealed_differently_is_refused_rather_than_replaced(store: WatchedStore) -> None:
    [entry] = _publish(store, b"a" * 1000).chunks
    store.delete(f"content/{entry.name}")
    known = {entry.name: replace(entry, stored_length=entry.stored_length + 1)}

    with pytest.raises(DamagedError, match="sealed_differently"):
        _publish(store, b"a" * 1000, Ledger(known))


def test_a_publisher_that_is_told_to_stop_stops(store: WatchedStore) -> None:
    stopping = threading.Event()
    stopping.set()

    with pytest.raises(TemporaryError, match="publishing_stopped"):
        _publish(store, NOISE, stopping=stopping)


def test_the_cuts_of_a_manifest_are_followed(store: WatchedStore) -> None:
    lengths = [1_000, 5_000_000, 3, len(NOISE) - 5_001_003 - 1_000_000, 1_000_000]

    publication = Publisher(store, Ledger(), KEYS).publish(io.BytesIO(NOISE), RecordedCuts(lengths), lambda _p: None)

    assert [chunk.raw_length for chunk in publication.chunks] == lengths
    assert _read(store, publication) == NOISE


def test_from_an_octet_on_everything_is_sent_again_once(store: WatchedStore) -> None:
    stream = NOISE[: 8 * 2**20] + bytes(24 * 2**20)
    first = _publish(store, stream)
    before = len(store.puts)
    start = sum(chunk.raw_length for chunk in first.chunks[:3])

    publisher = Publisher(store, Ledger(), KEYS)
    again = publisher.publish(
        io.BytesIO(stream), ContentDefinedCuts(KEYS.cut_seed), lambda _progress: None, resend_from=start
    )

    resent = store.puts[before:]
    assert again.chunks == first.chunks
    assert sorted(resent) == sorted({f"content/{chunk.name}" for chunk in first.chunks[3:]})


def test_two_publications_that_share_what_is_known_of_a_store_send_each_object_once(store: WatchedStore) -> None:
    presence = Presence()
    publishers = [Publisher(store, Ledger(), KEYS, presence=presence) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        sent = list(
            pool.map(
                lambda one: one.publish(io.BytesIO(NOISE), ContentDefinedCuts(KEYS.cut_seed), lambda _p: None),
                publishers,
            )
        )

    assert sent[0].chunks == sent[1].chunks
    assert len(store.puts) == len(set(store.puts)) == sum(one.sent_objects for one in sent)
