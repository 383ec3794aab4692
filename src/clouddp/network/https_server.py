"""Serve an ASGI application over TLS from a thread of this process."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from clouddp.model.errors import ConflictError, SiteError

_START_DEADLINE_SECONDS: Final = 30.0
_FAREWELL_SECONDS: Final = 0.25


class HttpsServer:
    """One listening server; ready when made, closed by `close`."""

    def __init__(self, application: Callable[..., Any], listener: socket.socket, context: ssl.SSLContext) -> None:
        self.host, self.port = listener.getsockname()[:2]
        configuration = uvicorn.Config(
            application,
            http=H11Protocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ssl_context_factory=lambda _configuration, _default: context,
        )
        self._server = uvicorn.Server(configuration)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name=f"https-{self.port}", daemon=True
        )
        self._thread.start()
        self._wait_until_started()

    def close(self) -> None:
        """Stop accepting, let what is under way end for a few seconds, and free the port."""
        self._server.should_exit = True
        self._thread.join(_FAREWELL_SECONDS)
        for connection in tuple(self._server.server_state.connections):
            # The end of TLS waits for the other side, which may hold an idle connection open for as long as it likes.
            if isinstance(connection, H11Protocol) and (connection.cycle is None or connection.cycle.response_complete):
                connection.loop.call_soon_threadsafe(connection.transport.abort)
        self._thread.join()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_DEADLINE_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise SiteError("server.not_started", port=self.port)
            self._thread.join(0.01)


def listen(host: str, port: int, *, purpose: str) -> socket.socket:
    """Take an address and port; 0 takes any free port.

    Raises:
        ConflictError: another program has it, or it is not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise ConflictError(
            "server.port_in_use", host=host, port=port, purpose=purpose, reason=error.strerror
        ) from error
    return listener
