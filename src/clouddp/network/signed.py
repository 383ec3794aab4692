"""Signed statements: compact JWS (RFC 7515) with Ed25519, one key and one `typ` per purpose (RFC 8725)."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from clouddp.model.errors import DamagedError, InvalidInputError
from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.signing_keys import SigningKey, parse_public_jwk, verification_key

STATE_LIMIT_BYTES = 16 * 2**20

_ALGORITHM = "Ed25519"  # RFC 9864; the older name "EdDSA" also means other curves
# The last of the 86 characters carries two bits: only these four are what an encoder writes.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")

_STATE_MEMBERS = {
    "service_id": str,
    "epoch": int,
    "sequence": int,
    "issued_at": str,
    "expires_at": str,
    "running": bool,
    "token_keys": list,
    "blocked_clients": dict,
}


class Purpose(StrEnum):
    """What a statement is for; its `typ`, so that one kind is never taken for another."""

    ACCESS = "clouddp-access+jwt"
    STATE = "clouddp-state+jwt"
    SCOPE = "clouddp-scope+jwt"
    VERSION = "clouddp-version+jwt"
    ASSERTION = "clouddp-assertion+jwt"


def sign(claims: Mapping[str, Any], *, key: SigningKey, purpose: Purpose) -> str:
    """Sign claims, which are JSON, for one purpose."""
    header = {"alg": _ALGORITHM, "kid": key.kid, "typ": purpose.value}
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return jws.serialize_compact(header, payload, key.okp, algorithms=[_ALGORITHM])


def verify(token: str, *, keys: Sequence[Mapping[str, str]], purpose: Purpose, limit_bytes: int) -> dict[str, Any]:
    """Return the claims of a statement that one of the public keys signed for this purpose.

    Says nothing about times or audiences: they are the caller's.

    Raises:
        DamagedError: it is anything else.

    """
    if len(token) > limit_bytes or not _COMPACT.fullmatch(token):
        raise DamagedError("signed.not_valid", purpose=purpose.value)
    registry = _registry(limit_bytes)
    try:
        statement = jws.extract_compact(token.encode("ascii"), registry=registry)
        key = _find_key(statement.protected, keys, purpose)
        if not jws.validate_compact(statement, key, registry=registry):
            raise DamagedError("signed.not_valid", purpose=purpose.value)
        return _claims(statement.payload)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:  # a header may be any JSON
        raise DamagedError("signed.not_valid", purpose=purpose.value) from error


def sign_state(document: ServiceStateDocument, *, key: SigningKey) -> str:
    """Write the signed object `state/service`."""
    claims = {
        "service_id": document.service_id,
        "epoch": document.epoch,
        "sequence": document.sequence,
        "issued_at": document.issued_at.isoformat(),
        "expires_at": document.expires_at.isoformat(),
        "running": document.running,
        "token_keys": [dict(jwk) for jwk in document.token_keys],
        "blocked_clients": {client: moment.isoformat() for client, moment in document.blocked_clients.items()},
    }
    return sign(claims, key=key, purpose=Purpose.STATE)


def verify_state(token: str, *, keys: Sequence[Mapping[str, str]]) -> ServiceStateDocument:
    """Read the signed object `state/service`; whose it is and whether it still holds is the caller's to check.

    Raises:
        DamagedError: it is not one that the site signed, or not one that this version understands.

    """
    claims = verify(token, keys=keys, purpose=Purpose.STATE, limit_bytes=STATE_LIMIT_BYTES)
    if {name: type(value) for name, value in claims.items()} != _STATE_MEMBERS:
        raise DamagedError("signed.state_not_understood")
    try:
        return ServiceStateDocument(
            service_id=claims["service_id"],
            epoch=claims["epoch"],
            sequence=claims["sequence"],
            issued_at=_moment(claims["issued_at"]),
            expires_at=_moment(claims["expires_at"]),
            running=claims["running"],
            token_keys=tuple(parse_public_jwk(jwk) for jwk in claims["token_keys"]),
            blocked_clients={client: _moment(moment) for client, moment in claims["blocked_clients"].items()},
        )
    except (TypeError, ValueError, InvalidInputError) as error:
        raise DamagedError("signed.state_not_understood") from error


@lru_cache(maxsize=64)
def _registry(limit_bytes: int) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[_ALGORITHM])
    registry.max_payload_length = limit_bytes  # the library's own limit is too small for the state of a large site
    return registry


def _find_key(header: Mapping[str, Any], keys: Sequence[Mapping[str, str]], purpose: Purpose) -> OKPKey:
    """Return the key that the header names, if the header holds what ours hold and nothing else.

    Refuses by that each other algorithm, keys sent along (`jwk`, `jku`, `x5c`) and every critical extension.
    """
    if set(header) == {"alg", "kid", "typ"} and header["alg"] == _ALGORITHM and header["typ"] == purpose.value:
        for jwk in keys:
            if jwk.get("kid") == header["kid"] and (jwk.get("kty"), jwk.get("crv")) == ("OKP", "Ed25519"):
                return verification_key(jwk["x"])
    raise DamagedError("signed.not_valid", purpose=purpose.value)


def _claims(payload: bytes) -> dict[str, Any]:
    claims = json.loads(payload, object_pairs_hook=_without_duplicates)
    if not isinstance(claims, dict):
        raise TypeError
    return claims


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members
