"""The tests' side of the nursery: site servers and fabrics that start fast and die when a test wants it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
END_SECONDS = 30.0


class Fork:
    """One process of the nursery, and the socket that joins us."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._heard = b""
        hello = self.hear(START_SECONDS)
        ready = self.hear(START_SECONDS)
        assert hello is not None
        assert ready is not None, "it ended before it was ready"
        self._process_id: int = hello["process_id"]
        self.ready: dict[str, Any] = ready["ready"]

    def say(self, **order: Any) -> None:
        self._connection.sendall(json.dumps(order).encode() + b"\n")

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """Wait for what it says; None when it has ended.

        Raises:
            TimeoutError: it says nothing.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            readable, _, _ = select.select([self._connection], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise TimeoutError
            received = self._receive()
            if not received:
                return None
            self._heard += received
        line, _, self._heard = self._heard.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self._process_id, signal.SIGKILL)
        self.await_end()

    def stop(self) -> None:
        """Let it end by itself."""
        self._connection.shutdown(socket.SHUT_WR)
        self.await_end()

    def await_end(self) -> None:
        while self.hear(END_SECONDS) is not None:
            pass
        self.close()

    def close(self) -> None:
        self._connection.close()

    def _receive(self) -> bytes:
        try:
            return self._connection.recv(65_536)
        except ConnectionResetError:
            return b""


class Nursery:
    """The program that forks; ends with whoever started it, and so do its forks."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.fault_matrix.nursery", str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT)

    def start(self, kind: str, **order: Any) -> Fork:
        """Start a process and wait until it is ready."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [json.dumps({"kind": kind, **order}).encode()], [theirs.fileno()])
        return Fork(ours)

    def close(self) -> None:
        self._control.close()
        self._process.wait(END_SECONDS)
