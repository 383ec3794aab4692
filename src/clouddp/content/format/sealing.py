"""Chunk objects: compressed where it pays, padded, encrypted as one RFC 8188 record; and opened again."""

from collections.abc import Callable
from dataclasses import dataclass

import zstandard

from clouddp.content.format import content_encoding
from clouddp.content.format.digests import DigestAlgorithm, Hasher, Octets, begin_digest, continue_digest, digest
from clouddp.content.format.entries import ChunkEntry, Encoding
from clouddp.content.format.keys import ContentKeys, chunk_key, chunk_name, chunk_salt
from clouddp.content.format.padding import padded_length
from clouddp.model.errors import DamagedError

_LEVEL = 3
_PROBE_LENGTH = 16 * 1024
_PROBES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChunk:
    """An object ready for the store, and its line in the manifest."""

    entry: ChunkEntry
    body: bytes


@dataclass(frozen=True, slots=True)
class IdentifiedChunk:
    """Raw octets with their digest and name, and the hasher that has taken them."""

    raw: Octets
    digest: bytes
    name: str
    hasher: Hasher


class ChunkSealer:
    """Seals chunks under one generation of keys; one per thread, since a compressor serves one at a time."""

    def __init__(
        self,
        keys: ContentKeys,
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.BLAKE3,
        level: int = _LEVEL,
        pad: Callable[[int], int] = padded_length,
    ) -> None:
        self._keys = keys
        self._algorithm = algorithm
        self._compressor = zstandard.ZstdCompressor(level=level)
        self._probe = zstandard.ZstdCompressor(level=1)
        self._pad = pad

    def identify(self, raw: Octets) -> IdentifiedChunk:
        """Hash a chunk and name it; `raw` is not copied."""
        hasher = begin_digest(raw, self._algorithm)
        raw_digest = hasher.digest()
        return IdentifiedChunk(raw, raw_digest, chunk_name(self._keys, raw_digest), hasher)

    def seal(self, chunk: IdentifiedChunk) -> SealedChunk:
        """Seal a chunk, compressed if that saves a sixteenth; the same octets always give the same object."""
        raw = chunk.raw
        if self._is_promising(raw):
            packed = self._compressor.compress(raw)
            if len(packed) <= len(raw) - len(raw) // 16:
                return self._encrypt(chunk, packed, begin_digest(packed, self._algorithm), Encoding.ZSTD)
        return self._encrypt(chunk, raw, chunk.hasher, Encoding.RAW)

    def seal_as(self, chunk: IdentifiedChunk, encoding: Encoding) -> SealedChunk:
        """Seal a chunk by this encoding, whether or not it pays."""
        if encoding is Encoding.RAW:
            return self._encrypt(chunk, chunk.raw, chunk.hasher, encoding)
        packed = self._compressor.compress(chunk.raw)
        return self._encrypt(chunk, packed, begin_digest(packed, self._algorithm), encoding)

    def _is_promising(self, raw: Octets) -> bool:
        """Try a few samples first: compressing what cannot be compressed costs more than encrypting it."""
        if len(raw) <= _PROBES * _PROBE_LENGTH:
            return True
        view = memoryview(raw)
        starts = (number * (len(raw) - _PROBE_LENGTH) // (_PROBES - 1) for number in range(_PROBES))
        sample = b"".join(view[start : start + _PROBE_LENGTH] for start in starts)
        return len(self._probe.compress(sample)) <= len(sample) - len(sample) // 16

    def _encrypt(self, chunk: IdentifiedChunk, payload: Octets, hasher: Hasher, encoding: Encoding) -> SealedChunk:
        """Encrypt a payload that `hasher` has taken already: hashing it again costs as much as encrypting."""
        key = chunk_key(self._keys, chunk.name)
        padding = self._pad(len(payload) + 1) - len(payload) - 1
        tail = bytes([content_encoding.LAST_RECORD]) + bytes(padding)
        salt = chunk_salt(self._keys, encoding=encoding, octets_digest=continue_digest(hasher, tail))
        body = content_encoding.encrypt_one_record(payload, tail, key, salt)
        entry = ChunkEntry(
            name=chunk.name,
            key=key,
            raw_length=len(chunk.raw),
            stored_length=len(body),
            encoding=encoding,
            digest=chunk.digest,
        )
        return SealedChunk(entry=entry, body=body)


def open_chunk(body: Octets, entry: ChunkEntry, *, algorithm: DigestAlgorithm = DigestAlgorithm.BLAKE3) -> bytes:
    """Decrypt, decompress and check one object; what is returned is what the site cut.

    Raises: DamagedError when a single bit is not what the manifest says.
    """
    if len(body) != entry.stored_length:
        raise DamagedError("content.object_damaged", name=entry.name)
    payload = content_encoding.decrypt_one_record(body, entry.key)
    raw = payload if entry.encoding is Encoding.RAW else _decompress(payload, entry)
    if len(raw) != entry.raw_length or digest(raw, algorithm) != entry.digest:
        raise DamagedError("content.object_damaged", name=entry.name)
    return raw


def _decompress(payload: bytes, entry: ChunkEntry) -> bytes:
    """Decompress one frame whose own length must be the expected one, so that memory is bounded before it starts."""
    try:
        if zstandard.frame_content_size(payload) != entry.raw_length:
            raise DamagedError("content.object_damaged", name=entry.name)
        return zstandard.ZstdDecompressor().decompress(payload, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedError("content.object_damaged", name=entry.name) from error
