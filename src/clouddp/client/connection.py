"""An HTTPS connection that goes to one address and trusts a server by its name, wherever the address came from."""

import http.client
import socket
import ssl
from dataclasses import dataclass

from clouddp.model.errors import RefusedError, TemporaryError

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a server is, and the name its certificate must be for."""

    host: str  # the name in the certificate
    port: int
    address: str  # where that name leads

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class OriginConnection(http.client.HTTPConnection):
    """Speaks to one origin and follows no redirect, so that what is sent to it goes nowhere else."""

    default_port = http.client.HTTPS_PORT

    def __init__(self, origin: Origin, context: ssl.SSLContext) -> None:
        super().__init__(origin.host, origin.port, timeout=TIMEOUT_SECONDS)
        self._origin = origin
        self._context = context

    def connect(self) -> None:
        """Connect and check the certificate.

        Raises:
            TemporaryError: there is no way to the server at the moment.
            RefusedError: the server is not who it should be.

        """
        origin = self._origin
        try:
            plain = socket.create_connection((origin.address, origin.port), self.timeout)
        except OSError as error:
            raise TemporaryError(
                "client.server_unreachable", server=origin, address=origin.address, reason=error.strerror or error
            ) from error
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._context.wrap_socket(plain, server_hostname=origin.host)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise RefusedError("client.server_not_trusted", server=origin, reason=error.verify_message) from error
        except OSError as error:
            plain.close()
            raise TemporaryError(
                "client.server_unreachable", server=origin, address=origin.address, reason=error.strerror or error
            ) from error
