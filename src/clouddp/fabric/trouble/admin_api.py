"""The admin endpoint of trouble, beside the portal; docs/fabric.md tells it to who writes a client.

    GET    /trouble        all troubles, the oldest first
    POST   /trouble        a rule as JSON; 201 and the rule with its `id`
    DELETE /trouble/{id}   204
    DELETE /trouble        204, and none is left

Each needs `Authorization: Bearer <portal token>`; a browser's session does not do. What is refused is answered with
JSON: `code`, `arguments` and `text`, `next_step` and `faults` in the language of `Accept-Language`.
"""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from clouddp.fabric.portal.pages import choose_language
from clouddp.fabric.portal.sessions import PortalSessions
from clouddp.fabric.trouble.administration import TroubleAdministration
from clouddp.language.command_line import describe_error
from clouddp.model.errors import ConflictError, InvalidInputError, NotFoundError, SiteError

PATH: Final = "/trouble"
STATUSES: Final[tuple[tuple[type[SiteError], int], ...]] = (
    (InvalidInputError, 400),
    (NotFoundError, 404),
    (ConflictError, 409),
    (SiteError, 500),
)

_BODY_LIMIT_BYTES: Final = 16 * 1024


def add_trouble_routes(application: FastAPI, administration: TroubleAdministration, sessions: PortalSessions) -> None:
    """Add the endpoint to an application."""
    admitted = [Depends(_Admission(sessions))]

    @application.get(PATH, dependencies=admitted)
    def list_troubles() -> Response:
        return JSONResponse(administration.list())

    @application.post(PATH, dependencies=admitted)
    async def add_trouble(request: Request, body: Annotated[bytes, Depends(_body)]) -> Response:
        def add() -> Response:
            return JSONResponse(administration.add(_document(body)), 201)

        return await run_in_threadpool(_answer, request, add)

    @application.delete(PATH, dependencies=admitted)
    def clear_troubles() -> Response:
        administration.clear()
        return Response(status_code=204)

    @application.delete(f"{PATH}/{{trouble_id}}", dependencies=admitted)
    def remove_trouble(request: Request, trouble_id: str) -> Response:
        def remove() -> Response:
            administration.remove(trouble_id)
            return Response(status_code=204)

        return _answer(request, remove)


class _Admission:
    """Lets through who knows the portal's token."""

    def __init__(self, sessions: PortalSessions) -> None:
        self._sessions = sessions

    def __call__(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._sessions.is_token(token.strip()):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY_LIMIT_BYTES:
            raise HTTPException(413)
    return body


def _answer(request: Request, act: Callable[[], Response]) -> Response:
    try:
        return act()
    except SiteError as error:
        status = next(status for kind, status in STATUSES if isinstance(error, kind))
        described = describe_error(error, choose_language(request.headers.get("accept-language", "")))
        arguments = {name: str(value) for name, value in error.arguments.items()}
        return JSONResponse({**described, "arguments": arguments}, status)


def _document(body: bytes) -> object:
    try:
        return json.loads(body, object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("trouble.not_json") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field occurs twice")
    return found


def _refuse(constant: str) -> object:
    raise ValueError(constant)
