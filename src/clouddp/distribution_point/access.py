"""Decide what a front end answers: pure, without clock, files or network."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from clouddp.model.exchange import Scope, ServiceStateDocument
from clouddp.network.tokens import LEEWAY_SECONDS, AccessClaims

_VERSION_ID: Final = re.compile(r"[0-9a-f]{32}")
_OBJECT: Final = re.compile(r"/content/([0-9a-f]{32})")
_BEARER: Final = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*) *")


class Refusal(StrEnum):
    """Why a caller does not get an object; the access log holds these words."""

    NOT_SERVING = "not_serving"
    TOKEN_MISSING = "token_missing"  # noqa: S105 (a reason, no token)
    TOKEN_REFUSED = "token_refused"  # noqa: S105 (a reason, no token)
    CLIENT_BLOCKED = "client_blocked"
    NOT_FOUND = "not_found"


def is_acceptable(state: ServiceStateDocument, *, service_id: str, newest: tuple[int, int]) -> bool:
    """Say whether a verified state may replace the one before: it is ours, and not older than the newest ever seen."""
    return state.service_id == service_id and (state.epoch, state.sequence) >= newest


def is_in_force(state: ServiceStateDocument | None, now: datetime) -> bool:
    """Say whether there is a state and its time has not ended."""
    return state is not None and now < state.expires_at


def is_serving(state: ServiceStateDocument, now: datetime) -> bool:
    """Say whether clients are served at all."""
    return state.running and is_in_force(state, now)


def judge_claims(claims: AccessClaims, *, state: ServiceStateDocument, now: datetime) -> Refusal | None:
    """Judge a token whose signature was verified, now or before: its time, and whether its client was blocked since."""
    leeway = timedelta(seconds=LEEWAY_SECONDS)
    is_timely = claims.not_before - leeway <= now < claims.expires_at + leeway
    if not is_timely or not _VERSION_ID.fullmatch(claims.version_id):
        return Refusal.TOKEN_REFUSED
    blocked_since = state.blocked_clients.get(claims.client_id)
    if blocked_since is not None and claims.issued_at <= blocked_since:
        return Refusal.CLIENT_BLOCKED
    return None


def is_scope_of(scope: Scope, claims: AccessClaims) -> bool:
    """Say whether a verified scope is the one that a token is for."""
    return (scope.service_id, scope.version_id) == (claims.service_id, claims.version_id)


def bearer_token(authorization: str | None) -> str | None:
    """Take the token out of an `Authorization` header (RFC 6750)."""
    match = _BEARER.fullmatch(authorization or "")
    return match[1] if match else None


def object_name(path: str) -> str | None:
    """Name the object that a path asks for; None for every other path."""
    match = _OBJECT.fullmatch(path)
    return match[1] if match else None
