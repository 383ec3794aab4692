"""The management point's errors as HTTP problems (RFC 9457), in the client's language."""

from collections.abc import Mapping
from typing import Final

from fastapi.responses import JSONResponse

from clouddp.language.command_line import describe_error
from clouddp.language.translate import DEFAULT_LANGUAGE, LANGUAGES
from clouddp.model.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    SiteError,
    TemporaryError,
)

_STATUSES: Final[tuple[tuple[type[SiteError], int], ...]] = (
    (InvalidInputError, 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    (RefusedError, 403),
    (TemporaryError, 503),
)


def problem_answer(error: SiteError, accept_language: str) -> JSONResponse:
    """Say what is wrong, to people and to programs."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    described = describe_error(error, chosen_language(accept_language))
    document = {
        "type": "about:blank",
        "title": described["text"],
        "status": status,
        "code": error.code,
        "next_step": described.get("next_step"),
    }
    headers: Mapping[str, str] = {}
    if isinstance(error, TemporaryError):
        headers = {"Retry-After": str(max(1, round(error.retry_after_seconds)))}
    return JSONResponse(document, status_code=status, headers=headers, media_type="application/problem+json")


def chosen_language(accept_language: str) -> str:
    """Choose the first language of `Accept-Language` that we have."""
    for preference in accept_language[:200].split(","):
        language = preference.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE
