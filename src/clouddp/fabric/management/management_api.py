"""The management endpoint as a WSGI application: admits certificates, finds the operation, writes the answer.

The server below hands over every client certificate. Here the whole certificate is compared with those uploaded to the
subscription, and its dates are checked, for each request: so a new one counts at once, and a removed one no longer.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import sha1
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import uuid4

from clouddp.fabric.management.documents import reply_document, text_element
from clouddp.fabric.management.operation_origins import origin_of
from clouddp.fabric.management.protocol_errors import ProtocolError, forbidden, internal_error, invalid_query
from clouddp.fabric.management.request_bodies import read_body
from clouddp.fabric.management.routes import Reply, Request, Route, Router
from clouddp.fabric.operations import Operations
from clouddp.fabric.subscriptions import Subscriptions
from clouddp.fabric.trouble.connection_cut import ConnectionCutError
from clouddp.fabric.trouble.management_strikes import ManagementStrikes
from clouddp.telemetry.logs import ComponentLog

CLIENT_CERTIFICATE: Final = "clouddp.client_certificate"
"""Key of the WSGI environment: the DER of the client's certificate, or None."""

_FIELD_LIMIT: Final = 50

COMMON_HEADERS: Final = (
    ("x-ms-servedbyregion", "ussouth3"),
    ("Cache-Control", "no-cache"),
    ("Server", "1.0.6198.243 (clouddp_fabric) Microsoft-HTTPAPI/2.0"),
)

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class ManagementApi:
    """Azure Service Management REST over the fabric's subscriptions."""

    def __init__(
        self,
        routes: list[Route],
        subscriptions: Subscriptions,
        operations: Operations,
        strikes: ManagementStrikes,
        log: ComponentLog,
    ) -> None:
        self._router = Router(routes)
        self._subscriptions = subscriptions
        self._operations = operations
        self._strikes = strikes
        self._log = log

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        request_id = uuid4().hex
        try:
            reply = self._answer(request_id, environ)
        except ProtocolError as error:
            reply = _error_reply(error)
        except ConnectionCutError:
            raise  # the server below cuts the connection
        except Exception as error:  # noqa: BLE001 (the client gets the protocol's error, the log the reason)
            self._log.error("fabric.request_broke", request=request_id, reason=repr(error))
            reply = _error_reply(internal_error())
        body = _send(reply, request_id, start_response)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body  # RFC 9110, section 9.3.2: its length alone

    def _answer(self, request_id: str, environ: dict[str, Any]) -> Reply:
        subscription_id, _, path = _path(environ).lstrip("/").partition("/")
        certificate = environ.get(CLIENT_CERTIFICATE)
        if certificate is None or not self._subscriptions.is_admitted(subscription_id, certificate):
            raise forbidden()
        request = Request(
            id=request_id,
            method=environ["REQUEST_METHOD"],
            base_url=f"https://{environ.get('HTTP_HOST') or environ['SERVER_NAME']}",
            subscription_id=subscription_id.lower(),
            path=path,
            query=_query(environ),
            version=environ.get("HTTP_X_MS_VERSION", ""),
            body=read_body(environ),
            certificate_thumbprint=sha1(certificate, usedforsecurity=False).hexdigest().upper(),
            client_address=environ.get("REMOTE_ADDR", ""),
        )
        route, names = self._router.find(request)
        with self._operations.asked_by(origin_of(request, route.operation, names)):
            return self._strikes.answer(request, route.operation, names, partial(self._act, route, names))

    def _act(self, route: Route, names: Mapping[str, str], request: Request) -> Reply:
        reply = route.handler(request, names)
        if request.method != "GET":
            self._operations.record_done(request.id, request.subscription_id)
        return reply


def _path(environ: dict[str, Any]) -> str:
    """Return the path as text; WSGI hands over its octets as if they were Latin-1."""
    return str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "replace")


def _query(environ: dict[str, Any]) -> dict[str, str]:
    """Read the query; a parameter that is there twice has no one meaning."""
    try:
        found = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=_FIELD_LIMIT)
    except ValueError as error:
        raise invalid_query() from error
    query = dict(found)
    if len(query) < len(found):
        raise invalid_query()
    return query


def _error_reply(error: ProtocolError) -> Reply:
    parts = (text_element("Code", error.code), text_element("Message", error.message))
    return Reply(status=error.status, body=reply_document("Error", *parts), retry_after=error.retry_after)


def _send(reply: Reply, request_id: str, start_response: StartResponse) -> list[bytes]:
    body = reply.body.encode()
    headers = [("x-ms-request-id", request_id), *COMMON_HEADERS, ("Content-Length", str(len(body)))]
    if body:
        headers.append(("Content-Type", "application/xml; charset=utf-8"))
    if reply.location:
        headers.append(("Location", reply.location))
    if reply.retry_after is not None:
        headers.append(("Retry-After", str(reply.retry_after)))
    start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
    return [body]
