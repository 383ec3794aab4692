"""The body of a request: read whole, and never more of it than any document of the protocol has."""

from typing import Any, Final

from cheroot.errors import MaxSizeExceeded

from clouddp.fabric.management.protocol_errors import ProtocolError, bad_request, too_large

BODY_LIMIT_BYTES: Final = 4 * 1024 * 1024

_CHUNK_TOO_LARGE: Final = "Request Entity Too Large"  # what cheroot's error says of a chunk


def read_body(environ: dict[str, Any]) -> bytes:
    """Read what a WSGI environment says that the client sends.

    Raises:
        ProtocolError: it is too long, or does not arrive as it was announced.

    """
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return _read_chunks(environ)
    if not length:
        return b""
    if not (length.isascii() and length.isdigit()):
        raise bad_request("The Content-Length header is not a number.")
    if len(length) > len(str(BODY_LIMIT_BYTES)) or int(length) > BODY_LIMIT_BYTES:
        raise too_large(BODY_LIMIT_BYTES)
    try:
        body: bytes = environ["wsgi.input"].read(int(length))
    except OSError as error:
        raise _not_whole() from error
    if len(body) < int(length):
        raise _not_whole()
    return body


def _read_chunks(environ: dict[str, Any]) -> bytes:
    """Read a body without a length; the server below refuses a chunk that is longer than any body may be."""
    try:
        body: bytes = environ["wsgi.input"].read(BODY_LIMIT_BYTES + 1)
    except MaxSizeExceeded as error:
        raise too_large(BODY_LIMIT_BYTES) from error
    except OSError as error:
        raise (too_large(BODY_LIMIT_BYTES) if str(error) == _CHUNK_TOO_LARGE else _not_whole()) from error
    except ValueError as error:
        raise bad_request("The chunks of the request body are not well formed.") from error
    if len(body) > BODY_LIMIT_BYTES:
        raise too_large(BODY_LIMIT_BYTES)
    return body


def _not_whole() -> ProtocolError:
    return bad_request("The request body did not arrive whole.")
