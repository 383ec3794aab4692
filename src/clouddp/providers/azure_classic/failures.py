"""What an answer of the management service that is no success means to us, with cause and next step."""

import contextlib
from collections.abc import Mapping
from typing import Final

from clouddp.model.errors import CloudError, ConflictError, NotFoundError, RefusedError, SiteError, TemporaryError
from clouddp.providers.azure_classic.documents import read_document

_UNKNOWN_CERTIFICATE: Final = frozenset({"ForbiddenError", "AuthenticationFailed"})
_PASSING: Final = frozenset({"InternalError", "OperationTimedOut", "ServerBusy", "TooManyRequests"})
_MAYBE_DONE: Final = frozenset({500, 502, 504})
_NO_ROOM: Final = "location constraint is not valid"
_BUSY: Final = "currently performing an operation"
_DEFAULT_RETRY_SECONDS: Final = 30.0


class UnansweredError(TemporaryError):
    """Nobody knows whether what was asked for was done, or is still to be done."""


def failure_of(
    status: int, headers: Mapping[str, str], body: bytes, *, url: str, subscription_id: str, thumbprint: str
) -> SiteError:
    """Turn an answer into one of our errors."""
    cloud_code, detail = _read_error(body, url=url, status=status)
    if status == 403 and cloud_code == "SubscriptionDisabled":
        return CloudError("cloud.subscription_disabled", subscription_id=subscription_id, detail=detail)
    if status == 403 and cloud_code in _UNKNOWN_CERTIFICATE:
        return RefusedError(
            "cloud.certificate_not_known", subscription_id=subscription_id, thumbprint=thumbprint, detail=detail
        )
    if status == 407:
        return TemporaryError("cloud.proxy_refused", url=url, detail=detail)
    if status == 429 or status >= 500:
        kind = UnansweredError if status in _MAYBE_DONE else TemporaryError
        return kind(
            "cloud.busy",
            retry_after_seconds=retry_after_seconds(headers),
            is_told="retry-after" in headers,
            cloud_code=cloud_code,
            detail=detail,
        )
    return failure_by_code(status, cloud_code, detail)


def failure_by_code(status: int, cloud_code: str, detail: str) -> SiteError:
    """Turn what the cloud says of a request, or of an operation that failed later, into one of our errors."""
    if cloud_code in _PASSING:
        return TemporaryError("cloud.busy", retry_after_seconds=5, cloud_code=cloud_code, detail=detail)
    if cloud_code == "LocationNotFoundForRoleSize" or _NO_ROOM in detail:
        return CloudError("cloud.region_without_room", detail=detail)
    if status == 404:
        return NotFoundError("cloud.not_found", detail=detail)
    if status == 409 and _BUSY in detail:
        return TemporaryError("cloud.busy", retry_after_seconds=5, cloud_code=cloud_code, detail=detail)
    if status == 409:
        return ConflictError("cloud.conflict", detail=detail)
    return CloudError("cloud.refused", status=status, cloud_code=cloud_code, detail=detail)


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """Read Retry-After in seconds; its other form, a date, is not used by this service."""
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else _DEFAULT_RETRY_SECONDS


def _read_error(body: bytes, *, url: str, status: int) -> tuple[str, str]:
    with contextlib.suppress(CloudError):
        error = read_document(body, url=url, status=status)
        return error.text("Code"), error.text("Message")
    return f"HTTP {status}", body[:200].decode("utf-8", "replace")
