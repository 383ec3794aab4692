"""Speak to the management point: JSON over HTTPS, each request proved by an assertion where one is due."""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import urlsplit

from clouddp.client.connection import Origin, OriginConnection
from clouddp.model.errors import InvalidInputError, NotFoundError, RefusedError, SiteError, TemporaryError

_ANSWER_LIMIT_BYTES: Final = 4 * 2**20
_DEFAULT_PORT: Final = 443
_DEFAULT_RETRY_SECONDS: Final = 10.0


class ManagementPoint:
    """One management point, by its address; `context` says whom to trust."""

    def __init__(self, url: str, context: ssl.SSLContext, *, language: str) -> None:
        self.url = url
        self._origin = _origin(url)
        self._context = context
        self._language = language

    def get(self, path: str) -> dict[str, Any]:
        """Read what everybody may."""
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ask for something.

        Raises:
            RefusedError: the management point knows this client and says no, or does not know it.
            NotFoundError: there is no such thing for this client.
            TemporaryError: trying again later may work.

        """
        return self._send("POST", path, json.dumps(body).encode(), headers or {})

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
        connection = OriginConnection(self._origin, self._context)
        try:
            connection.request(
                method,
                path,
                body=body,
                headers={"Content-Type": "application/json", "Accept-Language": self._language, **headers},
            )
            response = connection.getresponse()
            content = response.read(_ANSWER_LIMIT_BYTES + 1)
        except (HTTPException, OSError) as error:
            raise TemporaryError(
                "client.server_unreachable", server=self._origin, address=self._origin.address, reason=error
            ) from error
        finally:
            connection.close()
        document = self._read(content)
        if response.status == 200:
            return document
        raise self._problem(response, document)

    def _read(self, content: bytes) -> dict[str, Any]:
        try:
            document = json.loads(content) if len(content) <= _ANSWER_LIMIT_BYTES else None
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise TemporaryError("client.answer_not_understood", url=self.url)
        return document

    def _problem(self, response: HTTPResponse, document: Mapping[str, Any]) -> SiteError:
        """Make the error again; its text is the management point's, in the language that was asked for."""
        reason = " ".join(str(document[name]) for name in ("title", "next_step") if document.get(name))
        match response.status:
            case 401 | 403:
                return RefusedError("client.refused", url=self.url, reason=reason)
            case 404:
                return NotFoundError("client.not_available", url=self.url, reason=reason)
            case 429 | 503:
                wait = response.headers.get("Retry-After", "")
                seconds = float(wait) if wait.isdigit() else _DEFAULT_RETRY_SECONDS
                return TemporaryError("client.try_later", retry_after_seconds=seconds, url=self.url, reason=reason)
        return SiteError("client.failed_there", url=self.url, status=response.status, reason=reason)


def _origin(url: str) -> Origin:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme != "https" or not host or parts.path.strip("/") or parts.query or parts.username:
        raise InvalidInputError("client.url_not_usable", url=url)
    return Origin(host=host, port=port, address=host)
