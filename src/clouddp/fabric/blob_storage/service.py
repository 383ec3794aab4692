"""The Blob service as an ASGI application: who may ask, what is asked, and the shape of the answer."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from clouddp.fabric.blob_storage.batch import BATCH_LIMIT_BYTES, answer_batch
from clouddp.fabric.blob_storage.errors import BlobError, NotModifiedError, error_body
from clouddp.fabric.blob_storage.operations import BlobOperations
from clouddp.fabric.blob_storage.requests import (
    Answer,
    BlobRequest,
    ClientGoneError,
    Receive,
    Send,
    request_of,
    small_body,
)
from clouddp.fabric.blob_storage.shared_access_signature import check_service_sas, signed_headers
from clouddp.fabric.blob_storage.shared_key import check_shared_key
from clouddp.fabric.ports import AccountDirectory

_LOG: Final = logging.getLogger(__name__)
_VERSION: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")
_OLDEST_VERSION: Final = "2009-09-19"
_DEFAULT_VERSION: Final = "2021-12-02"

Gate = Callable[[BlobRequest], Awaitable[None]]
"""Asked before a request is answered: lets it through, soon or late, or raises a BlobError."""


async def open_gate(_request: BlobRequest) -> None:
    """Let every request through."""


class BlobService:
    """Answers the Blob service's REST, path style, for all accounts of the directory."""

    def __init__(
        self,
        directory: AccountDirectory,
        operations: BlobOperations,
        *,
        now: Callable[[], datetime],
        gate: Gate = open_gate,
    ) -> None:
        self._gate = gate
        self._directory = directory
        self._operations = operations
        self._now = now

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; no failure leaves without an answer of the Blob service's kind."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        general = {"x-ms-request-id": str(uuid4()), "x-ms-version": headers.get("x-ms-version", _DEFAULT_VERSION)}
        if "x-ms-client-request-id" in headers:
            general["x-ms-client-request-id"] = headers["x-ms-client-request-id"]
        try:
            answer = await self._answered(scope, receive, request_id=general["x-ms-request-id"])
        except ClientGoneError:
            return
        answer.headers = {**general, "server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0", **answer.headers}
        await _send(answer, send, is_head=scope["method"] == "HEAD")

    async def _answered(self, scope: Mapping[str, Any], receive: Receive, *, request_id: str) -> Answer:
        try:
            return await self._answer(request_of(scope), receive)
        except BlobError as error:
            return self._refusal(error, request_id)
        except NotModifiedError:
            return Answer(304)
        except ClientGoneError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the client gets the answer of a Blob service
            _LOG.exception("storage request %s failed", request_id)
            return self._refusal(BlobError("InternalError"), request_id)

    async def _answer(self, request: BlobRequest, receive: Receive) -> Answer:
        await self._gate(request)
        may_only_create = self._authorise(request, version=_checked_version(request))
        if request.operation == ("POST", "container", "batch"):
            body = await small_body(request, receive, limit_bytes=BATCH_LIMIT_BYTES)
            return await answer_batch(request, body, partial(self._answer_part, request, receive))
        operation = self._operations.find(request)
        if may_only_create:
            request = _as_creation(request)
        answer = await operation(request, receive)
        answer.headers |= signed_headers(request)
        return answer

    async def _answer_part(self, outer: BlobRequest, receive: Receive, part: BlobRequest) -> Answer:
        try:
            self._authorise(part, version=part.headers.get("x-ms-version") or outer.headers.get("x-ms-version", ""))
            return await self._operations.delete_blob(part, receive)
        except BlobError as error:
            return self._refusal(error, str(uuid4()))

    def _authorise(self, request: BlobRequest, *, version: str) -> bool:
        """Check key or signed address; returns whether only a new blob may be written."""
        keys = self._directory.keys(request.path.account)
        if keys is None:
            raise BlobError("ResourceNotFound")
        if "authorization" in request.headers:
            check_shared_key(request, keys, version=version, now=self._now())
            return False
        if "sig" in request.query:
            return check_service_sas(request, keys, now=self._now())
        raise BlobError("NoAuthenticationInformation")

    def _refusal(self, error: BlobError, request_id: str) -> Answer:
        body = error_body(error, request_id=request_id, time=f"{self._now():%Y-%m-%dT%H:%M:%S.%f}0Z")
        headers = {"x-ms-error-code": error.code, "content-type": "application/xml", **error.headers}
        return Answer(error.status, headers, body)


def _checked_version(request: BlobRequest) -> str:
    version = request.headers.get("x-ms-version") or request.query.get("sv", _DEFAULT_VERSION)
    if not _VERSION.fullmatch(version) or version < _OLDEST_VERSION:
        raise BlobError("InvalidHeaderValue", HeaderName="x-ms-version", HeaderValue=version)
    return version


def _as_creation(request: BlobRequest) -> BlobRequest:
    headers = {**request.headers, "if-none-match": "*"}
    return BlobRequest(request.method, request.raw_path, request.path, request.query, headers, request.client_address)


async def _send(answer: Answer, send: Send, *, is_head: bool) -> None:
    if answer.status != 304:
        answer.headers.setdefault("content-length", str(len(answer.body)))
    start: MutableMapping[str, Any] = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()],
    }
    await send(start)
    if answer.stream is not None and not is_head:
        async for piece in answer.stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    body = b"" if is_head else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})
