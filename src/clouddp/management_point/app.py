"""The management point as an HTTPS service: the site, registrations, locations."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from clouddp.management_point.decisions import Decisions, SiteDescription
from clouddp.management_point.ports import Clients
from clouddp.management_point.problems import problem_answer
from clouddp.model.errors import InvalidInputError, SiteError
from clouddp.telemetry.correlation import correlated

_BODY_LIMIT_BYTES: Final = 64 * 1024
_LENGTH: Final = re.compile(r"[0-9]{1,9}")


class NewRegistration(BaseModel):
    """What a client sends to be registered."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(max_length=200)
    public_key: dict[str, str]
    name: str = Field(min_length=1, max_length=64)


class LocationRequest(BaseModel):
    """What a client wants to get."""

    model_config = ConfigDict(extra="forbid", strict=True)

    package_id: str = Field(pattern=r"^[A-Z0-9]{8}$")
    version_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")


def make_management_point(
    site: SiteDescription,
    *,
    clients: Clients,
    decisions: Decisions,
    report_failure: Callable[[str, Exception], None],
) -> FastAPI:
    """Build the service; `report_failure` is told of an unexpected error with the reference the client was given."""
    application = FastAPI(
        title="clouddp management point", version="1", docs_url=None, redoc_url=None, openapi_url=None
    )

    @application.get("/mp/v1/site")
    def show_site() -> dict[str, Any]:
        return site.document()

    @application.post("/mp/v1/registrations")
    def register(new: NewRegistration) -> dict[str, str]:
        return {"client_id": clients.register(new.token, public_key=new.public_key, name=new.name)}

    @application.post("/mp/v1/locations")
    def locate(
        wanted: LocationRequest,
        authorization: Annotated[str | None, Header(max_length=8192)] = None,
        x_clouddp_client: Annotated[str | None, Header(max_length=64)] = None,
    ) -> dict[str, Any]:
        client = decisions.admit(x_clouddp_client, authorization)
        return decisions.locate(client, wanted.package_id, wanted.version_id)

    application.add_exception_handler(SiteError, _answer_site_error)
    application.add_exception_handler(RequestValidationError, _answer_invalid_request)
    application.add_exception_handler(HTTPException, _answer_framework)
    application.add_exception_handler(Exception, _answer_unexpected(report_failure))
    application.middleware("http")(_limit)
    return application


async def _limit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse bodies that are too long, or that do not say how long they are."""
    declared = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers or not _LENGTH.fullmatch(declared) or int(declared) > _BODY_LIMIT_BYTES:
        return _problem(InvalidInputError("management_point.request_too_large", limit=_BODY_LIMIT_BYTES), request)
    with correlated():
        response = await call_next(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _problem(error: SiteError, request: Request) -> Response:
    return problem_answer(error, request.headers.get("accept-language", ""))


async def _answer_site_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SiteError)  # noqa: S101 (registered for this class alone)
    return _problem(error, request)


async def _answer_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this class alone)
    fields = ", ".join(".".join(map(str, fault["loc"][1:])) for fault in error.errors())
    return _problem(InvalidInputError("management_point.request_invalid", fields=fields[:200]), request)


async def _answer_framework(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses by itself: an unknown path or method, a body that is no JSON."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class alone)
    answer = _problem(InvalidInputError("management_point.request_invalid", fields="path, method, JSON"), request)
    answer.status_code = error.status_code
    return answer


def _answer_unexpected(
    report_failure: Callable[[str, Exception], None],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        reference = uuid4().hex[:12]
        report_failure(reference, error)
        return _problem(SiteError("management_point.internal_error", reference=reference), request)

    return answer
