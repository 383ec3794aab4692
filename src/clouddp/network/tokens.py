"""Access tokens, which open content at one distribution point, and assertions, by which a client proves itself."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from clouddp.model.errors import DamagedError, RefusedError
from clouddp.network.signed import Purpose, sign, verify
from clouddp.network.signing_keys import SigningKey

TOKEN_LIMIT_BYTES = 4096
ACCESS_LIFETIME_SECONDS = 8 * 3600
ACCESS_LIFETIME_LIMIT_SECONDS = 24 * 3600
ASSERTION_LIFETIME_SECONDS = 60
LEEWAY_SECONDS = 60  # how far two clocks may differ

_ACCESS_CLAIMS = {"iss", "sub", "aud", "content", "iat", "nbf", "exp", "jti"}
_ASSERTION_CLAIMS = {"iss", "sub", "aud", "iat", "exp", "jti"}


class TokenFault(StrEnum):
    """Why a token is refused; a stable word for machines and logs."""

    NOT_VALID = "not_valid"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What a valid access token says."""

    client_id: str
    service_id: str
    version_id: str
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionClaims:
    """What to remember of an accepted assertion, so that it is not accepted again."""

    token_id: str
    expires_at: datetime  # the last moment at which it would be accepted, leeway included


def issue_access_token(
    *,
    key: SigningKey,
    issuer: str,
    client_id: str,
    service_id: str,
    version_id: str,
    now: datetime,
    lifetime_seconds: int = ACCESS_LIFETIME_SECONDS,
) -> str:
    """Sign a token with which one client gets one package version from one distribution point."""
    issued_at = int(now.timestamp())
    claims = {
        "iss": issuer,
        "sub": client_id,
        "aud": service_id,
        "content": version_id,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + lifetime_seconds,
        "jti": secrets.token_urlsafe(16),
    }
    return sign(claims, key=key, purpose=Purpose.ACCESS)


def verify_access_token(
    token: str, *, keys: Sequence[Mapping[str, str]], service_id: str, now: datetime
) -> AccessClaims:
    """Return what the token says, if it is one of the site's for this distribution point at this time.

    Raises:
        RefusedError: it is not.

    """
    claims = _verified(token, keys=keys, purpose=Purpose.ACCESS, members=_ACCESS_CLAIMS)
    if claims["aud"] != service_id:
        raise _refused(TokenFault.AUDIENCE)
    _check_times(claims, now=now, lifetime_limit_seconds=ACCESS_LIFETIME_LIMIT_SECONDS)
    return AccessClaims(
        client_id=claims["sub"],
        service_id=claims["aud"],
        version_id=claims["content"],
        issued_at=_moment(claims["iat"]),
        not_before=_moment(claims["nbf"]),
        expires_at=_moment(claims["exp"]),
        token_id=claims["jti"],
    )


def make_assertion(*, key: SigningKey, client_id: str, audience: str, now: datetime) -> str:
    """Sign a proof, good for a minute and one request, that the holder of the key speaks (as RFC 7523)."""
    issued_at = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + ASSERTION_LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    return sign(claims, key=key, purpose=Purpose.ASSERTION)


def verify_assertion(
    token: str, *, public_key: Mapping[str, str], client_id: str, audience: str, now: datetime
) -> AssertionClaims:
    """Accept a client's proof; the caller refuses a `token_id` that it has seen before.

    Raises:
        RefusedError: it is not this client's, or not for this audience, or not for this time.

    """
    claims = _verified(token, keys=(public_key,), purpose=Purpose.ASSERTION, members=_ASSERTION_CLAIMS)
    if (claims["iss"], claims["sub"]) != (client_id, client_id):
        raise _refused(TokenFault.ISSUER)
    if claims["aud"] != audience:
        raise _refused(TokenFault.AUDIENCE)
    _check_times(claims, now=now, lifetime_limit_seconds=ASSERTION_LIFETIME_SECONDS)
    return AssertionClaims(
        token_id=claims["jti"], expires_at=_moment(claims["exp"]) + timedelta(seconds=LEEWAY_SECONDS)
    )


def _verified(token: str, *, keys: Sequence[Mapping[str, str]], purpose: Purpose, members: set[str]) -> dict[str, Any]:
    try:
        claims = verify(token, keys=keys, purpose=purpose, limit_bytes=TOKEN_LIMIT_BYTES)
    except DamagedError as error:
        raise _refused(TokenFault.NOT_VALID) from error
    times = members & {"iat", "nbf", "exp"}
    if set(claims) != members or not all(type(claims[name]) is int for name in times):
        raise _refused(TokenFault.NOT_VALID)
    if not all(isinstance(claims[name], str) and claims[name] for name in members - times):
        raise _refused(TokenFault.NOT_VALID)
    return claims


def _check_times(claims: Mapping[str, Any], *, now: datetime, lifetime_limit_seconds: int) -> None:
    moment = now.timestamp()
    if moment >= claims["exp"] + LEEWAY_SECONDS:
        raise _refused(TokenFault.EXPIRED)
    if moment < max(claims["iat"], claims.get("nbf", claims["iat"])) - LEEWAY_SECONDS:
        raise _refused(TokenFault.NOT_YET_VALID)
    if claims["exp"] - claims["iat"] > lifetime_limit_seconds:
        raise _refused(TokenFault.LIFETIME)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _refused(fault: TokenFault) -> RefusedError:
    return RefusedError("signed.token_refused", reason=fault.value)
