"""A request to the Blob service, taken from ASGI, and the answer to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from clouddp.fabric.blob_storage.blob_names import BlobPath, parse_path
from clouddp.fabric.blob_storage.errors import BlobError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGoneError(Exception):
    """The connection ended before the body did."""


@dataclass(frozen=True, slots=True)
class BlobRequest:
    """One request; header names in lower case."""

    method: str
    raw_path: bytes  # as it was sent: signatures cover it so
    path: BlobPath
    query: Mapping[str, str]
    headers: Mapping[str, str]
    client_address: str

    @property
    def operation(self) -> tuple[str, str, str]:
        """What is asked for: method, kind of resource, and the `comp` of the query."""
        kind = "blob" if self.path.blob else self.query.get("restype", "")
        return self.method, kind, self.query.get("comp", "")

    def content_length(self, *, limit_bytes: int) -> int:
        """Return the announced length of the body, which the service wants to know before."""
        text = self.headers.get("content-length")
        if text is None:
            raise BlobError("MissingContentLengthHeader")
        if not text.isascii() or not text.isdigit():
            raise BlobError("InvalidHeaderValue", HeaderName="Content-Length", HeaderValue=text)
        if int(text) > limit_bytes:
            raise BlobError("RequestBodyTooLarge", MaxLimit=str(limit_bytes))
        return int(text)


@dataclass(slots=True)
class Answer:
    """What goes back; `stream` instead of `body` for a blob's bytes, with its length in the headers."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None


def request_of(scope: Mapping[str, Any]) -> BlobRequest:
    """Read method, path, query and headers of an ASGI request; raises BlobError for a path that names nothing."""
    raw_path = bytes(scope.get("raw_path") or scope["path"].encode())
    client = scope.get("client")
    return parse_request(
        method=scope["method"],
        raw_path=raw_path,
        query_string=scope["query_string"],
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        client_address=client[0] if client else "",
    )


def parse_request(
    *, method: str, raw_path: bytes, query_string: bytes, headers: list[tuple[str, str]], client_address: str
) -> BlobRequest:
    """Make a request of its parts."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except (UnicodeDecodeError, ValueError) as error:
        raise BlobError("InvalidUri") from error
    query: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in query:
            raise BlobError("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=value)
        query[name.lower()] = value
    lowered = {name.lower(): value.strip() for name, value in headers}
    return BlobRequest(method, raw_path, parse_path(raw_path), query, lowered, client_address)


async def body_chunks(receive: Receive, length: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; raises ClientGoneError when it ends early."""
    arrived = 0
    while arrived < length:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        chunk = message.get("body", b"")
        arrived += len(chunk)
        if chunk:
            yield chunk
        if not message.get("more_body", False) and arrived < length:
            raise ClientGoneError


async def small_body(request: BlobRequest, receive: Receive, *, limit_bytes: int) -> bytes:
    """Read a body that fits into memory."""
    length = request.content_length(limit_bytes=limit_bytes)
    return b"".join([chunk async for chunk in body_chunks(receive, length)])
