"""Service SAS: what the bearer of a signed address may do with one container or blob, and until when.

The string that is signed: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from clouddp.fabric.blob_storage.blob_names import BlobPath
from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.requests import BlobRequest
from clouddp.fabric.blob_storage.shared_key import is_signature

_OLDEST_VERSION: Final = "2015-04-05"
_WITH_RESOURCE: Final = "2018-11-09"  # since this version, `sr` and the snapshot are signed
_WITH_ENCRYPTION_SCOPE: Final = "2020-12-06"
_ANSWER_HEADERS: Final[Mapping[str, str]] = {
    "rscc": "cache-control",
    "rscd": "content-disposition",
    "rsce": "content-encoding",
    "rscl": "content-language",
    "rsct": "content-type",
}
_NOT_UNDERSTOOD: Final = ("si", "skoid", "sktid", "ss", "srt", "sduoid", "saoid", "suoid", "sdd")
_ALLOWED_BY: Final[Mapping[tuple[str, str, str], str]] = {
    ("GET", "blob", ""): "r",
    ("HEAD", "blob", ""): "r",
    ("GET", "blob", "blocklist"): "r",
    ("PUT", "blob", ""): "wc",
    ("PUT", "blob", "block"): "wc",
    ("PUT", "blob", "blocklist"): "wc",
    ("DELETE", "blob", ""): "d",
    ("GET", "container", "list"): "l",
}


def check_service_sas(request: BlobRequest, keys: tuple[str, str], *, now: datetime) -> bool:
    """Refuse what the signed address does not allow; returns whether it may only create, not replace."""
    query = request.query
    text = _string_to_sign(query, request.path)
    if not any(is_signature(query["sig"], text, key=key) for key in keys):
        raise BlobError("AuthenticationFailed", AuthenticationErrorDetail="Signature did not match.")
    _check_time(query, now)
    _check_client(query, request.client_address)
    return _check_permission(request)


def signed_headers(request: BlobRequest) -> dict[str, str]:
    """Return the headers that a signed address gives to the answer of who reads a blob by it."""
    if "sig" not in request.query or request.operation not in (("GET", "blob", ""), ("HEAD", "blob", "")):
        return {}
    wanted = {header: request.query.get(name, "") for name, header in _ANSWER_HEADERS.items()}
    return {header: value for header, value in wanted.items() if _is_header_value(value)}


def _is_header_value(text: str) -> bool:
    return text != "" and text.isascii() and text.isprintable()


def _string_to_sign(query: Mapping[str, str], path: BlobPath) -> str:
    version, resource = query.get("sv", ""), query.get("sr", "")
    if version < _OLDEST_VERSION or resource not in ("b", "c") or any(name in query for name in _NOT_UNDERSTOOD):
        raise BlobError("AuthenticationFailed", AuthenticationErrorDetail="This kind of signature is not supported.")
    name = f"/blob/{path.account}/{path.container}" + (f"/{path.blob}" if resource == "b" else "")
    fields = [query.get("sp", ""), query.get("st", ""), query.get("se", ""), name, ""]
    fields += [query.get("sip", ""), query.get("spr", ""), version]
    if version >= _WITH_RESOURCE:
        fields += [resource, ""]
    if version >= _WITH_ENCRYPTION_SCOPE:
        fields.append(query.get("ses", ""))
    return "\n".join(fields + [query.get(header, "") for header in _ANSWER_HEADERS])


def _check_time(query: Mapping[str, str], now: datetime) -> None:
    if "se" not in query:
        raise BlobError("AuthenticationFailed", AuthenticationErrorDetail="Signed expiry is missing.")
    begins = _moment(query["st"]) if query.get("st") else now
    if not begins <= now < _moment(query["se"]):
        raise BlobError("AuthenticationFailed", AuthenticationErrorDetail="Signature not valid in the present time.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BlobError("AuthenticationFailed", AuthenticationErrorDetail="Signed time is not valid.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_client(query: Mapping[str, str], client_address: str) -> None:
    if not query.get("sip"):
        return
    first, _, last = query["sip"].partition("-")
    try:
        client = ipaddress.IPv4Address(client_address)
        allowed = ipaddress.IPv4Address(first) <= client <= ipaddress.IPv4Address(last or first)
    except ValueError:
        allowed = False
    if not allowed:
        raise BlobError("AuthorizationFailure")


def _check_permission(request: BlobRequest) -> bool:
    wanted = _ALLOWED_BY.get(request.operation)
    if wanted is None or (wanted == "l" and request.query["sr"] != "c"):
        raise BlobError("AuthorizationFailure")
    permissions = request.query.get("sp", "")
    if not any(letter in permissions for letter in wanted):
        raise BlobError("AuthorizationPermissionMismatch")
    return wanted == "wc" and "w" not in permissions
