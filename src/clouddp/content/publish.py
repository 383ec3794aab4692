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
from clouddp.content.presence import Presence
from clouddp.model.errors import DamagedError, TemporaryError
from clouddp.store.base import ObjectStore

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
        presence: Presence | None = None,
    ) -> None:
        self._presence = presence or Presence()
        self._store = store
        self._ledger = ledger
        self._keys = keys
        self._threads = threads
        self._stopping = stopping or threading.Event()

    def publish(
        self,
        stream: ReadableStream,
        cuts: Cuts,
        report: Callable[[Progress], None],
        *,
        resend_from: int | None = None,
    ) -> Publication:
        """Put every chunk of the stream into the store; from the octet `resend_from` on also those that are there.

        Raises: what stream and store raise, and TemporaryError when the publisher is told to stop; what has arrived
        by then stays and is not sent again.
        """
        self._presence.look(self._store)
        shared = _Shared(self._store, self._ledger, self._keys, self._presence, resend_from=resend_from)
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

    def _stop_when_told(self) -> None:
        if self._stopping.is_set():
            raise TemporaryError("content.publishing_stopped", retry_after_seconds=1)


@dataclass(frozen=True, slots=True)
class _Window:
    buffer: memoryview
    octets: memoryview  # the part of it that is filled
    lengths: Sequence[int]
    start: int  # where in the stream its first octet is


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

    def __init__(
        self, store: ObjectStore, ledger: ChunkLedger, keys: ContentKeys, presence: Presence, *, resend_from: int | None
    ) -> None:
        self.ledger = ledger
        self._store = store
        self._presence = presence
        self._resend_from = resend_from
        self._resent: set[str] = set()
        self._lock = threading.Lock()
        self._keys = keys
        self._local = threading.local()

    def takes_resending(self, name: str, start: int) -> bool:
        """Say whether the caller sends the object of the chunk that begins at `start` even if it is there."""
        if self._resend_from is None or start < self._resend_from:
            return False
        with self._lock:
            is_first = name not in self._resent
            self._resent.add(name)
        return is_first

    def is_there(self, entry: ChunkEntry) -> bool:
        """Say whether the store has the object."""
        return self._presence.length(entry.name) == entry.stored_length

    def put(self, sealed: SealedChunk, *, overwrite: bool) -> bool:
        """Send an object and say so, unless it is there."""
        return self._presence.put(self._store, sealed.entry.name, sealed.body, overwrite=overwrite)

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
    position = 0
    is_last = False
    while not is_last:
        buffer = buffers.get()
        start = _REST - len(rest)
        buffer[start:_REST] = rest
        filled = stream.readinto(buffer[_REST:])
        is_last = filled < _WINDOW
        octets = buffer[start : _REST + filled]
        lengths = cuts.cut(octets, is_last=is_last)
        cut = sum(lengths)
        rest = bytes(octets[cut:])
        yield _Window(buffer, octets, lengths, position)
        position += cut


def _publish_window(shared: _Shared, window: _Window, buffers: SimpleQueue[memoryview]) -> _Batch:
    try:
        return _publish_chunks(shared, window)
    finally:
        buffers.put(window.buffer)


def _publish_chunks(shared: _Shared, window: _Window) -> _Batch:
    sealer = shared.sealer()
    identified = [sealer.identify(chunk) for chunk in _split(window)]
    known = shared.ledger.claim([chunk.name for chunk in identified])
    entries: list[ChunkEntry] = []
    sent: list[int] = []
    start = window.start
    for chunk in identified:
        overwrite = shared.takes_resending(chunk.name, start)
        start += len(chunk.raw)
        entry = known.get(chunk.name)
        if entry is not None and not overwrite and shared.is_there(entry):
            entries.append(entry)
            continue
        sealed = _seal(sealer, chunk, entry)
        entries.append(sealed.entry)
        if shared.put(sealed, overwrite=overwrite):
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
