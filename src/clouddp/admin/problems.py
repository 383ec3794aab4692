"""Our errors as HTTP problems (RFC 9457), there and back: the one table."""

from collections.abc import Mapping
from typing import Any, Final

from clouddp.language.command_line import describe_error
from clouddp.model.errors import (
    CloudError,
    ConflictError,
    DamagedError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    SiteError,
    TemporaryError,
)

MEDIA_TYPE: Final = "application/problem+json"

_STATUSES: Final[tuple[tuple[type[SiteError], int], ...]] = (
    (InvalidInputError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (RefusedError, 403),
    (CloudError, 502),
    (TemporaryError, 503),
    (DamagedError, 500),
)


def problem_status(error: SiteError) -> int:
    """Name the HTTP status of an error."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def problem_document(error: SiteError, language: str) -> dict[str, Any]:
    """Describe an error for people (`title`, `next_step`) and for programs (`code`, `arguments`, `faults`)."""
    described = describe_error(error, language)
    return {
        "type": "about:blank",
        "title": described["text"],
        "status": problem_status(error),
        "code": error.code,
        "arguments": _plain(error),
        "next_step": described.get("next_step"),
        "faults": [problem_document(fault, language) for fault in _faults(error)],
    }


def error_of_problem(document: Mapping[str, Any]) -> SiteError:
    """Make the error again that a problem document describes."""
    kind = next((kind for kind, status in _STATUSES if status == document.get("status")), SiteError)
    arguments = {str(name): value for name, value in document.get("arguments", {}).items()}
    if kind is InvalidInputError:
        faults = tuple(error_of_problem(fault) for fault in document.get("faults", ()))
        return InvalidInputError(document["code"], faults=faults, **arguments)
    return kind(document["code"], **arguments)


def _faults(error: SiteError) -> tuple[SiteError, ...]:
    return error.faults if isinstance(error, InvalidInputError) else ()


def _plain(error: SiteError) -> dict[str, str]:
    return {name: str(value) for name, value in error.arguments.items()}
