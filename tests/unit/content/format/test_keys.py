"""Tests of the keys of a generation."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clouddp.content.format.keys import chunk_key, chunk_name, chunk_salt, derive_content_keys

SECRET = bytes(range(32))


def test_keys_are_hkdf_sha256_with_a_purpose_and_the_generation_as_info() -> None:
    keys = derive_content_keys(SECRET, generation=7)

    info = b"clouddp content chunk key\x00\x00\x00\x00\x07"
    assert keys.chunk_key == HKDF(SHA256(), length=32, salt=None, info=info).derive(SECRET)


def test_every_purpose_and_every_generation_has_its_own_key() -> None:
    first, second = (derive_content_keys(SECRET, generation=generation) for generation in (1, 2))

    values = [first.name_key, first.chunk_key, first.salt_key, second.name_key, second.chunk_key, second.salt_key]
    assert len(set(values)) == 6
    assert first.cut_seed != second.cut_seed


def test_the_cut_seed_fits_what_the_chunker_can_shift() -> None:
    seeds = [derive_content_keys(SECRET, generation=generation).cut_seed for generation in range(1, 200)]

    assert all(0 < seed < 2**63 for seed in seeds)


def test_a_name_depends_on_the_digest_and_on_the_site() -> None:
    keys = derive_content_keys(SECRET, generation=1)
    others = derive_content_keys(bytes(32), generation=1)

    assert len({chunk_name(keys, b"a" * 32), chunk_name(keys, b"b" * 32), chunk_name(others, b"a" * 32)}) == 3


def test_chunks_of_different_names_have_different_keys() -> None:
    keys = derive_content_keys(SECRET, generation=1)

    assert chunk_key(keys, "00" * 16) != chunk_key(keys, "01" * 16)


def test_the_salt_depends_on_the_encoding_and_on_the_octets() -> None:
    keys = derive_content_keys(SECRET, generation=1)

    salts = {
        chunk_salt(keys, encoding=encoding, octets_digest=octet * 32) for encoding in (0, 1) for octet in (b"a", b"b")
    }
    assert len(salts) == 4


def test_keys_are_not_shown_when_printed() -> None:
    keys = derive_content_keys(SECRET, generation=1)

    assert repr(keys) == "ContentKeys(generation=1)"


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 octets"):
        derive_content_keys(b"short", generation=1)
