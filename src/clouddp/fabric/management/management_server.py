"""The management endpoint's server: TLS that lets every client certificate reach the application.

The real service answers 403 to a certificate that it does not know; the ssl module of Python would end the connection
with an alert instead. So this endpoint alone is served by cheroot with pyOpenSSL, and judges nothing by itself.
"""

import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cheroot.ssl.pyopenssl import pyOpenSSLAdapter
from cheroot.wsgi import Gateway_10, Server
from OpenSSL import SSL, crypto

from clouddp.fabric.management.management_api import CLIENT_CERTIFICATE
from clouddp.fabric.management.request_bodies import BODY_LIMIT_BYTES
from clouddp.fabric.management.request_reading import ManagementConnection
from clouddp.fabric.trouble.troubles import HELD_LIMIT
from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem

_THREADS: Final = HELD_LIMIT + 10
_HEADERS_LIMIT_BYTES: Final = 64 * 1024
_SHUTDOWN_SECONDS: Final = 2
_SILENCE_SECONDS: Final = 10


class ManagementServer:
    """A running server; `close` frees its port."""

    def __init__(self, application: Callable[..., Any], listener: socket.socket, certificate: KeyedCertificate) -> None:
        self.host, self.port = listener.getsockname()[:2]
        self._server = _ListeningServer(listener, application, certificate)
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name=f"management-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, and end."""
        self._server.stop()
        self._thread.join()


class _ListeningServer(Server):
    """A cheroot server on a socket that listens already, so that the port is known to be ours."""

    def __init__(self, listener: socket.socket, application: Callable[..., Any], certificate: KeyedCertificate) -> None:
        super().__init__(
            listener.getsockname()[:2], application, numthreads=_THREADS, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        self.gateway = _Gateway
        self.ConnectionClass = ManagementConnection
        self.max_request_header_size = _HEADERS_LIMIT_BYTES
        self.max_request_body_size = BODY_LIMIT_BYTES
        self.ssl_adapter = _AnyCertificateAdapter(certificate)
        self._listener = listener

    def bind(self, *_arguments: object) -> socket.socket:
        """Take the socket that listens already."""
        self.bind_addr = self._listener.getsockname()[:2]
        self.socket = self.ssl_adapter.bind(self._listener)
        bound: socket.socket = self.socket
        return bound

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 (cheroot's signature)
        """Say nothing about connections that clients drop; the application logs its own errors."""


class _Gateway(Gateway_10):
    """Hands the client's certificate to the application."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]  # cheroot's stub says None
        """Return the WSGI environment of a request."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]  # of cheroot's stub, too
        length = environ.get("CONTENT_LENGTH") or ""
        if "HTTP_TRANSFER_ENCODING" in environ or (length.isdigit() and int(length[:18]) > BODY_LIMIT_BYTES):
            self.req.close_connection = True  # the rest of a body that is refused is not read
        environ[CLIENT_CERTIFICATE] = _sent_certificate(self.req.conn.socket)
        return environ


def _sent_certificate(connection: SSL.Connection) -> bytes | None:
    """Return the client's certificate as it came: it may be one that no library of ours can read."""
    certificate = connection.get_peer_certificate()
    return None if certificate is None else crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


class _AnyCertificateAdapter(pyOpenSSLAdapter):
    """Asks clients for a certificate, and takes any or none."""

    def __init__(self, certificate: KeyedCertificate) -> None:
        super().__init__(None, None)
        self.context = _context(certificate)

    def get_environ(self) -> dict[str, Any]:
        """Return what every request's environment holds of TLS."""
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: SSL.Connection, mode: str = "r", bufsize: int = -1) -> Any:
        """Return the stream of a connection, which blocks, and gives up on a client that says nothing.

        cheroot's own, on a socket that does not block, loses a body that arrives after its headers (WantReadError).
        """
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit = struct.pack("ll", _SILENCE_SECONDS, 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, limit)
        stream = super().makefile(sock, mode, bufsize)
        stream.ssl_timeout = _SILENCE_SECONDS
        return stream


def _context(certificate: KeyedCertificate) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # a resumed session would not show the certificate again
    context.set_verify(SSL.VERIFY_PEER, lambda *_arguments: True)
    with tempfile.TemporaryDirectory(prefix="clouddp-") as folder:
        path = Path(folder) / "certificate.pem"
        path.write_bytes(chain_pem(certificate) + key_pem(certificate))
        context.use_certificate_chain_file(str(path))
        context.use_privatekey_file(str(path))
    return context
