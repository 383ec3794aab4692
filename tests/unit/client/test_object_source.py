import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clouddp.client.connection import Origin, OriginConnection
from clouddp.client.location import Source
from clouddp.client.object_source import ObjectFetcher, OpenSource
from clouddp.model.errors import DamagedError, RefusedError
from clouddp.network.certificates import certificate_pem
from clouddp.network.issuing import issue_service_certificate, make_authority
from clouddp.network.tls import client_context, server_context
from clouddp.telemetry.logs import ComponentLog

NOW = datetime.now(UTC)
AUTHORITY = make_authority("Contoso CA", now=NOW)
CERTIFICATE = issue_service_certificate(["clouddp1.contoso.com"], authority=AUTHORITY, now=NOW)
BODY = b"0123456789"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n" + BODY


@contextmanager
def server_that_says(answers: Sequence[bytes], received: list[bytes]) -> Iterator[int]:
    """Give one answer a connection, in order, then close; what was sent is kept."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = server_context(CERTIFICATE)
    thread = threading.Thread(target=_answer, args=(listener, context, answers, received))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _answer(listener: socket.socket, context: ssl.SSLContext, answers: Sequence[bytes], received: list[bytes]) -> None:
    for answer in answers:
        try:
            plain, _caller = listener.accept()
        except OSError:
            return
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                received.append(connection.recv(65536))
                connection.sendall(answer)
        except OSError:
            plain.close()


@pytest.fixture
def log(tmp_path: Path) -> ComponentLog:
    return ComponentLog(tmp_path / "log.log", "test")


def fetched(port: int, log: ComponentLog, *, host: str = "clouddp1.contoso.com") -> bytes:
    context = client_context(authorities_pem=certificate_pem(AUTHORITY.certificate).decode())
    origin = Origin(host=host, port=port, address="127.0.0.1")
    source = Source(distribution_point_id="d1", service_fqdn=host, port=port, access_token="secret-token")
    opened = OpenSource(source=source, origin=origin, connect=lambda: OriginConnection(origin, context))
    fetcher = ObjectFetcher([opened], log=log)
    try:
        return fetcher.fetch("ab" * 16, len(BODY), _check)
    finally:
        fetcher.close()


def _check(body: bytearray) -> bytes:
    if bytes(body) != BODY:
        raise DamagedError("content.object_damaged", name="x")
    return bytes(body)


@pytest.mark.parametrize(
    "trouble",
    [
        b"",
        b"nonsense\r\n\r\n",
        GOOD[:-1],
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n",
        GOOD.replace(b"0123", b"9999"),
        GOOD.replace(b": 10", b": 99999999999"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
    ],
    ids=["cut", "nonsense", "short", "busy", "missing", "swapped", "too long", "without length"],
)
def test_what_goes_wrong_once_is_fetched_again(trouble: bytes, log: ComponentLog) -> None:
    with server_that_says([trouble, GOOD], []) as port:
        assert fetched(port, log) == BODY


def test_an_object_that_is_always_damaged_is_given_up(log: ComponentLog) -> None:
    with server_that_says([GOOD.replace(b"0123", b"9999")] * 5, []) as port, pytest.raises(DamagedError):
        fetched(port, log)


def test_a_token_is_not_sent_on_to_where_a_redirect_leads(log: ComponentLog) -> None:
    heard: list[bytes] = []
    with server_that_says([GOOD], heard) as elsewhere:
        redirect = f"HTTP/1.1 307 Go\r\nLocation: https://127.0.0.1:{elsewhere}/x\r\nContent-Length: 0\r\n\r\n".encode()
        with server_that_says([redirect], []) as port, pytest.raises(RefusedError):
            fetched(port, log)

    assert heard == []


def test_a_server_with_a_certificate_for_another_name_hears_no_token(log: ComponentLog) -> None:
    heard: list[bytes] = []
    with server_that_says([GOOD], heard) as port, pytest.raises(RefusedError, match="server_not_trusted"):
        fetched(port, log, host="clouddp2.contoso.com")

    assert b"secret-token" not in b"".join(heard)


def test_a_token_that_is_refused_is_not_tried_again(log: ComponentLog) -> None:
    refusal = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
    with server_that_says([refusal, GOOD], []) as port, pytest.raises(RefusedError, match="token_refused"):
        fetched(port, log)
