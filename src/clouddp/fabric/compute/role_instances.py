"""Role instances: processes that are started, watched, started again when they die, and stopped."""

import json
import os
import signal
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from clouddp.fabric.compute.instance_processes import InstanceProcess, Launch
from clouddp.telemetry.logs import ComponentLog

_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 10.0  # an instance that lived this long did not die of how it was started
_CYCLING_ENDS: Final = 3  # so many quick ends in a row are no accident
_LEAVE_SECONDS: Final = 30.0  # what an instance that is to leave has for the answers it has begun
_LINE_LIMIT_BYTES: Final = 65_536
_OUTPUT_LIMIT_BYTES: Final = 1024 * 1024


class InstanceStatus(StrEnum):
    """What Get Deployment says of an instance."""

    CREATING = "CreatingRole"
    STARTING = "StartingRole"
    BUSY = "BusyRole"
    CYCLING = "CyclingRole"
    READY = "ReadyRole"
    STOPPING = "StoppingRole"
    STOPPED = "StoppedVM"


POWER_STATES: Final[Mapping[InstanceStatus, str]] = {
    InstanceStatus.CREATING: "Starting",
    InstanceStatus.STARTING: "Starting",
    InstanceStatus.BUSY: "Started",
    InstanceStatus.CYCLING: "Started",
    InstanceStatus.READY: "Started",
    InstanceStatus.STOPPING: "Stopping",
    InstanceStatus.STOPPED: "Stopped",
}


def pause_seconds(quick_ends: int) -> float:
    """Say how long to wait before an instance is started again that ended soon after its start so many times."""
    return float(min(_FIRST_PAUSE_SECONDS * 2 ** min(quick_ends, 16), _LONGEST_PAUSE_SECONDS))


class RoleInstance:
    """One supervised process."""

    def __init__(self, name: str, launch: Launch, folder: Path, log: ComponentLog) -> None:
        self.name = name
        self.status = InstanceStatus.STARTING
        self.restarts = 0
        self._launch = launch
        self._folder = folder
        self._log = log
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._process: InstanceProcess | None = None
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

    def begin_leaving(self) -> None:
        """Tell the process to end when it has answered what it accepted, and start it no more."""
        self._end_with(signal.SIGTERM)

    def begin_cut(self) -> None:
        """End the process with all its connections, and start it no more."""
        self._end_with(signal.SIGKILL)

    def wait_ended(self, seconds: float) -> bool:
        """Wait until a process that was told to end is gone; False when the time ends before."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._become(InstanceStatus.STOPPED)
        return True

    def _end_with(self, number: signal.Signals) -> None:
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                self._become(InstanceStatus.STOPPING)
                self._process.send_signal(number)

    def _supervise(self) -> None:
        quick_ends = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            self._run_once()
            if self._stopping.is_set():
                return
            self.restarts += 1
            quick_ends = 0 if time.monotonic() - started > _STEADY_SECONDS else quick_ends + 1
            self._become(InstanceStatus.CYCLING if quick_ends >= _CYCLING_ENDS else InstanceStatus.BUSY)
            pause = pause_seconds(quick_ends)
            self._log.warning("fabric.instance_ended", instance=self.name, folder=self._folder, seconds=pause)
            self._stopping.wait(pause)

    def _run_once(self) -> None:
        """Start the process and read what it says until it ends; one that cannot be started has ended."""
        try:
            with self._output() as output:
                process = self._start(output)
        except OSError as error:  # of its folder too: a full disk must not end the supervision
            self._log.error("fabric.instance_not_started", instance=self.name, reason=error)
            return
        if process is None:
            return
        with closing(process):
            if self.status is not InstanceStatus.CYCLING:  # one that has failed again and again is not believed at once
                self._become(InstanceStatus.BUSY)
            while line := process.stdout.readline(_LINE_LIMIT_BYTES):
                if _says_ready(line) and not self._stopping.is_set():
                    self._become(InstanceStatus.READY)
        with self._lock:
            self._process = None

    def _start(self, output: IO[bytes]) -> InstanceProcess | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = self._launch(output)
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

    def start(self, key: str, name: str, launch: Launch, folder: Path) -> RoleInstance:
        """Start an instance; one that is there is left as it is."""
        with self._lock:
            instances = self._instances.setdefault(key, {})
            if name not in instances:
                instances[name] = RoleInstance(name, launch, folder, self._log)
            return instances[name]

    def leave(self, key: str, names: Collection[str], *, hurry: threading.Event) -> None:
        """End instances of a deployment when they have answered what they accepted, or too slowly, or in a hurry."""
        leaving = {name: instance for name, instance in self.of(key).items() if name in names}
        for instance in leaving.values():
            instance.begin_leaving()
        deadline = time.monotonic() + _LEAVE_SECONDS
        waiting = list(leaving.values())
        while waiting and time.monotonic() < deadline and not hurry.is_set():
            waiting = [instance for instance in waiting if not instance.wait_ended(0.05)]
        self._cut(key, leaving)

    def cut(self, key: str) -> None:
        """End every instance of a deployment with all connections, and forget them when they are gone."""
        self._cut(key, self.of(key))

    def close(self) -> None:
        """End every instance."""
        with self._lock:
            everything = {key: dict(instances) for key, instances in self._instances.items()}
        for instances in everything.values():
            for instance in instances.values():
                instance.begin_cut()
        for key, instances in everything.items():
            self._cut(key, instances)

    def _cut(self, key: str, instances: Mapping[str, RoleInstance]) -> None:
        for instance in instances.values():
            instance.begin_cut()
        for instance in instances.values():
            while not instance.wait_ended(1.0):
                instance.begin_cut()
        with self._lock:
            kept = {name: each for name, each in self._instances.get(key, {}).items() if name not in instances}
            self._instances[key] = kept


def _says_ready(line: bytes) -> bool:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("ready") is True
