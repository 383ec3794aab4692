"""Over TLS, too, every client gets an answer of the protocol: whatever its certificate is, and whatever it sends."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.fabric.authority import Authority
from clouddp.fabric.management.management_server import ManagementServer
from clouddp.network.certificates import KeyedCertificate, certificate_pem, key_pem
from clouddp.network.https_server import listen
from clouddp.network.issuing import issue_management_certificate
from tests.unit.fabric.builders import MANAGEMENT, Answer, Cloud, service_document

NOW = datetime.now(UTC)
STRANGER = issue_management_certificate("contoso", now=NOW)
EXPIRED = issue_management_certificate("contoso", now=NOW - timedelta(days=4_000))
SERVICES = "/services/hostedservices"


class Endpoint:
    """A management endpoint on loopback, and raw requests to it."""

    def __init__(self, cloud: Cloud, server: ManagementServer, folder: Path) -> None:
        self.cloud = cloud
        self._server = server
        self._folder = folder

    @contextmanager
    def connect(self, client: KeyedCertificate | bytes | None = MANAGEMENT) -> Iterator[ssl.SSLSocket]:
        """Connect with a certificate; octets are a PEM file as it is."""
        context = ssl.create_default_context(cafile=str(self._folder / "ca.pem"))
        if client is not None:
            file = self._folder / "client.pem"
            file.write_bytes(
                client if isinstance(client, bytes) else certificate_pem(client.certificate) + key_pem(client)
            )
            context.load_cert_chain(file)
        with (
            socket.create_connection((self._server.host, self._server.port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            yield connection

    def get(self, path: str = SERVICES, client: KeyedCertificate | bytes | None = MANAGEMENT) -> Answer:
        with self.connect(client) as connection:
            connection.sendall(self.head("GET", path) + b"\r\n")
            return read_answer(connection)

    def send(self, sent: bytes) -> Answer:
        with self.connect() as connection:
            connection.sendall(sent)
            return read_answer(connection)

    def head(self, method: str, path: str, *lines: str) -> bytes:
        first = f"{method} /{self.cloud.subscription_id}{path} HTTP/1.1"
        return "\r\n".join([first, "Host: 127.0.0.1", "x-ms-version: 2014-10-01", *lines, ""]).encode("latin-1")


def read_answer(connection: ssl.SSLSocket) -> Answer:
    response = HTTPResponse(connection)
    response.begin()
    return Answer(response.status, dict(response.getheaders()), response.read())


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("cloud")
    cloud = Cloud(folder)
    certificate = Authority(cloud.state, now=lambda: NOW).issue_endpoint_certificate("127.0.0.1")
    server = ManagementServer(cloud.application, listen("127.0.0.1", 0, purpose="management endpoint"), certificate)
    yield Endpoint(cloud, server, folder)
    server.close()


def test_the_uploaded_certificate_is_admitted(endpoint: Endpoint) -> None:
    assert endpoint.get().status == 200


def unreadable(keyed: KeyedCertificate) -> bytes:
    """Give a certificate a version that no standard knows; its key is right all the same."""
    der = keyed.certificate.public_bytes(Encoding.DER)
    changed = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020104"), 1)
    assert changed != der
    return ssl.DER_cert_to_PEM_cert(changed).encode() + key_pem(keyed)


@pytest.mark.parametrize(
    "client", [None, STRANGER, EXPIRED, unreadable(STRANGER)], ids=["none", "unknown", "expired", "unreadable"]
)
def test_any_other_gets_403_and_no_alert(endpoint: Endpoint, client: KeyedCertificate | bytes | None) -> None:
    endpoint.cloud.plane.subscriptions.add_certificate(endpoint.cloud.subscription_id, EXPIRED.certificate)

    answer = endpoint.get(client=client)

    assert (answer.status, answer.error) == (403, "ForbiddenError")


def test_a_certificate_counts_and_ceases_to_count_within_one_connection(endpoint: Endpoint) -> None:
    subscriptions, subscription_id = endpoint.cloud.plane.subscriptions, endpoint.cloud.subscription_id
    with endpoint.connect(STRANGER) as connection:

        def ask() -> int:
            connection.sendall(endpoint.head("GET", SERVICES) + b"\r\n")
            return read_answer(connection).status

        assert ask() == 403
        subscriptions.add_certificate(subscription_id, STRANGER.certificate)
        assert ask() == 200
        subscriptions.remove_certificate(subscription_id, STRANGER.thumbprint)
        assert ask() == 403


def test_a_body_in_chunks_is_one_body(endpoint: Endpoint) -> None:
    body = service_document("chunked").encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:40], body[40:]))

    answer = endpoint.send(
        endpoint.head("POST", SERVICES, "Transfer-Encoding: chunked") + b"\r\n" + chunks + b"0\r\n\r\n"
    )

    assert answer.status == 201
    assert endpoint.get(f"{SERVICES}/chunked").status == 200


FAULTS: dict[str, tuple[list[str], bytes, tuple[int, str]]] = {
    "a chunk without a length": (["Transfer-Encoding: chunked"], b"zz\r\nabc\r\n0\r\n\r\n", (400, "BadRequest")),
    "a chunk that is longer than it says": (
        ["Transfer-Encoding: chunked"],
        b"1\r\nabc\r\n0\r\n\r\n",
        (400, "BadRequest"),
    ),
    "a chunk that is too long": (["Transfer-Encoding: chunked"], b"7fffffff\r\nabc", (413, "RequestBodyTooLarge")),
    "a length that is too long": (["Content-Length: 99999999999"], b"", (413, "RequestBodyTooLarge")),
    "a length that is none": (["Content-Length: many"], b"", (400, "BadRequest")),
    "an unknown transfer encoding": (["Transfer-Encoding: gzip"], b"", (501, "BadRequest")),
    "a header without an end": (["a" * 200], b"", (400, "BadRequest")),
    "a header that is too long": ([f"x-long: {'a' * 70_000}"], b"", (413, "RequestBodyTooLarge")),
    "too many headers": ([f"x-{number}: {'a' * 100}" for number in range(1_000)], b"", (413, "RequestBodyTooLarge")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_that_cannot_be_read_gets_the_protocols_error(endpoint: Endpoint, fault: str) -> None:
    lines, body, expected = FAULTS[fault]

    answer = endpoint.send(endpoint.head("POST", SERVICES, *lines) + b"\r\n" + body)

    check(answer, *expected)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /" + "a" * 70_000 + " HTTP/1.1", 414),
        ("GET / HTTP/3.0", 505),
        ("GET / SMTP/1.0", 400),
        ("get / HTTP/1.1", 400),
        ("GET https://127.0.0.1/ HTTP/1.1", 400),
        ("GET /#fragment HTTP/1.1", 400),
        ("nonsense", 400),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_request_line_that_cannot_be_read_gets_the_protocols_error(
    endpoint: Endpoint, line: str, status: int
) -> None:
    check(endpoint.send(line.encode() + b"\r\nHost: 127.0.0.1\r\n\r\n"), status, "BadRequest")


def check(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.error) == (status, code)
    assert len(answer.request_id) == 32
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.text("Message")


def test_the_head_of_an_answer_comes_without_its_body(endpoint: Endpoint) -> None:
    with endpoint.connect() as connection:
        connection.sendall(endpoint.head("HEAD", SERVICES, "Connection: close") + b"\r\n")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.endswith(b"\r\n\r\n")


def test_a_client_that_leaves_while_it_speaks_is_no_defect(endpoint: Endpoint) -> None:
    for sent in (b"PO", endpoint.head("POST", SERVICES, "Content-Length: 100") + b"\r\nhalf"):
        with endpoint.connect() as connection:
            connection.sendall(sent)

    assert endpoint.get().status == 200
    log = endpoint.cloud.state.root / "logs" / "fabric.log"
    assert not log.exists() or "request_broke" not in log.read_text(encoding="utf-8")
