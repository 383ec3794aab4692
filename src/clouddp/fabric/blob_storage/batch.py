"""Blob Batch: many deletions in one request, each authorised by itself."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.requests import Answer, BlobRequest, parse_request

BATCH_LIMIT_BYTES: Final = 4 * 2**20
_MOST_PARTS: Final = 256
_BOUNDARY: Final = re.compile(r'multipart/mixed;\s*boundary="?([^";]{1,100})"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Part:
    content_id: str
    request: BlobRequest


async def answer_batch(
    request: BlobRequest, body: bytes, answer_part: Callable[[BlobRequest], Awaitable[Answer]]
) -> Answer:
    """Do each part in order; a part that fails does not keep the others from being done."""
    parts = _parse(request, body)
    boundary = f"batchresponse_{uuid4()}"
    written = [_write(part.content_id, await answer_part(part.request), boundary) for part in parts]
    headers = {"content-type": f"multipart/mixed; boundary={boundary}"}
    return Answer(202, headers, b"".join(written) + f"--{boundary}--\r\n".encode())


def _parse(request: BlobRequest, body: bytes) -> list[_Part]:
    found = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if found is None:
        raise BlobError("InvalidHeaderValue", HeaderName="Content-Type")
    pieces = body.split(b"--" + found[1].encode())
    if pieces[-1].strip() != b"--" or not 3 <= len(pieces) <= _MOST_PARTS + 2:
        raise BlobError("InvalidInput")
    return [_parse_part(request, piece) for piece in pieces[1:-1]]


def _parse_part(outer: BlobRequest, piece: bytes) -> _Part:
    part_headers, _, inner = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
    head, _, _ = inner.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, _version = first.split(" ")
        headers = [_header(line) for line in lines if line]
        content_id = dict(_header(line) for line in part_headers.decode("latin-1").split("\r\n")).get("content-id", "")
    except ValueError as error:
        raise BlobError("InvalidInput") from error
    raw_path, _, query = target.encode("latin-1").partition(b"?")
    request = parse_request(
        method=method, raw_path=raw_path, query_string=query, headers=headers, client_address=outer.client_address
    )
    if request.path.account != outer.path.account or request.operation != ("DELETE", "blob", ""):
        raise BlobError("InvalidInput")
    return _Part(content_id, request)


def _header(line: str) -> tuple[str, str]:
    name, separator, value = line.partition(":")
    if not separator:
        raise ValueError(line)
    return name.strip().lower(), value.strip()


def _write(content_id: str, answer: Answer, boundary: str) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return (
        (
            f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {content_id}\r\n\r\n"
            f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Refused')}\r\n{headers}\r\n"
        ).encode()
        + answer.body
        + b"\r\n"
    )


_REASONS: Final = {202: "Accepted", 403: "Forbidden", 404: "Not Found", 412: "Precondition Failed"}
