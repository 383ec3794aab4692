"""The administration service as one application: routers, authentication, problems."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from clouddp.admin.problems import MEDIA_TYPE, problem_document, problem_status
from clouddp.language.translate import LANGUAGES
from clouddp.model.errors import InvalidInputError, RefusedError, SiteError
from clouddp.telemetry.correlation import correlated

_BODY_LIMIT: Final = 4 * 2**20  # bytes; the largest request holds two .pfx files in Base-64
_LENGTH: Final = re.compile(r"[0-9]{1,9}")

Authenticate = Callable[[str], None]
"""Raises RefusedError when the token is not one of an administrator."""


def make_administration_service(
    routers: Sequence[APIRouter],
    *,
    authenticate: Authenticate,
    report_failure: Callable[[str, Exception], None],
    language: str,
) -> FastAPI:
    """Build the service; `report_failure` is told of an unexpected error with the reference the caller was given."""
    application = FastAPI(
        title="clouddp administration service", version="1", docs_url=None, redoc_url=None, openapi_url=None
    )
    guard = Depends(_bearer_guard(authenticate))
    for router in (*routers, _description_route(application)):
        application.include_router(router, prefix="/api/v1", dependencies=[guard])
    application.add_exception_handler(SiteError, _answer_site_error(language))
    application.add_exception_handler(RequestValidationError, _answer_invalid_request(language))
    application.add_exception_handler(Exception, _answer_unexpected(language, report_failure))
    application.middleware("http")(_correlate_and_limit)
    return application


def request_language(request: Request, default: str) -> str:
    """Choose the language of an answer: the first of `Accept-Language` that we have."""
    for preference in request.headers.get("accept-language", "").split(","):
        language = preference.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return default


def _description_route(application: FastAPI) -> APIRouter:
    """Describe the service to its administrators, and to nobody else."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    def describe() -> dict[str, Any]:
        return application.openapi()

    return router


def _bearer_guard(authenticate: Authenticate) -> Callable[[HTTPAuthorizationCredentials | None], None]:
    def guard(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> None:
        if credentials is None:
            raise RefusedError("admin.token_missing")
        authenticate(credentials.credentials)

    return guard


async def _correlate_and_limit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    declared = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers or not _LENGTH.fullmatch(declared) or int(declared) > _BODY_LIMIT:
        return Response(status_code=413)
    with correlated() as identifier:
        response = await call_next(request)
    response.headers["X-Correlation-Id"] = identifier
    response.headers["Cache-Control"] = "no-store"
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(error: SiteError, request: Request, language: str) -> JSONResponse:
    document = problem_document(error, request_language(request, language))
    return JSONResponse(document, status_code=problem_status(error), media_type=MEDIA_TYPE)


def _answer_site_error(language: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, SiteError)  # noqa: S101 (registered for this class alone)
        return _answer(error, request, language)

    return answer


def _answer_invalid_request(language: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this class alone)
        faults = tuple(
            InvalidInputError("admin.field_invalid", field=".".join(map(str, fault["loc"])), reason=fault["msg"])
            for fault in error.errors()
        )
        return _answer(InvalidInputError("admin.request_invalid", faults=faults), request, language)

    return answer


def _answer_unexpected(
    language: str, report_failure: Callable[[str, Exception], None]
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        reference = uuid4().hex[:12]
        report_failure(reference, error)
        return _answer(SiteError("admin.internal_error", reference=reference), request, language)

    return answer
