"""The listening socket of a front end: one that it was handed and shares with other instances, or its own."""

import os
import socket
import sys
from typing import Any, Final

from granian._granian import SocketHolder
from granian.server.embed import Server

from clouddp.model.errors import ConflictError

BACKLOG: Final = 1024


def take_listener(host: str, port: int, *, handed: int | None) -> socket.socket:
    """Take the socket that another process opened and handed over as a descriptor; without one, open our own.

    Raises:
        ConflictError: neither can be had.

    """
    try:
        listener = _open(host, port) if handed is None else socket.socket(fileno=handed)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.listen(BACKLOG)
    except OSError as error:
        raise ConflictError(
            "distribution_point.address_not_usable", address=f"{host}:{port}", reason=error.strerror
        ) from error
    listener.set_inheritable(False)
    return listener


def _open(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # so that a second front end can take turns with us
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class ListeningServer(Server):
    """Granian's embedded server on a socket that listens already; granian itself only opens sockets of its own."""

    def __init__(self, target: object, *, listener: socket.socket, **settings: Any) -> None:
        super().__init__(target, backlog=BACKLOG, **settings)
        self._listener = listener

    def stop_accepting(self) -> None:
        """Accept no more connections, while those that were accepted go on.

        Another socket takes the descriptor's place, one that nobody can reach. So the shared socket is left to the
        other instances with all that is queued on it, and a connection whose TLS handshake is under way, which granian
        would drop if it were stopped now, gets its answer.
        """
        with socket.socket() as unreachable:
            unreachable.bind(("127.0.0.1", 0))
            unreachable.settimeout(0)
            unreachable.listen(1)
            os.dup2(unreachable.fileno(), self._descriptor, inheritable=False)

    def _init_shared_socket(self) -> None:
        self._descriptor = self._listener.detach()  # granian closes it
        self._shd = _hold(self._descriptor)  # type: ignore[assignment]  # granian only says None


def _hold(descriptor: int) -> SocketHolder:
    arguments = (descriptor, False, BACKLOG) if sys.platform == "linux" else (descriptor, False)
    return SocketHolder(*arguments)
