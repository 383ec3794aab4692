"""A real HTTPS server that answers what a test has written down, and remembers what it was asked."""

import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from clouddp.network.certificates import KeyedCertificate, certificate_pem
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.tls import server_context
from clouddp.providers.base import ConnectionSettings

SUBSCRIPTION_ID = "01234567-89ab-cdef-0123-456789abcdef"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    client_certificate: bytes | None


class ScriptedCloud:
    """Answers by method and path; the last answer of a list is repeated, and what is unknown is a 404."""

    def __init__(self) -> None:
        self.answers: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.url = ""

    def script(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[method, path] = list(answers)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        answers = self.answers[asked.method, asked.path]
        if not answers:
            return Answer(404, error_body("ResourceNotFound", "The resource does not exist."))
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def settings(self, *, authorities_pem: str | None = None) -> ConnectionSettings:
        return ConnectionSettings(
            management_url=self.url,
            subscription_id=SUBSCRIPTION_ID,
            authorities_pem=authorities_pem or certificate_pem(authority().certificate).decode(),
            management_certificate=management_certificate(),
        )


@cache
def authority() -> KeyedCertificate:
    return make_authority("Test cloud CA", now=datetime.now(UTC))


@cache
def management_certificate() -> KeyedCertificate:
    return issue_management_certificate("Site", now=datetime.now(UTC), authority=authority())


def error_body(code: str, message: str) -> str:
    namespace = "http://schemas.microsoft.com/windowsazure"
    return f'<Error xmlns="{namespace}"><Code>{code}</Code><Message>{message}</Message></Error>'


@contextmanager
def serve_cloud() -> Iterator[ScriptedCloud]:
    cloud = ScriptedCloud()
    keyed = issue_service_certificate(
        ["localhost"], authority=authority(), now=datetime.now(UTC), addresses=["127.0.0.1"]
    )
    context = server_context(keyed)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=certificate_pem(authority().certificate).decode())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            path = self.path.removeprefix(f"/{SUBSCRIPTION_ID}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            presented = cast("ssl.SSLSocket", self.connection).getpeercert(binary_form=True)
            answer = cloud.answer(Asked(self.command, path, self.rfile.read(length), headers, presented))
            if answer.hangs_up:
                self.close_connection = True
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (the names that http.server calls)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        cloud.url = f"https://127.0.0.1:{server.server_port}"
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
