"""Tests of chunk objects."""

import random
from dataclasses import replace

import http_ece
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddp.content.format.digests import DigestAlgorithm
from clouddp.content.format.entries import Encoding
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.format.padding import padded_length
from clouddp.content.format.sealing import ChunkSealer, SealedChunk, open_chunk
from clouddp.model.errors import DamagedError

KEYS = derive_content_keys(bytes(range(32)), generation=1)
TEXT = b"The quick brown fox jumps over the lazy dog. " * 4000
NOISE = random.Random(1).randbytes(200_000)


def _seal(raw: bytes, sealer: ChunkSealer | None = None) -> SealedChunk:
    sealer = sealer or ChunkSealer(KEYS)
    return sealer.seal(sealer.identify(raw))


@given(st.binary(min_size=1, max_size=5000))
def test_what_was_sealed_opens_again(raw: bytes) -> None:
    sealed = _seal(raw)

    assert open_chunk(sealed.body, sealed.entry) == raw


def test_text_is_compressed_and_noise_is_not() -> None:
    assert _seal(TEXT).entry.encoding is Encoding.ZSTD
    assert _seal(NOISE).entry.encoding is Encoding.RAW


def test_the_same_octets_give_the_same_object_from_any_sealer() -> None:
    assert _seal(TEXT) == _seal(TEXT, ChunkSealer(KEYS))


def test_the_object_is_as_long_as_the_manifest_says_and_padded() -> None:
    sealed = _seal(NOISE)

    assert len(sealed.body) == sealed.entry.stored_length == 21 + padded_length(len(NOISE) + 1) + 16


def test_the_reference_library_opens_a_raw_and_a_compressed_chunk() -> None:
    raw, packed = _seal(NOISE), _seal(TEXT)

    assert http_ece.decrypt(raw.body, key=raw.entry.key) == NOISE
    assert zstandard.ZstdDecompressor().decompress(http_ece.decrypt(packed.body, key=packed.entry.key)) == TEXT


def test_a_chunk_encrypted_by_the_reference_library_opens() -> None:
    sealed = _seal(b"abc")
    body = http_ece.encrypt(b"abc", salt=bytes(16), key=sealed.entry.key, keyid="", rs=20)

    assert open_chunk(body, replace(sealed.entry, stored_length=len(body))) == b"abc"


@settings(max_examples=30)
@given(st.binary(min_size=1, max_size=3000).map(lambda piece: piece * 40))
def test_no_salt_ever_meets_two_payloads(raw: bytes) -> None:
    """Encode one chunk every way there is: whatever differs in the octets encrypted must differ in the salt."""
    bodies = set()
    for level in (-5, 1, 3, 9, 19):
        for pad in (padded_length, lambda length: length, lambda length: length + 7):
            sealer = ChunkSealer(KEYS, level=level, pad=pad)
            bodies |= {sealer.seal_as(sealer.identify(raw), encoding).body for encoding in Encoding}

    assert len({body[:16] for body in bodies}) == len(bodies)


def test_raw_octets_that_are_a_compressed_frame_get_another_salt_than_the_chunk_they_expand_to() -> None:
    """The encoding is part of the salt: equal octets, meant differently, are different objects."""
    sealer = ChunkSealer(KEYS, pad=lambda length: length)
    frame = zstandard.ZstdCompressor(level=3).compress(TEXT)

    packed = sealer.seal_as(sealer.identify(TEXT), Encoding.ZSTD)
    raw = sealer.seal_as(sealer.identify(frame), Encoding.RAW)

    assert packed.body[:16] != raw.body[:16]


def test_a_single_damaged_bit_anywhere_is_found() -> None:
    sealed = _seal(b"a small chunk")

    for position in range(8 * len(sealed.body)):
        damaged = bytearray(sealed.body)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(DamagedError):
            open_chunk(bytes(damaged), sealed.entry)


def test_another_chunk_under_the_same_key_is_refused_by_its_digest() -> None:
    """Whoever holds the key can encrypt anything; the digest alone binds the chunk (RFC 8188 section 4.5)."""
    sealed = _seal(b"right")
    forged = http_ece.encrypt(b"wrong", salt=bytes(16), key=sealed.entry.key, keyid="", rs=22)

    with pytest.raises(DamagedError, match="object_damaged"):
        open_chunk(forged, replace(sealed.entry, stored_length=len(forged)))


def test_an_object_of_another_length_is_refused_before_it_is_decrypted() -> None:
    sealed = _seal(b"abc")

    with pytest.raises(DamagedError, match="object_damaged"):
        open_chunk(sealed.body + b"\x00", sealed.entry)


def test_a_frame_that_expands_to_more_than_the_manifest_says_is_not_expanded() -> None:
    bomb = _seal(bytes(8 * 2**20))

    with pytest.raises(DamagedError, match="object_damaged"):
        open_chunk(bomb.body, replace(bomb.entry, raw_length=100))


def test_a_frame_without_its_own_length_is_not_expanded() -> None:
    sealed = _seal(TEXT)
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(TEXT)
    body = http_ece.encrypt(frame, salt=bytes(16), key=sealed.entry.key, keyid="", rs=len(frame) + 17)

    with pytest.raises(DamagedError, match="object_damaged"):
        open_chunk(body, replace(sealed.entry, stored_length=len(body)))


def test_sha_256_serves_where_only_nist_algorithms_may_be_used() -> None:
    sealed = _seal(TEXT, ChunkSealer(KEYS, algorithm=DigestAlgorithm.SHA256))

    assert open_chunk(sealed.body, sealed.entry, algorithm=DigestAlgorithm.SHA256) == TEXT
    with pytest.raises(DamagedError):
        open_chunk(sealed.body, sealed.entry, algorithm=DigestAlgorithm.BLAKE3)
