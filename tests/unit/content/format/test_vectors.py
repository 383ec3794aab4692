"""Tests of `docs/formats.md`: its test vectors, by our code and by a second reading that shares nothing with it."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import http_ece
import pytest
import zstandard
from blake3 import blake3
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clouddp.content.format.entries import Encoding
from clouddp.content.format.keys import derive_content_keys
from clouddp.content.format.manifest import open_manifest, seal_manifest
from clouddp.content.format.padding import padded_length
from clouddp.content.format.sealing import ChunkSealer, open_chunk

VECTORS: Any = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
SECRET = bytes.fromhex(VECTORS["keys"]["secret"])
MANIFEST = VECTORS["manifest"]


def test_our_keys_are_those_of_the_vectors() -> None:
    keys = derive_content_keys(SECRET, generation=VECTORS["keys"]["generation"])

    assert keys.name_key.hex() == VECTORS["keys"]["name"]
    assert keys.chunk_key.hex() == VECTORS["keys"]["chunk_key"]
    assert keys.salt_key.hex() == VECTORS["keys"]["salt"]
    assert keys.cut_seed == VECTORS["keys"]["cut_seed"]


def test_our_padding_is_that_of_the_vectors() -> None:
    assert [[length, padded_length(length)] for length, _padded in VECTORS["padding"]] == VECTORS["padding"]


@pytest.mark.parametrize("vector", VECTORS["chunks"], ids=["raw", "zstd"])
def test_we_open_the_chunks_of_the_vectors(vector: Any) -> None:
    manifest = open_manifest(bytes.fromhex(MANIFEST["ciphertext"]), bytes.fromhex(MANIFEST["key"]))
    entry = next(chunk for chunk in manifest.chunks if chunk.name == vector["name"])

    assert open_chunk(bytes.fromhex(vector["object"]), entry).hex() == vector["raw"]


def test_we_make_the_raw_chunk_of_the_vectors() -> None:
    vector = VECTORS["chunks"][0]
    raw = bytes.fromhex(vector["raw"])

    sealer = ChunkSealer(derive_content_keys(SECRET, generation=1))
    sealed = sealer.seal_as(sealer.identify(raw), Encoding.RAW)

    assert sealed.body.hex() == vector["object"]


def test_we_make_the_manifest_of_the_vectors() -> None:
    key, salt = bytes.fromhex(MANIFEST["key"]), bytes.fromhex(MANIFEST["salt"])
    ciphertext = bytes.fromhex(MANIFEST["ciphertext"])

    assert seal_manifest(open_manifest(ciphertext, key), key=key, salt=salt) == ciphertext
    assert hashlib.sha256(ciphertext).hexdigest() == MANIFEST["sha256"]


def _key(purpose: str) -> bytes:
    info = b"clouddp content " + purpose.encode() + b"\x00" + (1).to_bytes(4, "big")
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(SECRET)


@pytest.mark.parametrize("vector", VECTORS["chunks"], ids=["raw", "zstd"])
def test_a_second_reading_of_the_document_finds_the_same_names_keys_and_salts(vector: Any) -> None:
    raw, body = bytes.fromhex(vector["raw"]), bytes.fromhex(vector["object"])
    name = hmac.digest(_key("name"), blake3(raw).digest(), "sha256")[:16]
    key = hmac.digest(_key("chunk key"), name, "sha256")[:16]
    payload = http_ece.decrypt(body, key=key)
    octets = payload + b"\x02" + bytes(len(body) - 21 - 16 - len(payload) - 1)
    salt = hmac.digest(_key("salt"), bytes([vector["encoding"]]) + blake3(octets).digest(), "sha256")[:16]

    assert (name.hex(), key.hex(), salt.hex()) == (vector["name"], vector["key"], vector["salt"])
    assert body[:16] == salt
    assert (payload if vector["encoding"] == 0 else zstandard.ZstdDecompressor().decompress(payload)) == raw


def test_a_second_reading_of_the_document_reads_the_manifest() -> None:
    text = http_ece.decrypt(bytes.fromhex(MANIFEST["ciphertext"]), key=bytes.fromhex(MANIFEST["key"]))

    assert text.decode() == MANIFEST["text"]
    document = json.loads(text)
    assert [file["path"] for file in document["tree"]["files"]] == ["data/hello.txt", "data/été.bin"]
    assert [chunk["name"] for chunk in document["chunks"]] == [vector["name"] for vector in VECTORS["chunks"]]
