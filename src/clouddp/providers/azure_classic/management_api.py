"""Requests to Azure Service Management: TLS with the management certificate, XML, patience with a busy service."""

import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx2

from clouddp.model.errors import CloudError, ConflictError, NotFoundError, SiteError, TemporaryError
from clouddp.network.tls import client_context
from clouddp.providers.azure_classic.documents import Node, read_document
from clouddp.providers.azure_classic.failures import UnansweredError, failure_of, retry_after_seconds
from clouddp.providers.base import ConnectionSettings

_VERSION: Final = "2014-10-01"
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_NOTHING_KEPT: Final = httpx2.Limits(max_keepalive_connections=0)  # requests are rare; an idle connection goes stale
_ANSWER_LIMIT_BYTES: Final = 4 * 2**20
_PATIENCE_SECONDS: Final = 20.0  # of one request; whoever called waits longer, between two steps
_RETRIED: Final = frozenset({429, 503})  # nothing was done: any request may be sent again
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_RETRIED_READING: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class ManagementApi:
    """One subscription of the management service. Safe to use from many threads."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._now = now
        self._chance = chance
        self._base = f"{settings.management_url.rstrip('/')}/{settings.subscription_id}"
        context = client_context(
            authorities_pem=settings.authorities_pem, client_certificate=settings.management_certificate
        )
        self._client = new_client(context, proxy_url=settings.proxy_url)

    def read(self, path: str) -> Node | None:
        """Read a document; None when the cloud says that there is no such thing."""
        try:
            answer = self._send("GET", path, None)
        except NotFoundError:
            return None
        return read_document(answer.body, url=self._base + path, status=answer.status)

    def write(self, method: str, path: str, document: bytes | None = None) -> str:
        """Send a change and give the request id, by which the operation can be asked for."""
        return self._send(method, path, document).headers.get("x-ms-request-id", "")

    def remove(self, path: str) -> str:
        """Ask for a removal; a thing that is in use just now is removed later, and one that is gone is removed."""
        try:
            return self.write("DELETE", path)
        except NotFoundError:
            return ""
        except ConflictError as error:
            detail = error.arguments["detail"]
            raise TemporaryError(
                "cloud.busy", retry_after_seconds=5, cloud_code="ConflictError", detail=detail
            ) from error

    def _send(self, method: str, path: str, document: bytes | None) -> _Answer:
        ends_at = self._now() + _PATIENCE_SECONDS
        retried = _RETRIED_READING if method == "GET" else _RETRIED
        number = 0
        while True:
            failure: SiteError
            headers: Mapping[str, str] = {}
            try:
                answer = self._send_once(method, path, document)
                if answer.status < 300:
                    return answer
                failure, headers = self._failure(answer, path), answer.headers
                is_passing = answer.status in retried
            except UnansweredError as error:
                failure, is_passing = error, method == "GET"  # looking twice changes nothing
            pause = self._pause_seconds(headers, number)
            if not is_passing or self._now() + pause > ends_at:
                raise failure
            self._sleep(pause)
            number += 1

    def _send_once(self, method: str, path: str, document: bytes | None) -> _Answer:
        headers = {"x-ms-version": _VERSION, "Accept": "application/xml"}
        if document is not None:
            headers["Content-Type"] = "application/xml; charset=utf-8"
        url = self._base + path
        try:
            with self._client.stream(method, url, content=document, headers=headers) as response:
                body = _read_body(response, url)
                return _Answer(response.status_code, dict(response.headers), body)
        except httpx2.TransportError as error:
            raise _unanswered(error, transport_failure(error, url=self._settings.management_url)) from error
        except httpx2.InvalidURL as error:
            raise CloudError("cloud.address_invalid", url=self._settings.management_url) from error

    def _failure(self, answer: _Answer, path: str) -> SiteError:
        return failure_of(
            answer.status,
            answer.headers,
            answer.body,
            url=self._base + path,
            subscription_id=self._settings.subscription_id,
            thumbprint=self._settings.management_certificate.thumbprint,
        )

    def _pause_seconds(self, headers: Mapping[str, str], number: int) -> float:
        asked = retry_after_seconds(headers) if "retry-after" in headers else 0.0
        backoff = min(8.0, 0.25 * 2.0**number) * (0.5 + self._chance() / 2)
        return max(asked, backoff)


def new_client(context: ssl.SSLContext, *, proxy_url: str | None) -> httpx2.Client:
    """Make a client that heeds no proxy but the given one, follows nobody elsewhere and keeps nothing open."""
    return httpx2.Client(
        verify=context,
        timeout=_TIMEOUT,
        limits=_NOTHING_KEPT,
        proxy=proxy_url,
        trust_env=False,
        follow_redirects=False,
    )


def transport_failure(error: httpx2.TransportError, *, url: str) -> SiteError:
    """Tell a server that we do not trust from one that cannot be reached."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CloudError("cloud.not_trusted", url=url, reason=cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.ProxyError):
        return TemporaryError("cloud.proxy_refused", url=url, detail=str(error))
    if isinstance(error, httpx2.UnsupportedProtocol):
        return CloudError("cloud.address_invalid", url=url)
    return TemporaryError("cloud.unreachable", url=url, reason=str(error) or type(error).__name__)


def _unanswered(error: httpx2.TransportError, failure: SiteError) -> SiteError:
    """Tell what was never sent from what was sent and got no answer."""
    if not isinstance(failure, TemporaryError) or isinstance(error, _NEVER_SENT):
        return failure
    return UnansweredError(
        failure.code, retry_after_seconds=failure.retry_after_seconds, is_told=failure.is_told, **failure.arguments
    )


def _read_body(response: httpx2.Response, url: str) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _ANSWER_LIMIT_BYTES:
            raise CloudError("cloud.answer_not_understood", url=url, status=response.status_code)
    return bytes(body)
