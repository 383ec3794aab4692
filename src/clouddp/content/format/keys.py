"""The keys of one generation of the site's content secret, and what is derived from them for a chunk."""

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_LENGTH = 32
KEY_LENGTH = 16
NAME_LENGTH = 16  # octets; written as twice as many hexadecimal digits

_CUT_SEED_BITS = 63  # the chunker shifts its seed left by one in 64 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentKeys:
    """What a site needs to name, cut and encrypt chunks; never leaves the site."""

    generation: int
    name_key: bytes = field(repr=False)
    chunk_key: bytes = field(repr=False)
    salt_key: bytes = field(repr=False)
    cut_seed: int = field(repr=False)


def derive_content_keys(secret: bytes, *, generation: int) -> ContentKeys:
    """Derive one generation's keys with HKDF-SHA-256 (RFC 5869), an own `info` for each purpose."""
    if len(secret) != SECRET_LENGTH:
        message = f"a content secret has {SECRET_LENGTH} octets"
        raise ValueError(message)
    keys = {purpose: _derive(secret, purpose, generation) for purpose in ("name", "chunk key", "salt", "cut")}
    seed = int.from_bytes(keys["cut"][:8], "big") & (2**_CUT_SEED_BITS - 1)
    return ContentKeys(
        generation=generation,
        name_key=keys["name"],
        chunk_key=keys["chunk key"],
        salt_key=keys["salt"],
        cut_seed=seed or 1,
    )


def chunk_name(keys: ContentKeys, digest: bytes) -> str:
    """Name the object of the chunk with this digest, so that the name tells nothing to who lacks the key."""
    return hmac.digest(keys.name_key, digest, "sha256")[:NAME_LENGTH].hex()


def chunk_key(keys: ContentKeys, name: str) -> bytes:
    """Derive the input keying material of the object called `name`."""
    return hmac.digest(keys.chunk_key, bytes.fromhex(name), "sha256")[:KEY_LENGTH]


def chunk_salt(keys: ContentKeys, *, encoding: int, octets_digest: bytes) -> bytes:
    """Derive the salt from the digest of the exact octets encrypted: other octets never meet the same key and nonce."""
    return hmac.digest(keys.salt_key, bytes([encoding]) + octets_digest, "sha256")[:KEY_LENGTH]


def _derive(secret: bytes, purpose: str, generation: int) -> bytes:
    info = f"clouddp content {purpose}".encode() + b"\x00" + generation.to_bytes(4, "big")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
