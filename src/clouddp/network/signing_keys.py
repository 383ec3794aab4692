"""Keys that sign what parts of the product tell each other: Ed25519, one per purpose, as JWK (RFC 7517, RFC 8037)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from joserfc.jwk import OKPKey

from clouddp.model.errors import InvalidInputError

# 32 bytes in base64url; the last character carries two spare bits, and only these are what an encoder writes.
_COORDINATE = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the name (`kid`) under which its public half is known."""

    okp: OKPKey = field(repr=False)
    kid: str

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, str]) -> "SigningKey":
        """Read what `to_jwk` wrote."""
        return _with_thumbprint(OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "d")}))

    def to_jwk(self) -> dict[str, str]:
        """Write the private key; for sealed storage only."""
        return {**public_jwk(self), "d": str(self.okp.as_dict(private=True)["d"])}


def new_signing_key() -> SigningKey:
    """Make a new Ed25519 key."""
    return _with_thumbprint(OKPKey.generate_key("Ed25519"))


def public_jwk(key: SigningKey) -> dict[str, str]:
    """Write the public half, which everybody may see, with its thumbprint (RFC 7638) as `kid`."""
    return {"kty": "OKP", "crv": "Ed25519", "x": str(key.okp.as_dict(private=False)["x"]), "kid": key.kid}


def parse_public_jwk(jwk: object) -> dict[str, str]:
    """Accept a public key that somebody sent, under the name that follows from it, whatever name it came with.

    Raises:
        InvalidInputError: it is not an Ed25519 public key, or holds a private one.

    """
    if (
        not isinstance(jwk, Mapping)
        or not set(jwk) <= {"kty", "crv", "x", "kid", "use", "alg"}
        or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519")
        or not isinstance(jwk.get("x"), str)
        or not _COORDINATE.fullmatch(jwk["x"])
    ):
        raise InvalidInputError("signed.key_not_usable")
    return {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "kid": verification_key(jwk["x"]).thumbprint()}


@lru_cache(maxsize=1024)
def verification_key(x: str) -> OKPKey:
    """Return the key that checks signatures of the public key `x`; kept, since making it costs as much as its use."""
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def _with_thumbprint(okp: OKPKey) -> SigningKey:
    return SigningKey(okp, okp.thumbprint())
