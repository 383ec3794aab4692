"""A body is read as long as it says to be, and never longer than a document may be."""

import io
from typing import Any

import pytest
from cheroot.errors import MaxSizeExceeded

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.management.request_bodies import BODY_LIMIT_BYTES, read_body


class Stream(io.BytesIO):
    """What a server reads from; it counts how much was asked for, or breaks."""

    def __init__(self, data: bytes = b"", error: Exception | None = None) -> None:
        super().__init__(data)
        self.asked = 0
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked += size or 0
        if self._error is not None:
            raise self._error
        return super().read(size)


def read(stream: Stream, **environ: Any) -> bytes:
    return read_body({"wsgi.input": stream, **environ})


def refused(stream: Stream, **environ: Any) -> tuple[int, str]:
    with pytest.raises(ProtocolError) as caught:
        read(stream, **environ)
    return caught.value.status, caught.value.code


def test_a_body_is_as_long_as_it_says() -> None:
    assert read(Stream(b"abcdef"), CONTENT_LENGTH="3") == b"abc"
    assert read(Stream(b"abcdef"), CONTENT_LENGTH="0") == b""


def test_without_a_length_nothing_is_read() -> None:
    stream = Stream(b"abc")

    assert read(stream) == read(stream, CONTENT_LENGTH="") == b""
    assert stream.asked == 0


def test_the_longest_body_is_taken_and_a_longer_one_is_not_read() -> None:
    assert len(read(Stream(bytes(BODY_LIMIT_BYTES)), CONTENT_LENGTH=str(BODY_LIMIT_BYTES))) == BODY_LIMIT_BYTES
    stream = Stream(bytes(BODY_LIMIT_BYTES + 1))

    assert refused(stream, CONTENT_LENGTH=str(BODY_LIMIT_BYTES + 1)) == (413, "RequestBodyTooLarge")
    assert stream.asked == 0


def test_a_body_in_chunks_ends_where_the_limit_is() -> None:
    assert read(Stream(b"abc"), HTTP_TRANSFER_ENCODING="chunked") == b"abc"
    stream = Stream(bytes(2 * BODY_LIMIT_BYTES))

    assert refused(stream, HTTP_TRANSFER_ENCODING="chunked") == (413, "RequestBodyTooLarge")
    assert stream.asked == BODY_LIMIT_BYTES + 1


@pytest.mark.parametrize("length", ["-1", "1.0", "0x10", "²", "1 2", "+1", "one"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert refused(Stream(b"abc"), CONTENT_LENGTH=length) == (400, "BadRequest")


@pytest.mark.parametrize("length", ["9" * 20, "9" * 10_000])
def test_a_length_without_end_is_refused_by_its_length(length: str) -> None:
    assert refused(Stream(), CONTENT_LENGTH=length) == (413, "RequestBodyTooLarge")


def test_a_body_that_ends_early_is_refused() -> None:
    assert refused(Stream(b"ab"), CONTENT_LENGTH="3") == (400, "BadRequest")
    assert refused(Stream(error=ConnectionResetError()), CONTENT_LENGTH="3") == (400, "BadRequest")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("Bad chunked transfer size"), (400, "BadRequest")),
        (MaxSizeExceeded("Request Entity Too Large", 1), (413, "RequestBodyTooLarge")),
        (OSError("Request Entity Too Large"), (413, "RequestBodyTooLarge")),
        (ConnectionResetError(), (400, "BadRequest")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_chunks_that_cannot_be_read_are_refused_for_what_is_wrong(error: Exception, expected: tuple[int, str]) -> None:
    assert refused(Stream(error=error), HTTP_TRANSFER_ENCODING="chunked") == expected
