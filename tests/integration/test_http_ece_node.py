"""The reference implementation of RFC 8188 in JavaScript and ours open what the other encrypts."""

import base64
import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from clouddp.content.format.content_encoding import decrypt, encrypt, encrypt_one_record
from tests.node_packages import install_node_packages
from tests.peers import find_program

pytestmark = [pytest.mark.peer("node", "npm"), pytest.mark.slow]

_PEER: Final = Path(__file__).parent.parent / "peers_http_ece"
_VECTORS: Final = Path(__file__).parent.parent / "unit" / "content" / "format" / "vectors.json"
_LENGTHS: Final = (0, 1, 17, 18, 100, 4_079, 4_080, 70_000)


class Reference:
    """The reference implementation in a process of Node."""

    def __init__(self) -> None:
        node = find_program("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, str(_PEER / "ece.js"), str(install_node_packages(_PEER))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name in ("PATH", "HOME")},
        )

    def encrypt(self, content: bytes, *, key: bytes, salt: bytes, record_size: int) -> bytes | None:
        return self._do({"data": _text(content), "key": _text(key), "salt": _text(salt), "rs": record_size})

    def decrypt(self, message: bytes, *, key: bytes) -> bytes | None:
        """Give what is in the message; None when it is refused."""
        return self._do({"data": _text(message), "key": _text(key)})

    def close(self) -> None:
        self._process.communicate(timeout=20)

    def _do(self, asked: dict[str, object]) -> bytes | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return base64.b64decode(answer["data"]) if "data" in answer else None


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    made = Reference()
    yield made
    made.close()


@pytest.mark.parametrize("record_size", [18, 33, 4_096, 65_536])
@pytest.mark.parametrize("length", _LENGTHS)
def test_each_opens_what_the_other_encrypts(reference: Reference, length: int, record_size: int) -> None:
    chance = random.Random(length * 100_003 + record_size)
    content, key, salt = chance.randbytes(length), chance.randbytes(16), chance.randbytes(16)

    ours = encrypt(content, key, salt, record_size=record_size)
    theirs = reference.encrypt(content, key=key, salt=salt, record_size=record_size)

    assert reference.decrypt(ours, key=key) == content
    assert theirs is not None
    assert decrypt(theirs, key) == content


@pytest.mark.parametrize("padding", [0, 1, 700])
def test_it_opens_a_chunk_object_with_its_padding(reference: Reference, padding: int) -> None:
    key, salt = bytes(range(16)), bytes(range(16, 32))

    message = encrypt_one_record(b"a chunk", b"\x02" + bytes(padding), key, salt)

    assert reference.decrypt(message, key=key) == b"a chunk"


def test_it_refuses_a_message_with_one_bit_turned(reference: Reference) -> None:
    key, salt = bytes(range(16)), bytes(range(16, 32))
    message = bytearray(encrypt(b"a chunk", key, salt, record_size=4_096))
    message[-1] ^= 1

    assert reference.decrypt(bytes(message), key=key) is None


def test_it_opens_the_test_vectors(reference: Reference) -> None:
    vectors = json.loads(_VECTORS.read_text(encoding="utf-8"))
    manifest = vectors["manifest"]

    opened = reference.decrypt(bytes.fromhex(manifest["ciphertext"]), key=bytes.fromhex(manifest["key"]))

    assert opened == manifest["text"].encode()
    for chunk in vectors["chunks"]:
        assert reference.decrypt(bytes.fromhex(chunk["object"]), key=bytes.fromhex(chunk["key"])) is not None


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
