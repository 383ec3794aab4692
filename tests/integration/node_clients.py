"""Microsoft's Node clients of the classic management protocol: installed by their lock, and driven line by line."""

import base64
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.peers import are_required, find_program

_FOLDER: Final = Path(__file__).parent.parent / "peers_node"
_LOCK: Final = _FOLDER / "package-lock.json"


class NodeError(Exception):
    """What a client told its caller instead of a result."""

    def __init__(self, status: int | None, code: str | None, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message


class NodeClients:
    """The clients in one process of Node, against one endpoint."""

    def __init__(self, endpoint: str, subscription_id: str, *, pem_file: Path, ca_file: str) -> None:
        command = [_node(), str(_FOLDER / "clients.js"), str(install()), endpoint, subscription_id, str(pem_file)]
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # Node complains of what these clients are made of
            text=True,
            env={**kept, "NODE_EXTRA_CA_CERTS": ca_file},
        )
        self._count = 0

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a method such as `compute.hostedServices.create`, and return its result.

        Raises:
            NodeError: the client told of an error.

        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._count += 1
        self._process.stdin.write(json.dumps({"id": self._count, "call": name, "args": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the clients' process ended"
        outcome = json.loads(line)
        assert outcome["id"] == self._count
        if "error" in outcome:
            error = outcome["error"]
            raise NodeError(error.get("statusCode"), error.get("code"), error.get("message", ""))
        return outcome.get("result")

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait(20)


def octets(data: bytes) -> dict[str, str]:
    """Give octets the form in which they reach the clients."""
    return {"octets": base64.b64encode(data).decode()}


def moment(value: datetime) -> dict[str, str]:
    """Give a moment the form in which it reaches the clients."""
    return {"moment": value.isoformat()}


def install() -> Path:
    """Install what the lock names into a folder of the user's cache, once; returns the folder of the modules."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clouddp-peers"
    caches.mkdir(parents=True, exist_ok=True)
    wanted = caches / f"node-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]}"
    with (caches / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers wait, and find it done
        if not wanted.exists():
            with tempfile.TemporaryDirectory(dir=caches, prefix="node-") as folder:
                _install_into(Path(folder) / "made")
                (Path(folder) / "made").rename(wanted)
    return wanted / "node_modules"


def _install_into(folder: Path) -> None:
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_FOLDER / name, folder)
    npm = find_program("npm")
    assert npm is not None
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150, check=False)
    if done.returncode != 0:
        reason = f"the Node clients could not be installed: {done.stderr.strip()[-500:]}"
        pytest.fail(reason) if are_required() else pytest.skip(reason)


def _node() -> str:
    node = find_program("node")
    assert node is not None
    return node
