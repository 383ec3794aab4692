"""A fabric's process with trouble, and a client of its management service that sees what really arrives."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from azure.storage.blob import BlobServiceClient
from defusedxml.ElementTree import fromstring

from clouddp.network.tls import client_context
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import management_certificate
from tests.unit.fabric.builders import NAMESPACE, account_document, service_document

T = TypeVar("T")

STORAGE = "/services/storageservices"
SERVICES = "/services/hostedservices"


class TroubledFabric:
    """A running fabric, its admin endpoint, its command, and its management service."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.process = FabricProcess(state)
        self.process.start()
        self.process.upload_management_certificate()
        self._context = client_context(
            authorities_pem=self.process.authorities_pem, client_certificate=management_certificate()
        )

    def call(self, method: str, path: str, body: str = "", *, timeout: float = 20) -> httpx2.Response:
        """Send a request of the management protocol on a connection of its own."""
        url = f"{self.process.addresses['management_url']}/{self.process.addresses['subscription_id']}{path}"
        with httpx2.Client(verify=self._context, trust_env=False, timeout=timeout) as client:
            return client.request(method, url, content=body.encode(), headers={"x-ms-version": "2014-10-01"})

    def create_account(self, name: str) -> httpx2.Response:
        return self.call("POST", STORAGE, account_document(name))

    def create_service(self, name: str) -> httpx2.Response:
        return self.call("POST", SERVICES, service_document(name))

    def account_key(self, account: str) -> str:
        return texts(self.call("GET", f"{STORAGE}/{account}/keys"))["Primary"]

    def blobs(self, account: str) -> BlobServiceClient:
        """Open an account with Microsoft's client, which tries once."""
        return BlobServiceClient(
            f"{self.process.addresses['storage_url']}/{account}",
            credential={"account_name": account, "account_key": self.account_key(account)},
            connection_verify=self.process.addresses["ca_file"],
            connection_timeout=20,
            retry_total=0,
            proxies={},
        )

    def operation(self, answer: httpx2.Response) -> dict[str, str]:
        """Ask once how far an operation is."""
        return texts(self.call("GET", f"/operations/{answer.headers['x-ms-request-id']}"))

    def end_of(self, answer: httpx2.Response) -> dict[str, str]:
        """Wait for the end of an operation."""
        return wait_until(lambda: self.operation(answer), lambda found: found["Status"] != "InProgress")

    def admin(
        self, method: str, path: str = "/trouble", body: Any = None, *, token: str | None = None
    ) -> httpx2.Response:
        """Send a request to the admin endpoint."""
        if token is None:
            token = Path(self.process.addresses["portal_token_file"]).read_text(encoding="ascii")
        context = client_context(authorities_pem=self.process.authorities_pem)
        with httpx2.Client(verify=context, trust_env=False) as client:
            url = f"{self.process.addresses['portal_url']}{path}"
            return client.request(method, url, json=body, headers={"Authorization": f"Bearer {token}"})

    def add(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Put a trouble in force."""
        answer = self.admin("POST", body={"kind": kind, **fields})
        assert answer.status_code == 201, answer.text
        added: dict[str, Any] = answer.json()
        return added

    def clear(self) -> None:
        assert self.admin("DELETE").status_code == 204

    def command(self, *words: str, language: str = "en") -> subprocess.CompletedProcess[str]:
        """Run `clouddp fabric trouble` on this fabric's folder."""
        return run_trouble_command(self.state, *words, language=language)


def run_trouble_command(state: Path, *words: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    """Run `clouddp fabric trouble` as a process of its own."""
    line = [sys.executable, "-m", "clouddp", "fabric", "trouble", *words, "--state", str(state)]
    environment = {**os.environ, "CLOUDDP_LANG": language}
    return subprocess.run(line, capture_output=True, text=True, env=environment, timeout=60, check=False)


@contextmanager
def troubled_fabric(state: Path) -> Iterator[TroubledFabric]:
    fabric = TroubledFabric(state)
    try:
        yield fabric
    finally:
        if fabric.process.is_running:
            fabric.process.stop()


def texts(answer: httpx2.Response) -> dict[str, str]:
    """Read the texts of a document by the names of their elements."""
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    return {
        element.tag.replace(f"{{{NAMESPACE}}}", ""): element.text or "" for element in fromstring(answer.text).iter()
    }


def wait_until(ask: Callable[[], T], is_enough: Callable[[T], bool], seconds: float = 30) -> T:
    deadline = time.monotonic() + seconds
    while not is_enough(found := ask()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.05)
    return found
