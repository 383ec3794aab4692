"""Microsoft's Node clients of the classic management protocol: installed by their lock, and driven line by line."""

import base64
import json
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.node_packages import install_node_packages
from tests.peers import find_program

_FOLDER: Final = Path(__file__).parent.parent / "peers_node"


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
        command = [
            _node(),
            str(_FOLDER / "clients.js"),
            str(install_node_packages(_FOLDER)),
            endpoint,
            subscription_id,
            str(pem_file),
        ]
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


def _node() -> str:
    node = find_program("node")
    assert node is not None
    return node
