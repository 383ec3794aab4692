"""The answers of a front end: octets of an object, or a refusal that tells no more than it must."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from clouddp.distribution_point.access import Refusal
from clouddp.distribution_point.conditions import Selection
from clouddp.language.translate import DEFAULT_LANGUAGE, translate

Header = tuple[str, str]

_FROM_MEMORY_BYTES: Final = 256 * 1024  # up to here one read and one write cost less than sending from the file
_ALWAYS: Final[tuple[Header, ...]] = (
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
)
_STATUSES: Final[Mapping[Refusal, int]] = {
    Refusal.NOT_SERVING: 503,
    Refusal.TOKEN_MISSING: 401,
    Refusal.TOKEN_REFUSED: 401,
    Refusal.CLIENT_BLOCKED: 401,
    Refusal.NOT_FOUND: 404,
}
_CHALLENGE: Final = 'Bearer realm="clouddp"'


class Response(Protocol):
    """What the server takes an answer by: granian's HTTP protocol object."""

    def response_empty(self, status: int, headers: list[Header]) -> None:
        """Send no body."""

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Send a body from memory."""

    def response_file_range(self, status: int, headers: list[Header], file: str, start: int, end: int) -> None:
        """Send octets of a file, `end` not included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; `file` is where its octets come from when there is no body."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""
    file: Path | None = None
    start: int = 0
    end: int = 0

    @property
    def length(self) -> int:
        """Count the octets of its body."""
        return self.end - self.start if self.file else len(self.body)

    def send(self, response: Response, *, with_body: bool) -> None:
        """Hand the answer to the server."""
        headers = [*_ALWAYS, *self.headers]
        if self.status != 304:
            headers.append(("content-length", str(self.length)))
        if not with_body or self.length == 0:
            response.response_empty(self.status, headers)
        elif self.file is None:
            response.response_bytes(self.status, headers, self.body)
        elif self.length <= _FROM_MEMORY_BYTES:
            response.response_bytes(self.status, headers, _read(self.file, self.start, self.end))
        else:
            response.response_file_range(self.status, headers, str(self.file), self.start, self.end)


def object_answer(file: Path, selection: Selection, *, etag: str, length: int) -> Answer:
    """Answer with what was selected of an object."""
    headers: tuple[Header, ...] = (("etag", etag), ("accept-ranges", "bytes"), ("cache-control", "private"))
    if selection.status == 416:
        return Answer(status=416, headers=(*headers, ("content-range", f"bytes */{length}")))
    if selection.status in (304, 412):
        return Answer(status=selection.status, headers=headers)
    headers = (*headers, ("content-type", "application/octet-stream"))
    if selection.status == 206:
        headers = (*headers, ("content-range", f"bytes {selection.start}-{selection.end - 1}/{length}"))
    return Answer(status=selection.status, headers=headers, file=file, start=selection.start, end=selection.end)


def refusal_answer(refusal: Refusal) -> Answer:
    """Answer with a problem (RFC 9457) and, where a token is at fault, the challenge of RFC 6750."""
    status = _STATUSES[refusal]
    code = f"distribution_point.refused_{refusal.value}"
    problem = {
        "type": "about:blank",
        "title": translate(code, language=DEFAULT_LANGUAGE),
        "status": status,
        "code": code,
    }
    headers: tuple[Header, ...] = (("content-type", "application/problem+json"), ("cache-control", "no-store"))
    if refusal is Refusal.TOKEN_MISSING:
        headers = (*headers, ("www-authenticate", _CHALLENGE))
    elif status == 401:
        headers = (*headers, ("www-authenticate", f'{_CHALLENGE}, error="invalid_token"'))
    elif status == 503:
        headers = (*headers, ("retry-after", "10"))
    return Answer(status=status, headers=headers, body=json.dumps(problem).encode())


def health_answer() -> Answer:
    """Answer that this front end lives, and nothing else."""
    return Answer(status=200, headers=(("content-type", "text/plain"), ("cache-control", "no-store")), body=b"ok\n")


def method_answer() -> Answer:
    """Answer a method that there is not."""
    return Answer(status=405, headers=(("allow", "GET, HEAD"),))


def closing(answer: Answer) -> Answer:
    """Make an answer the last one of its connection."""
    return replace(answer, headers=(*answer.headers, ("connection", "close")))


def _read(file: Path, start: int, end: int) -> bytes:
    with file.open("rb", buffering=0) as opened:
        opened.seek(start)
        return opened.read(end - start)
