"""The embedded cloud as a process of its own, with our management certificate uploaded."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.network.tls import client_context
from tests.unit.cloud_services.site_bench import management_certificate


class FabricProcess:
    """A fabric that can be killed and started again on its state."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.addresses: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "clouddp", "fabric", "run", "--state", str(self._state)]
        self._process = subprocess.Popen(
            [*command, "--until-input-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fabric ended before it was ready"
        self.addresses = json.loads(line)

    def kill(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._end()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._end()

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def authorities_pem(self) -> str:
        return Path(self.addresses["ca_file"]).read_text(encoding="ascii")

    def upload_management_certificate(self) -> None:
        token = Path(self.addresses["portal_token_file"]).read_text(encoding="utf-8").strip()
        certificate = management_certificate().certificate.public_bytes(Encoding.DER)
        with httpx2.Client(verify=client_context(authorities_pem=self.authorities_pem), trust_env=False) as portal:
            answer = portal.post(
                f"{self.addresses['portal_url']}/subscriptions/{self.addresses['subscription_id']}/certificates",
                files={"certificate": ("management.cer", certificate)},
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            )
        assert answer.is_success, answer.text

    def _end(self) -> None:
        assert self._process is not None
        self._process.wait(20)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process = None
