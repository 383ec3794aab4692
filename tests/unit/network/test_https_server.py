"""Applications served over TLS from a thread."""

import http.client
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from clouddp.model.errors import ConflictError
from clouddp.network.certificates import certificate_pem
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.issuing import issue_service_certificate, make_authority
from clouddp.network.tls import client_context, server_context


async def say_hello(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def test_a_client_that_trusts_the_authority_is_served_until_the_server_closes() -> None:
    now = datetime.now(UTC)
    authority = make_authority("Test", now=now)
    keyed = issue_service_certificate([], authority=authority, now=now, addresses=["127.0.0.1"])
    server = HttpsServer(say_hello, listen("127.0.0.1", 0, purpose="test"), server_context(keyed))

    context = client_context(authorities_pem=certificate_pem(authority.certificate).decode())
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=10)
    connection.request("GET", "/")
    answer = connection.getresponse().read()
    connection.close()
    server.close()

    assert answer == b"hello"
    listen("127.0.0.1", server.port, purpose="test").close()


def test_closing_does_not_wait_for_a_client_that_holds_an_idle_connection() -> None:
    now = datetime.now(UTC)
    authority = make_authority("Test", now=now)
    keyed = issue_service_certificate([], authority=authority, now=now, addresses=["127.0.0.1"])
    server = HttpsServer(say_hello, listen("127.0.0.1", 0, purpose="test"), server_context(keyed))
    context = client_context(authorities_pem=certificate_pem(authority.certificate).decode())
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()

    server.close()

    assert isinstance(connection.sock, socket.socket)
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_port_in_use_is_named() -> None:
    taken = listen("127.0.0.1", 0, purpose="test")
    port = taken.getsockname()[1]

    with pytest.raises(ConflictError) as refused:
        listen("127.0.0.1", port, purpose="test")

    taken.close()
    assert refused.value.arguments["port"] == port
