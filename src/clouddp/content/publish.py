"""Publish a version: cut its stream, seal the chunks the store lacks, put them, on a few threads at once."""

import mmap
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

from clouddp.content.format.chunking import Cuts
from clouddp.content.format.entries import LARGEST_RAW_LENGTH, ChunkEntry
from clouddp.content.format.keys import ContentKeys
from clouddp.content.format.sealing import ChunkSealer, IdentifiedChunk, SealedChunk
from clouddp.model.errors import DamagedError, TemporaryError
from clouddp.store.base import ObjectStore

CONTENT_FOLDER = "content"

_WINDOW = 16 * 1024 * 1024  # what is read at once
_REST = LARGEST_RAW_LENGTH  # room before it for what follows the last cut; costs no memory until it is used
_THREADS = 2


class ReadableStream(Protocol):
    """A stream that fills buffers."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer`, less than full only at the end."""


class ChunkLedger(Protocol):
    """What the site knows about the objects that one version needs. Safe to call from many threads."""

    def claim(self, names: Sequence[str]) -> Mapping[str, ChunkEntry]:
        """Commit that the version needs these objects, so that none is collected as garbage; give those known already.

        A chunk that a manifest describes is known; it keeps its encoding for ever.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a publication is."""

    done_bytes: int  # raw octets whose chunks are in the store
    sent_bytes: int  # stored octets that were sent this time


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A published stream."""

    chunks: tuple[ChunkEntry, ...]
    sent_bytes: int
    sent_objects: int


class Publisher:
    """Publishes streams into one store; objects that are there already are not sent again."""

    def __init__(
        self,
        store: ObjectStore,
        ledger: ChunkLedger,
        keys: ContentKeys,
        *,
        threads: int = _THREADS,
        stopping: threading.Event | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._keys = keys
        self._threads = threads
        self._stopping = stopping or threading.Event()

    def publish(self, stream: ReadableStream, cuts: Cuts, report: Callable[[Progress], None]) -> Publication:
        """Put every chunk of the stream into the store.

        Raises: what stream and store raise, and TemporaryError when the publisher is told to stop; what has arrived
        by then stays and is not sent again.
        """
        shared = _Shared(self._store, self._ledger, self._keys, self._present())
        buffers: SimpleQueue[memoryview] = SimpleQueue()
        for _ in range(self._threads + 1):
            buffers.put(_new_buffer())
        running: deque[Future[_Batch]] = deque()
        total = _Total()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="publish") as pool:
            try:
                for window in _windows(stream, cuts, buffers):
                    running.append(pool.submit(_publish_window, shared, window, buffers))
                    while running and (running[0].done() or len(running) > self._threads):
                        total.add(running.popleft().result(), report)
                    self._stop_when_told()
                while running:
                    total.add(running.popleft().result(), report)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return total.publication()

    def _present(self) -> dict[str, int]:
        found = self._store.list(CONTENT_FOLDER)
        return {name.removeprefix(f"{CONTENT_FOLDER}/"): length for name, length in found}

    def _stop_when_told(self) -> None:
        if self._stopping.is_set():
            raise TemporaryError("content.publishing_stopped", retry_after_seconds=1)


@dataclass(frozen=True, slots=True)
class _Window:
    buffer: memoryview
    octets: memoryview  # the part of it that is filled
    lengths: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Batch:
    chunks: Sequence[ChunkEntry]
    sent_bytes: int
    sent_objects: int


class _Total:
    """Adds batches up in stream order."""

    def __init__(self) -> None:
        self._chunks: list[ChunkEntry] = []
        self._done_bytes = 0
        self._sent_bytes = 0
        self._sent_objects = 0

    def add(self, batch: _Batch, report: Callable[[Progress], None]) -> None:
        """Add the next batch and report how far it is."""
        self._chunks += batch.chunks
        self._done_bytes += sum(chunk.raw_length for chunk in batch.chunks)
        self._sent_bytes += batch.sent_bytes
        self._sent_objects += batch.sent_objects
        report(Progress(done_bytes=self._done_bytes, sent_bytes=self._sent_bytes))

    def publication(self) -> Publication:
        """Give the sum."""
        return Publication(chunks=tuple(self._chunks), sent_bytes=self._sent_bytes, sent_objects=self._sent_objects)


class _Shared:
    """What the threads of one publication share."""

    def __init__(self, store: ObjectStore, ledger: ChunkLedger, keys: ContentKeys, present: dict[str, int]) -> None:
        self.store = store
        self.ledger = ledger
        self.present = present
        self._keys = keys
        self._local = threading.local()

    def sealer(self) -> ChunkSealer:
        """Give this thread's own sealer."""
        sealer: ChunkSealer | None = getattr(self._local, "sealer", None)
        if sealer is None:
            sealer = self._local.sealer = ChunkSealer(self._keys)
        return sealer


def _new_buffer() -> memoryview:
    """Give a buffer that begins on a page: some processors copy four times slower to just behind one."""
    return memoryview(mmap.mmap(-1, _REST + _WINDOW))


def _windows(stream: ReadableStream, cuts: Cuts, buffers: SimpleQueue[memoryview]) -> Iterator[_Window]:
    """Read and cut the stream window by window; what follows the last cut begins the next window."""
    rest = b""
    is_last = False
    while not is_last:
        buffer = buffers.get()
        start = _REST - len(rest)
        buffer[start:_REST] = rest
        filled = stream.readinto(buffer[_REST:])
        is_last = filled < _WINDOW
        octets = buffer[start : _REST + filled]
        lengths = cuts.cut(octets, is_last=is_last)
        rest = bytes(octets[sum(lengths) :])
        yield _Window(buffer, octets, lengths)


def _publish_window(shared: _Shared, window: _Window, buffers: SimpleQueue[memoryview]) -> _Batch:
    try:
        return _publish_chunks(shared, list(_split(window)))
    finally:
        buffers.put(window.buffer)


def _publish_chunks(shared: _Shared, chunks: Sequence[memoryview]) -> _Batch:
    sealer = shared.sealer()
    identified = [sealer.identify(chunk) for chunk in chunks]
    known = shared.ledger.claim([chunk.name for chunk in identified])
    entries: list[ChunkEntry] = []
    sent: list[int] = []
    for chunk in identified:
        name = chunk.name
        entry = known.get(name)
        if entry is not None and shared.present.get(name) == entry.stored_length:
            entries.append(entry)
            continue
        sealed = _seal(sealer, chunk, entry)
        entries.append(sealed.entry)
        if shared.present.get(name) != sealed.entry.stored_length:
            shared.store.put(f"{CONTENT_FOLDER}/{name}", sealed.body)
            shared.present[name] = sealed.entry.stored_length
            sent.append(sealed.entry.stored_length)
    return _Batch(chunks=entries, sent_bytes=sum(sent), sent_objects=len(sent))


def _seal(sealer: ChunkSealer, chunk: IdentifiedChunk, known: ChunkEntry | None) -> SealedChunk:
    """Seal a chunk, one that is known exactly as before: manifests already say how long its object is."""
    if known is None:
        return sealer.seal(chunk)
    sealed = sealer.seal_as(chunk, known.encoding)
    if sealed.entry != known:
        raise DamagedError("content.sealed_differently", name=known.name)
    return sealed


def _split(window: _Window) -> Iterator[memoryview]:
    start = 0
    for length in window.lengths:
        yield window.octets[start : start + length]
        start += length
