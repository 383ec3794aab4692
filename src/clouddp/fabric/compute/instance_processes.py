"""How a role instance becomes a process: by a command, or as a copy that a host process makes of itself."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

_ANSWER_LIMIT_BYTES: Final = 1024
_ANSWER_SECONDS: Final = 60.0  # a host that was just started loads what it needs, on a machine that may be busy
_HOST_ENDS_SECONDS: Final = 5.0


class InstanceProcess(Protocol):
    """A started process. It ends when its standard input closes, so none outlives the fabric."""

    @property
    def pid(self) -> int:
        """The number of the process."""

    @property
    def stdout(self) -> IO[bytes]:
        """What the process says."""

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal; one to a process that has ended is fine."""

    def close(self) -> None:
        """Wait until the process has ended, then close what it was connected by."""


Launch = Callable[[IO[bytes]], InstanceProcess]
"""Starts the process of an instance, whose standard error goes to the file. Raises OSError when it cannot."""


class SpawnedProcess:
    """A process that was started by its command."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self._process = process
        self.stdout = said

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def close(self) -> None:
        """Wait for the end."""
        with self._process:
            pass


def by_command(command: Sequence[str], folder: Path, *, handed: Collection[int] = ()) -> Launch:
    """Start an instance by a command, with an emptied environment, in its folder, with descriptors it is handed."""

    def launch(output: IO[bytes]) -> InstanceProcess:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env={},
            cwd=folder,
            start_new_session=True,
            pass_fds=tuple(handed),
        )
        assert process.stdout is not None  # noqa: S101 (it is a pipe, by the argument above)
        return SpawnedProcess(process, process.stdout)

    return launch


def can_host() -> bool:
    """Say whether this system has descriptors that stand for processes: Linux since 5.3, where nothing forbids them."""
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


class HostedProcess:
    """A copy of a host process, known by a descriptor, since its number may be another's after its end."""

    def __init__(self, pid: int, descriptor: int, *, standard_input: int, said: IO[bytes]) -> None:
        self.pid = pid
        self.stdout = said
        self._lock = threading.Lock()
        self._descriptor: int | None = descriptor
        self._standard_input = standard_input

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        with self._lock, suppress(ProcessLookupError):
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """Wait for the end."""
        os.close(self._standard_input)
        self.stdout.close()
        if self._descriptor is not None:
            ended = select.poll()
            ended.register(self._descriptor, select.POLLIN)
            ended.poll()
            with self._lock:
                os.close(self._descriptor)
                self._descriptor = None


class InstanceHost:
    """A process that has a role's program loaded, and copies itself for each instance, where a system can host.

    It is started when the first instance is, and again if it should end; instances that it made go on without it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def launch(self, configuration: Path, *, listener: int) -> Launch:
        """Start an instance with its configuration file, in that file's folder, listening on a socket."""

        def launch(output: IO[bytes]) -> InstanceProcess:
            standard_input, said = os.pipe(), os.pipe()
            handed = [standard_input[0], said[1], output.fileno(), listener]
            try:
                pid, descriptor = self._ask(configuration, handed)
            except BaseException:
                os.close(standard_input[1])
                os.close(said[0])
                raise
            finally:
                os.close(standard_input[0])
                os.close(said[1])
            return HostedProcess(pid, descriptor, standard_input=standard_input[1], said=os.fdopen(said[0], "rb"))

        return launch

    def close(self) -> None:
        """End the host, and start none any more for nobody asks."""
        with self._lock:
            self._end()

    def _ask(self, configuration: Path, descriptors: Sequence[int]) -> tuple[int, int]:
        request = json.dumps({"configuration": str(configuration)}).encode()
        with self._lock:
            control = self._started()
            try:
                socket.send_fds(control, [request], descriptors)
                answer, received, _flags, _address = socket.recv_fds(control, _ANSWER_LIMIT_BYTES, 1)
            except OSError:
                answer = b""
            if not answer or not received:  # no descriptor comes where this process has none left
                self._end()
                reason = "the host of role instances has ended"
                raise OSError(reason)
        return int(json.loads(answer)["pid"]), received[0]

    def _started(self) -> socket.socket:
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        ours.settimeout(_ANSWER_SECONDS)
        self._control = ours
        return ours

    def _end(self) -> None:
        """End the host if there is one; it ends by itself when nobody can ask any more."""
        control, process = self._control, self._process
        self._control = self._process = None
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(_HOST_ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
