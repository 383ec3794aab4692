"""The portal: a web page over TLS where a person uploads management certificates and sees what the cloud runs.

Log in with the token of the file that `clouddp fabric run` names as `portal_token_file`. A program sends the token as
`Authorization: Bearer <token>` instead, and uploads a management certificate by

    POST {portal_url}/subscriptions/{subscription id}/certificates
    Content-Type: multipart/form-data, one file field `certificate` (a .cer, DER or Base-64)

which answers 201 and JSON with `thumbprint` and `expires_at`, or 400 and JSON with `code`, `text` and `next_step`.
`GET {portal_url}/subscriptions` answers such a program with JSON, too: a list of `id`, `name` and `created_at`.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.portal.pages import TEMPLATES, PortalPages, choose_language
from clouddp.fabric.portal.sessions import PortalSessions
from clouddp.fabric.subscriptions import Subscriptions
from clouddp.language.command_line import describe_error
from clouddp.language.translate import translate
from clouddp.model.errors import SiteError
from clouddp.network.certificates import load_certificate

_COOKIE: Final = "__Host-clouddp-portal"
_FORM_LIMIT_BYTES: Final = 512 * 1024
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: a browser with a session, or a program with the token (and no CSRF token, as it needs none)."""

    language: str
    csrf_token: str
    is_program: bool


@dataclass(frozen=True, slots=True)
class _Form:
    """What a form carried: texts by name, and content and file name of files by name."""

    texts: Mapping[str, str]
    files: Mapping[str, tuple[bytes, str]]


def make_portal(pages: PortalPages, subscriptions: Subscriptions, sessions: PortalSessions) -> FastAPI:
    """Make the portal's application."""
    application = FastAPI(openapi_url=None)
    admit = _Admission(sessions)
    application.middleware("http")(_add_headers)
    application.add_exception_handler(ProtocolError, _answer_protocol_error)
    _add_log_in(application, pages, sessions)
    _add_pages(application, pages, subscriptions, admit)
    _add_certificates(application, pages, subscriptions, admit)
    return application


class _Admission:
    """Finds out who asks; a browser that is not logged in is led to the page where it can."""

    def __init__(self, sessions: PortalSessions) -> None:
        self._sessions = sessions

    def __call__(self, request: Request) -> Visitor:
        language = choose_language(request.headers.get("accept-language", ""))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if not self._sessions.is_token(token.strip()):
                raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
            return Visitor(language, "", is_program=True)
        session = self._sessions.find(request.cookies.get(_COOKIE, ""))
        if session is None:
            raise HTTPException(303, headers={"Location": "/login"})
        return Visitor(language, session.csrf_token, is_program=False)


def _add_log_in(application: FastAPI, pages: PortalPages, sessions: PortalSessions) -> None:
    @application.get("/login")
    def show_log_in(request: Request) -> HTMLResponse:
        language = choose_language(request.headers.get("accept-language", ""))
        return HTMLResponse(pages.log_in_page(language, is_refused=False))

    @application.post("/login")
    async def log_in(request: Request) -> Response:
        session_id = sessions.log_in(_text(await _form(request), "token").strip())
        if session_id is None:
            language = choose_language(request.headers.get("accept-language", ""))
            return HTMLResponse(pages.log_in_page(language, is_refused=True), 403)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(_COOKIE, session_id, secure=True, httponly=True, samesite="strict", path="/")
        return answer

    @application.post("/logout")
    async def log_out(request: Request) -> Response:
        session_id = request.cookies.get(_COOKIE, "")
        session = sessions.find(session_id)
        if session is not None and _is_same(_text(await _form(request), "csrf_token"), session.csrf_token):
            sessions.log_out(session_id)
        return RedirectResponse("/login", 303)

    @application.get("/portal.css")
    def show_style() -> FileResponse:
        return FileResponse(TEMPLATES / "portal.css", media_type="text/css")


def _add_pages(application: FastAPI, pages: PortalPages, subscriptions: Subscriptions, admit: _Admission) -> None:
    @application.get("/")
    def show_subscriptions(visitor: Annotated[Visitor, Depends(admit)]) -> HTMLResponse:
        return HTMLResponse(pages.subscriptions_page(visitor.language, visitor.csrf_token))

    @application.get("/subscriptions")
    def list_subscriptions(visitor: Annotated[Visitor, Depends(admit)]) -> Response:
        if not visitor.is_program:
            return RedirectResponse("/", 303)
        found = subscriptions.all()
        return JSONResponse([{"id": s.id, "name": s.name, "created_at": s.created_at.isoformat()} for s in found])

    @application.get("/subscriptions/{subscription_id}/certificates/add")
    def show_certificate_form(subscription_id: str, visitor: Annotated[Visitor, Depends(admit)]) -> HTMLResponse:
        return HTMLResponse(pages.add_certificate_page(visitor.language, visitor.csrf_token, subscription_id))

    @application.get("/subscriptions/{subscription_id}")
    def show_subscription(subscription_id: str, visitor: Annotated[Visitor, Depends(admit)]) -> HTMLResponse:
        return HTMLResponse(pages.subscription_page(visitor.language, visitor.csrf_token, subscription_id))


def _add_certificates(
    application: FastAPI, pages: PortalPages, subscriptions: Subscriptions, admit: _Admission
) -> None:
    @application.post("/subscriptions/{subscription_id}/certificates")
    async def add_certificate(
        subscription_id: str, request: Request, visitor: Annotated[Visitor, Depends(admit)]
    ) -> Response:
        form = await _form(request)
        _check_csrf(form, visitor)
        try:
            data, name = _uploaded(form)
            added = subscriptions.add_certificate(subscription_id, load_certificate(data, name=name))
        except SiteError as error:
            described = describe_error(error, visitor.language)
            if visitor.is_program:
                return JSONResponse(described, 400)
            message = " ".join(described[key] for key in ("text", "next_step") if key in described)
            page = pages.add_certificate_page(visitor.language, visitor.csrf_token, subscription_id, message)
            return HTMLResponse(page, 400)
        if visitor.is_program:
            answer = {"thumbprint": added.thumbprint, "expires_at": added.expires_at.isoformat()}
            return JSONResponse(answer, 201)
        return RedirectResponse(f"/subscriptions/{subscription_id}", 303)

    @application.post("/subscriptions/{subscription_id}/certificates/{thumbprint}/remove")
    async def remove_certificate(
        subscription_id: str, thumbprint: str, request: Request, visitor: Annotated[Visitor, Depends(admit)]
    ) -> Response:
        _check_csrf(await _form(request), visitor)
        subscriptions.remove_certificate(subscription_id, thumbprint)
        return Response(status_code=204) if visitor.is_program else _to_subscription(subscription_id)


def _to_subscription(subscription_id: str) -> Response:
    return RedirectResponse(f"/subscriptions/{subscription_id}", 303)


async def _form(request: Request) -> _Form:
    """Read a form whose length is told beforehand and small."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise HTTPException(411)
    if int(length[:18]) > _FORM_LIMIT_BYTES:
        raise HTTPException(413)
    texts: dict[str, str] = {}
    files: dict[str, tuple[bytes, str]] = {}
    async with request.form(max_files=1, max_fields=4) as form:
        for name, value in form.items():
            if isinstance(value, str):
                texts[name] = value
            else:
                files[name] = (await value.read(), value.filename or "")
    return _Form(texts, files)


def _uploaded(form: _Form) -> tuple[bytes, str]:
    data, name = form.files.get("certificate", (b"", ""))
    if not name:
        raise SiteError("fabric.certificate_file_missing")
    return data, name


def _check_csrf(form: _Form, visitor: Visitor) -> None:
    if not visitor.is_program and not _is_same(_text(form, "csrf_token"), visitor.csrf_token):
        raise HTTPException(403)


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _text(form: _Form, name: str) -> str:
    return form.texts.get(name, "")


async def _add_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    answer = await call_next(request)
    answer.headers.update(_HEADERS)
    return answer


async def _answer_protocol_error(request: Request, error: Exception) -> Response:
    """Say that a subscription or certificate is not there."""
    status = error.status if isinstance(error, ProtocolError) else 500
    language = choose_language(request.headers.get("accept-language", ""))
    code = "fabric.portal_not_found" if status == 404 else "fabric.portal_refused"
    body: dict[str, Any] = {"code": code, "text": translate(code, {"reason": str(error)}, language=language)}
    return JSONResponse(body, status)
