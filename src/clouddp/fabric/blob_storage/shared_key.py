"""Shared Key: the signature of a request with one of the account's two keys.

The string that is signed: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.requests import BlobRequest

_OLDEST_REQUEST: Final = timedelta(minutes=15)
_EMPTY_FOR_ZERO: Final = "2015-02-21"  # since this version, a Content-Length of 0 is signed as nothing
_STANDARD_HEADERS: Final = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def check_shared_key(request: BlobRequest, keys: tuple[str, str], *, version: str, now: datetime) -> None:
    """Refuse a request that none of the keys signed, or that is too old."""
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    account, _, signature = credentials.partition(":")
    if scheme != "SharedKey" or account != request.path.account:
        raise BlobError("AuthenticationFailed")
    _check_age(request, now)
    wanted = list(_strings_to_sign(request, account, version))
    if not any(is_signature(signature, text, key=key) for text in wanted for key in keys):
        raise BlobError("AuthenticationFailed")


def is_signature(signature: str, text: str, *, key: str) -> bool:
    """Say whether the Base-64 signature is the HMAC of the text."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256))


def _check_age(request: BlobRequest, now: datetime) -> None:
    text = request.headers.get("x-ms-date") or request.headers.get("date", "")
    try:
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        raise BlobError("AuthenticationFailed", AuthenticationErrorDetail="The Date header is missing.") from error
    if abs(now - moment.replace(tzinfo=moment.tzinfo or UTC)) > _OLDEST_REQUEST:
        raise BlobError(
            "AuthenticationFailed",
            AuthenticationErrorDetail=f"Request date header too old: '{text}'",
        )


def _strings_to_sign(request: BlobRequest, account: str, version: str) -> Iterator[str]:
    """Give the text once per order of headers: clients sort by code point, the service without regard to hyphens."""
    names = [name for name in request.headers if name.startswith("x-ms-")]
    for order in (sorted(names), sorted(names, key=lambda name: (name.replace("-", ""), name))):
        headers = [f"{name}:{request.headers[name]}" for name in order]
        lines = [request.method, *_standard_values(request, version), *headers, _resource(request, account)]
        yield "\n".join(lines)


def _standard_values(request: BlobRequest, version: str) -> list[str]:
    values = {name: request.headers.get(name, "") for name in _STANDARD_HEADERS}
    if values["content-length"] == "0" and version >= _EMPTY_FOR_ZERO:
        values["content-length"] = ""
    if "x-ms-date" in request.headers:
        values["date"] = ""
    return list(values.values())


def _resource(request: BlobRequest, account: str) -> str:
    path = request.raw_path.decode("latin-1")
    return f"/{account}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(request.query.items()))
