"""The digests that name and check raw octets."""

import hashlib
from enum import StrEnum
from typing import TypeAlias

from blake3 import blake3

DIGEST_LENGTH = 32

Octets: TypeAlias = bytes | bytearray | memoryview


class DigestAlgorithm(StrEnum):
    """The algorithm a manifest names; SHA-256 is for places where only NIST algorithms may be used."""

    BLAKE3 = "blake3-256"
    SHA256 = "sha-256"


def digest(data: Octets, algorithm: DigestAlgorithm = DigestAlgorithm.BLAKE3) -> bytes:
    """Hash `data` into 32 octets."""
    return blake3(data).digest() if algorithm is DigestAlgorithm.BLAKE3 else hashlib.sha256(data).digest()


def digest_of_both(first: Octets, second: Octets, algorithm: DigestAlgorithm) -> bytes:
    """Hash two runs of octets as if they were one, without joining them."""
    hasher = blake3() if algorithm is DigestAlgorithm.BLAKE3 else hashlib.sha256()
    hasher.update(first)
    hasher.update(second)
    return hasher.digest()
