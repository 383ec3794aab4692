"""The errors that trouble answers with, in the words of the real service as far as they are known."""

from collections.abc import Mapping
from typing import Final

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.trouble.rules import TroubleRule

_CODES: Final[Mapping[int, str]] = {
    400: "BadRequest",
    403: "ForbiddenError",
    404: "ResourceNotFound",
    409: "ConflictError",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServerBusy",
}
_MESSAGES: Final[Mapping[str, str]] = {
    "BadRequest": "A parameter was incorrect.",
    "ForbiddenError": (
        "The server failed to authenticate the request. Verify that the certificate is valid and is associated with "
        "this subscription."
    ),
    "ResourceNotFound": "The specified resource does not exist.",
    "ConflictError": "A conflict occurred to prevent the operation from completing.",
    "TooManyRequests": "The subscription sent too many requests. Please retry your request.",
    "InternalError": "The server encountered an internal error. Please retry the request.",
    "OperationTimedOut": "The operation could not be completed within the permitted time.",
    "ServerBusy": (
        "The server (or an internal component) is currently unavailable to receive requests. Please retry your request."
    ),
    "SubscriptionDisabled": "The subscription is in a disabled state.",
}


def error_of(rule: TroubleRule) -> ProtocolError:
    """Make the error that a rule names by status, code and message; what it leaves out is what belongs to the rest."""
    status = rule.status or 500
    code = rule.code or _CODES.get(status) or _CODES[500 if status >= 500 else 400]
    return ProtocolError(status, code, rule.message or _MESSAGES.get(code, code), retry_after=rule.retry_after)


def server_busy() -> ProtocolError:
    """More requests than the server can hold."""
    return ProtocolError(503, "ServerBusy", _MESSAGES["ServerBusy"], retry_after=1)


def subscription_disabled() -> ProtocolError:
    """A subscription that may do nothing."""
    return ProtocolError(403, "SubscriptionDisabled", _MESSAGES["SubscriptionDisabled"])


def name_taken(operation: str, name: str) -> ProtocolError:
    """A name that somebody else took after it was free."""
    if operation == "create-hosted-service":
        return ProtocolError(409, "ConflictError", "The specified DNS name is already taken.")
    return ProtocolError(409, "ConflictError", f"The storage account named '{name}' is already taken.")


def region_full_for_deployments(region: str) -> ProtocolError:
    """How the operation ends that was to place instances where there is no room."""
    return ProtocolError(
        400,
        "LocationNotFoundForRoleSize",
        f"The requested VM tier is currently not available in Region ({region}) for this subscription. Please try "
        "another tier or deploy to a different location.",
    )


def region_full_for_storage() -> ProtocolError:
    """What a region answers that takes no new storage accounts."""
    return ProtocolError(400, "BadRequest", "The location constraint is not valid.")
