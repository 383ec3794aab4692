"""Containers of a storage account: the one thing of Blob storage that an object store cannot make for itself."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx2

from clouddp.model.errors import CloudError, RefusedError, SiteError, TemporaryError
from clouddp.network.tls import client_context
from clouddp.providers.azure_classic.management_api import new_client, transport_failure

_VERSION: Final = "2020-04-08"
_EMPTY_STANDARD_HEADERS: Final = "\n" * 11  # Content-Encoding to Range, of which this request has none


class BlobContainers:
    """Makes containers by the Blob service's REST, signed with Shared Key."""

    def __init__(
        self,
        *,
        authorities_pem: str | None,
        proxy_url: str | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self._client = new_client(client_context(authorities_pem=authorities_pem), proxy_url=proxy_url)

    def ensure(self, endpoint: str, account: str, *, key: str, container: str) -> bool:
        """Create the container; one that exists is fine. False while the storage does not answer yet."""
        url = f"{endpoint}/{container}?restype=container"
        try:
            response = self._client.put(url, headers=self._headers(url, account, key))
        except httpx2.TransportError as error:
            failure = transport_failure(error, url=endpoint)
            if isinstance(failure, TemporaryError):
                return False
            raise failure from error
        code = response.headers.get("x-ms-error-code", "")
        if response.status_code == 201 or code == "ContainerAlreadyExists":
            return True
        if response.status_code >= 500 or response.status_code in (404, 409, 429):
            return False
        raise _failure(response, account, code)

    def _headers(self, url: str, account: str, key: str) -> dict[str, str]:
        date = format_datetime(self._now(), usegmt=True)
        resource = f"/{account}{urlsplit(url).path}\nrestype:container"
        signed = f"PUT{_EMPTY_STANDARD_HEADERS}\nx-ms-date:{date}\nx-ms-version:{_VERSION}\n{resource}"
        digest = hmac.digest(base64.b64decode(key), signed.encode(), hashlib.sha256)
        signature = base64.b64encode(digest).decode("ascii")
        return {"x-ms-date": date, "x-ms-version": _VERSION, "Authorization": f"SharedKey {account}:{signature}"}


def _failure(response: httpx2.Response, account: str, code: str) -> SiteError:
    if response.status_code in (401, 403):
        return RefusedError("cloud.storage_refused", account=account, detail=code)
    return CloudError("cloud.refused", status=response.status_code, cloud_code=code, detail=response.text[:200])
