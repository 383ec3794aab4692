"""TLS between real sockets."""

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import KeyedCertificate, certificate_pem
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.tls import client_context, server_context
from tests.unit.network.certificate_builders import odd_certificate, rsa_key

TODAY = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> KeyedCertificate:
    return make_authority("Contoso CA", now=TODAY)


@pytest.fixture(scope="module")
def server(authority: KeyedCertificate) -> KeyedCertificate:
    return issue_service_certificate(["localhost"], authority=authority, now=TODAY)


def trust(authority: KeyedCertificate) -> str:
    return certificate_pem(authority.certificate).decode()


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """Answer one connection with the subject of the client's certificate, on a port that is yielded."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener, context))
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=10)


def _answer_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    listener.settimeout(10)
    connection, _ = listener.accept()
    try:
        with connection, context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(repr((secured.getpeercert() or {}).get("subject")).encode())
    except OSError:  # the client went away, as some tests want
        return


def speak(context: ssl.SSLContext, port: int, host: str = "localhost") -> str:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=host) as secured,
    ):
        return secured.recv(1000).decode()


def test_a_client_that_trusts_the_authority_is_answered(authority: KeyedCertificate, server: KeyedCertificate) -> None:
    with serving(server_context(server)) as port:
        assert speak(client_context(authorities_pem=trust(authority)), port) == "None"


@pytest.mark.parametrize("strangers", [True, False])
def test_a_client_that_trusts_others_goes_away(server: KeyedCertificate, *, strangers: bool) -> None:
    others = trust(make_authority("Fabrikam CA", now=TODAY)) if strangers else None

    with serving(server_context(server)) as port, pytest.raises(ssl.SSLCertVerificationError):
        speak(client_context(authorities_pem=others), port)


def test_a_certificate_for_another_host_is_refused(authority: KeyedCertificate, server: KeyedCertificate) -> None:
    with serving(server_context(server)) as port, pytest.raises(ssl.SSLCertVerificationError):
        speak(client_context(authorities_pem=trust(authority)), port, host="clouddp1.contoso.com")


def test_a_client_shows_its_certificate_where_one_is_wanted(
    authority: KeyedCertificate, server: KeyedCertificate
) -> None:
    management = issue_management_certificate("Contoso management", now=TODAY, authority=authority)
    wants_one = server_context(server)
    wants_one.load_verify_locations(cadata=trust(authority))
    wants_one.verify_mode = ssl.CERT_REQUIRED

    with serving(wants_one) as port:
        answer = speak(client_context(authorities_pem=trust(authority), client_certificate=management), port)
    assert "Contoso management" in answer


def test_a_client_that_knows_only_tls_1_1_is_turned_away(server: KeyedCertificate, authority: KeyedCertificate) -> None:
    old = client_context(authorities_pem=trust(authority))
    assert old.minimum_version is ssl.TLSVersion.TLSv1_2
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1

    with serving(server_context(server)) as port, pytest.raises((ssl.SSLError, ConnectionResetError)):
        speak(old, port)


def test_what_is_no_certificate_is_not_trusted() -> None:
    for unreadable in ("", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "é"):
        with pytest.raises(InvalidInputError, match=r"certificate\.authorities_unreadable"):
            client_context(authorities_pem=unreadable)


def test_a_certificate_that_openssl_refuses_is_refused_as_our_error() -> None:
    with pytest.raises(InvalidInputError, match=r"certificate\.not_for_tls"):
        server_context(odd_certificate(key=rsa_key(1024)))
