"""What an attacker sends instead of a token: compact JWS made by hand, without the library."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clouddp.network.signing_keys import SigningKey


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(decode(token.split(".", maxsplit=1)[0])))


def payload_of(token: str) -> dict[str, Any]:
    return dict(json.loads(decode(token.split(".")[1])))


def signed_by(key: SigningKey, header: object, payload: bytes) -> str:
    """Sign any header and payload with a real key, as if whoever has it had gone mad."""
    private = Ed25519PrivateKey.from_private_bytes(decode(key.to_jwk()["d"]))
    text = f"{encode(json.dumps(header).encode())}.{encode(payload)}"
    return f"{text}.{encode(private.sign(text.encode()))}"


def re_signed(token: str, key: SigningKey, header: Mapping[str, object]) -> str:
    """Sign a token's payload anew under a header with these changes; None takes a member away."""
    members = {name: value for name, value in {**header_of(token), **header}.items() if value is not None}
    return signed_by(key, members, decode(token.split(".")[1]))


def with_hmac(token: str, secret: bytes) -> str:
    """Make of a token one that claims HS256, keyed with something public."""
    header = encode(json.dumps({**header_of(token), "alg": "HS256"}).encode())
    text = f"{header}.{token.split('.')[1]}"
    return f"{text}.{encode(hmac.digest(secret, text.encode(), hashlib.sha256))}"
