"""The digests that name and check raw octets."""

import hashlib
from enum import StrEnum
from typing import Protocol, Self, TypeAlias

from blake3 import blake3

DIGEST_LENGTH = 32

Octets: TypeAlias = bytes | bytearray | memoryview


class DigestAlgorithm(StrEnum):
    """The algorithm a manifest names; SHA-256 is for places where only NIST algorithms may be used."""

    BLAKE3 = "blake3-256"
    SHA256 = "sha-256"


class Hasher(Protocol):
    """A digest that goes on."""

    def update(self, data: Octets, /) -> object:
        """Take more octets."""

    def digest(self) -> bytes:
        """Give the digest of all octets so far."""

    def copy(self) -> Self:
        """Make another that has taken the same octets."""


def digest(data: Octets, algorithm: DigestAlgorithm = DigestAlgorithm.BLAKE3) -> bytes:
    """Hash `data` into 32 octets."""
    return begin_digest(data, algorithm).digest()


def begin_digest(data: Octets, algorithm: DigestAlgorithm) -> Hasher:
    """Hash `data` so that more can follow."""
    return blake3(data) if algorithm is DigestAlgorithm.BLAKE3 else hashlib.sha256(data)


def continue_digest(hasher: Hasher, more: Octets) -> bytes:
    """Hash what `hasher` has taken and `more` as if they were one run of octets; `hasher` stays as it was."""
    longer = hasher.copy()
    longer.update(more)
    return longer.digest()
