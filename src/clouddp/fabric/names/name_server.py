"""The fabric's name server: one thread that answers DNS over UDP and TCP."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from clouddp.fabric.names.name_answers import NameAnswers
from clouddp.fabric.names.zone_file import ZoneFile
from clouddp.fabric.names.zones import ServiceZone
from clouddp.fabric.ports import AddressLookup
from clouddp.model.errors import ConflictError

_MOST_CONNECTIONS: Final = 100
_IDLE_SECONDS: Final = 10.0
_LONGEST_UNSENT_BYTES: Final = 4 * 65_537
_PAIRS_TRIED: Final = 20


@dataclass(slots=True)
class _Connection:
    arrived: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)
    last_used: float = field(default_factory=time.monotonic)


class NameServer:
    """A running name server."""

    def __init__(self, answers: NameAnswers, udp: socket.socket, tcp: socket.socket) -> None:
        self.host, self.port = udp.getsockname()[:2]
        self._answers = answers
        self._udp = udp
        self._tcp = tcp
        self._connections: dict[socket.socket, _Connection] = {}
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for one in (udp, tcp, self._woken):
            one.settimeout(0)
        self._register(udp, self._answer_datagram)
        self._register(tcp, self._accept)
        self._register(self._woken, lambda: None)
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=f"dns-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and free the port."""
        self._is_closing = True
        self._wake.send(b"x")
        self._thread.join()
        for one in (*self._connections, self._udp, self._tcp, self._wake, self._woken):
            one.close()
        self._selector.close()

    def _register(self, one: socket.socket, callback: Callable[[], None]) -> None:
        self._selector.register(one, selectors.EVENT_READ, callback)

    def _run(self) -> None:
        while not self._is_closing:
            for key, _events in self._selector.select(timeout=1.0):
                key.data()
            self._drop_idle()

    def _answer_datagram(self) -> None:
        try:
            wire, sender = self._udp.recvfrom(65_535)
            answer = self._answers.answer(wire, is_udp=True)
            if answer is not None:
                self._udp.sendto(answer, sender)
        except OSError:
            return  # the sender is gone, or asked from a port that takes no answer

    def _accept(self) -> None:
        try:
            one, _address = self._tcp.accept()
        except OSError:
            return
        if len(self._connections) >= _MOST_CONNECTIONS:
            one.close()
            return
        one.settimeout(0)
        self._connections[one] = _Connection()
        self._register(one, lambda: self._serve(one))

    def _serve(self, one: socket.socket) -> None:
        connection = self._connections[one]
        connection.last_used = time.monotonic()
        try:
            self._receive(one, connection)
            self._send(one, connection)
        except BlockingIOError:
            return
        except (OSError, EOFError):
            self._drop(one)

    def _receive(self, one: socket.socket, connection: _Connection) -> None:
        try:
            chunk = one.recv(65_536)
        except BlockingIOError:
            return  # it was woken to send
        if not chunk:
            raise EOFError
        connection.arrived += chunk
        while len(connection.arrived) >= 2:
            length = int.from_bytes(connection.arrived[:2], "big")
            if len(connection.arrived) < 2 + length:
                return
            wire = bytes(connection.arrived[2 : 2 + length])
            del connection.arrived[: 2 + length]
            answer = self._answers.answer(wire, is_udp=False)
            if answer is None or len(connection.unsent) > _LONGEST_UNSENT_BYTES:
                raise EOFError
            connection.unsent += len(answer).to_bytes(2, "big") + answer

    def _send(self, one: socket.socket, connection: _Connection) -> None:
        if connection.unsent:
            with suppress(BlockingIOError):
                del connection.unsent[: one.send(connection.unsent)]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
        self._selector.modify(one, wanted, lambda: self._serve(one))

    def _drop_idle(self) -> None:
        oldest = time.monotonic() - _IDLE_SECONDS
        for one in [one for one, connection in self._connections.items() if connection.last_used < oldest]:
            self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        self._selector.unregister(one)
        del self._connections[one]
        one.close()


def start_name_server(*, lookup: AddressLookup, zone_files: Sequence[ZoneFile], host: str, port: int) -> NameServer:
    """Serve cloudapp.net from `lookup` and the other zones from their files; port 0 takes a free one.

    Raises ConflictError("names.port_in_use") when the address is taken.
    """
    udp, tcp = _listen(host, port)
    return NameServer(NameAnswers([ServiceZone(lookup, address=host), *zone_files]), udp, tcp)


def _listen(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Take one port number for both protocols."""
    for attempt in range(_PAIRS_TRIED):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            udp.bind((host, port))
            tcp.bind((host, udp.getsockname()[1]))
            tcp.listen(_MOST_CONNECTIONS)
        except OSError as error:
            udp.close()
            tcp.close()
            if port != 0 or attempt == _PAIRS_TRIED - 1:
                raise ConflictError("names.port_in_use", host=host, port=port, reason=error.strerror) from error
        else:
            return udp, tcp
    raise AssertionError
