"""Role instances: processes that are started, watched, started again when they die, and stopped."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from clouddp.telemetry.logs import ComponentLog

_FIRST_DELAY_SECONDS: Final = 0.2
_LONGEST_DELAY_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 10.0  # an instance that lived this long did not die of how it was started
_STOP_SECONDS: Final = 5.0
_LINE_LIMIT_BYTES: Final = 65_536
_OUTPUT_LIMIT_BYTES: Final = 1024 * 1024


class InstanceStatus(StrEnum):
    """What Get Deployment says of an instance."""

    CREATING = "CreatingRole"
    STARTING = "StartingRole"
    BUSY = "BusyRole"
    READY = "ReadyRole"
    STOPPING = "StoppingRole"
    STOPPED = "StoppedVM"


class RoleInstance:
    """One supervised process. It ends when its standard input closes, so none outlives the fabric."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, log: ComponentLog) -> None:
        self.name = name
        self.status = InstanceStatus.STARTING
        self.restarts = 0
        self._command = list(command)
        self._folder = folder
        self._log = log
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name=f"instance-{name}", daemon=True)
        self._thread.start()

    @property
    def process_id(self) -> int | None:
        """The running process; None between two."""
        process = self._process
        return None if process is None else process.pid

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait until the instance is ready; False when the time ends before."""
        with self._changed:
            return self._changed.wait_for(lambda: self.status is InstanceStatus.READY, seconds)

    def request_stop(self) -> None:
        """Tell the process to end, and start it no more."""
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._become(InstanceStatus.STOPPING)
                self._process.terminate()

    def stop(self) -> None:
        """End the process, gently first, and return when it is gone."""
        self.request_stop()
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            with self._lock:
                if self._process is not None:
                    self._process.kill()
            self._thread.join()
        self._become(InstanceStatus.STOPPED)

    def _supervise(self) -> None:
        delay = _FIRST_DELAY_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            self._run_once()
            if self._stopping.is_set():
                return
            self._become(InstanceStatus.BUSY)
            self.restarts += 1
            lived = time.monotonic() - started
            delay = _FIRST_DELAY_SECONDS if lived > _STEADY_SECONDS else min(delay * 2, _LONGEST_DELAY_SECONDS)
            self._log.warning("fabric.instance_ended", instance=self.name, folder=self._folder, seconds=delay)
            self._stopping.wait(delay)

    def _run_once(self) -> None:
        """Start the process and read what it says until it ends."""
        with self._output() as output:
            process = self._start(output)
        if process is None:
            return
        with process:
            self._become(InstanceStatus.BUSY)
            stdout = process.stdout
            while stdout is not None and (line := stdout.readline(_LINE_LIMIT_BYTES)):
                if _says_ready(line) and not self._stopping.is_set():
                    self._become(InstanceStatus.READY)
        with self._lock:
            self._process = None

    def _start(self, output: IO[bytes]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    env={},
                    cwd=self._folder,
                    start_new_session=True,
                )
            except OSError as error:
                self._log.error("fabric.instance_not_started", instance=self.name, reason=error)
                return None
            return self._process

    def _output(self) -> IO[bytes]:
        path = self._folder / "output.log"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(descriptor).st_size > _OUTPUT_LIMIT_BYTES:
            os.ftruncate(descriptor, 0)
        return os.fdopen(descriptor, "wb")

    def _become(self, status: InstanceStatus) -> None:
        with self._changed:
            self.status = status
            self._changed.notify_all()


class RoleInstances:
    """The running instances of all deployments, by deployment key. Safe to use from many threads."""

    def __init__(self, log: ComponentLog) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._instances: dict[str, dict[str, RoleInstance]] = {}

    def of(self, key: str) -> dict[str, RoleInstance]:
        """Return the instances of a deployment, by name."""
        with self._lock:
            return dict(self._instances.get(key, {}))

    def start(self, key: str, name: str, command: Sequence[str], folder: Path) -> RoleInstance:
        """Start an instance; one that is there is left as it is."""
        with self._lock:
            instances = self._instances.setdefault(key, {})
            if name not in instances:
                instances[name] = RoleInstance(name, command, folder, self._log)
            return instances[name]

    def stop(self, key: str, names: Sequence[str] | None = None) -> None:
        """End instances of a deployment, all of them unless named, and forget them when they are gone."""
        chosen = [instance for name, instance in self.of(key).items() if names is None or name in names]
        for instance in chosen:
            instance.request_stop()
        for instance in chosen:
            instance.stop()
        with self._lock:
            kept = {n: i for n, i in self._instances.get(key, {}).items() if i not in chosen}
            self._instances[key] = kept

    def close(self) -> None:
        """End every instance."""
        with self._lock:
            keys = list(self._instances)
            everything = [instance for instances in self._instances.values() for instance in instances.values()]
        for instance in everything:
            instance.request_stop()
        for key in keys:
            self.stop(key)


def _says_ready(line: bytes) -> bool:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("ready") is True
