"""The sockets that deployments listen on: the fabric's own, shared by instances, so that none takes the queue away."""

import errno
import socket
import threading
import time
from typing import Final

from clouddp.fabric.management.protocol_errors import ProtocolError

_BACKLOG: Final = 1024
_FREE_SECONDS: Final = 5.0  # instances of a fabric that was killed hold its sockets until they notice


class ListeningSockets:
    """One listening socket for each deployment that runs, by deployment key. Safe to use from many threads."""

    def __init__(self, *, free_seconds: float = _FREE_SECONDS) -> None:
        self._free_seconds = free_seconds
        self._lock = threading.Lock()
        self._sockets: dict[str, socket.socket] = {}

    def open(self, key: str, address: str, port: int) -> int:
        """Give the descriptor of a deployment's socket; it listens from now on if it did not before.

        Raises:
            ProtocolError: the address and port are somebody else's.

        """
        with self._lock:
            known = self._sockets.get(key)
        if known is not None:
            return known.fileno()
        opened = _open(address, port, seconds=self._free_seconds)
        with self._lock:
            return self._sockets.setdefault(key, opened).fileno()

    def close(self, key: str) -> None:
        """Listen no more, once no instance shares the socket: what is queued is cut. One that is closed is fine."""
        with self._lock:
            listener = self._sockets.pop(key, None)
        if listener is not None:
            listener.close()

    def close_all(self) -> None:
        """Listen no more for any deployment."""
        with self._lock:
            keys = list(self._sockets)
        for key in keys:
            self.close(key)


def _open(address: str, port: int, *, seconds: float) -> socket.socket:
    deadline = time.monotonic() + seconds
    while True:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            message = f"The port {port} of the address {address} cannot be used: {error.strerror}."
            raise ProtocolError(500, "InternalError", message) from error
        return listener
