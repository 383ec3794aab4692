"""A whole installation as real processes: fabric, site server, client; killed and started as a test likes."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import requests
from azure.servicemanagement import ServiceManagementService

from clouddp.admin.api_client import SiteApi
from clouddp.network.certificates import KeyedCertificate, certificate_pem, chain_pem, key_pem, to_quick_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.tls import client_context

DEADLINE_SECONDS = 120.0
PASSWORD = "correct horse"
SERVICE_FQDN = "clouddp1.contoso.com"
SITE_MODULE = ("-m", "clouddp", "site", "run")

_T = TypeVar("_T")


class Installation:
    """One home with a fabric and a site; everything in it ends with the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, "CLOUDDP_HOME": str(home), "CLOUDDP_LANG": "en"}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.sessions: list[requests.Session] = []
        self.fabric: dict[str, Any] = {}
        self.site: dict[str, Any] = {}
        now = datetime.now(UTC)
        self.authority = make_authority("Contoso Root CA", now=now)
        self.management = issue_management_certificate("Contoso site", now=now)
        self.service = issue_service_certificate([SERVICE_FQDN], authority=self.authority, now=now)
        self.authority_file = home / "authority.pem"
        self.authority_file.write_bytes(certificate_pem(self.authority.certificate))

    def start_fabric(self) -> None:
        arguments = ["-m", "clouddp", "fabric", "run", "--state", str(self.home / "fabric")]
        arguments += ["--zone", "contoso.com", "--zone-key-file", str(self.home / "zone-key.json")]
        self.fabric = self._start("fabric", arguments)

    def start_site(self, program: Sequence[str] = SITE_MODULE) -> None:
        self.site = self._start("site", program)

    def initialise(self) -> None:
        self.run("site", "init", "--authority", str(self.authority_file), "--resolver", self.fabric["dns"])

    def begin(self) -> None:
        """Start a cloud that knows the management certificate, and a site."""
        self.start_fabric()
        self.upload(self.management)
        self.initialise()
        self.start_site()

    def upload(self, certificate: KeyedCertificate) -> None:
        token = Path(self.fabric["portal_token_file"]).read_text(encoding="utf-8").strip()
        authorities = Path(self.fabric["ca_file"]).read_text(encoding="utf-8")
        with httpx2.Client(verify=client_context(authorities_pem=authorities), trust_env=False) as portal:
            answer = portal.post(
                f"{self.fabric['portal_url']}/subscriptions/{self.fabric['subscription_id']}/certificates",
                headers={"Authorization": f"Bearer {token}"},
                files={"certificate": ("management.cer", certificate_pem(certificate.certificate))},
            )
        assert answer.status_code < 400, answer.text

    @cached_property
    def api(self) -> SiteApi:
        return SiteApi.from_home(self.home)

    def wanted(self, **changes: Any) -> dict[str, Any]:
        """The request that creates the cloud distribution point, as the wizard would send it."""
        return {
            "management_url": self.fabric["management_url"],
            "management_authorities_pem": Path(self.fabric["ca_file"]).read_text(encoding="utf-8"),
            "subscription_id": self.fabric["subscription_id"],
            "management_certificate": pfx(self.management),
            "region": "North Europe",
            "service_certificate": pfx(self.service),
            **changes,
        }

    def publish_name(self, service_id: str) -> None:
        """Make the service FQDN an alias of the service name in the organisation's zone."""
        key = json.loads((self.home / "zone-key.json").read_text(encoding="utf-8"))
        host, _, port = self.fabric["dns"].rpartition(":")
        zone = {
            "server": host,
            "port": int(port),
            "key_name": key["name"],
            "algorithm": key["algorithm"],
            "secret_base64": key["secret_base64"],
        }
        self.api.put("/dns-zones/contoso.com", zone)
        assert self.api.post(f"/cloud-distribution-points/{service_id}/dns-record")["is_right"]

    def cloud(self) -> ServiceManagementService:
        """The cloud as an unmodified client of Microsoft's sees it."""
        certificate = self.home / "management.pem"
        certificate.write_bytes(chain_pem(self.management) + key_pem(self.management))
        session = requests.Session()
        session.cert = str(certificate)
        session.verify = self.fabric["ca_file"]
        session.trust_env = False
        self.sessions.append(session)
        host = self.fabric["management_url"].removeprefix("https://")
        return ServiceManagementService(self.fabric["subscription_id"], host=host, request_session=session)

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        self._reap(process)

    def has_ended(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def forget(self, name: str) -> int:
        """Take note of a process that ended by itself; its exit code."""
        process = self.processes.pop(name)
        self._reap(process)
        return process.returncode

    def run(self, *arguments: str, expected: int = 0, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Run a command with `--json`; its answer, or what it told of its failure."""
        finished = subprocess.run(
            [sys.executable, "-m", "clouddp", *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**self.environment, **(environment or {})},
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert finished.returncode == expected, (finished.returncode, finished.stdout, finished.stderr)
        told = finished.stdout if expected == 0 else finished.stderr
        answer = json.loads(told) if told.strip() else {}
        assert isinstance(answer, dict)
        return answer

    def read(self, *arguments: str, language: str = "en") -> str:
        """Run a command as a person does and give what it prints."""
        return subprocess.run(
            [sys.executable, "-m", "clouddp", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**self.environment, "CLOUDDP_LANG": language},
            timeout=DEADLINE_SECONDS,
            check=True,
        ).stdout

    def close(self) -> None:
        if "api" in self.__dict__:
            self.api.close()
        for session in self.sessions:
            session.close()
        for name in reversed(list(self.processes)):
            process = self.processes.pop(name)
            process.terminate()
            self._reap(process)

    def _start(self, name: str, arguments: Sequence[str]) -> dict[str, Any]:
        with (self.home / f"{name}.txt").open("a", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, *arguments, "--until-input-closes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self.environment,
            )
        self.processes[name] = process
        assert process.stdout is not None
        line = process.stdout.readline()
        ready = json.loads(line) if line.strip() else {}
        assert isinstance(ready, dict)
        return ready

    def _reap(self, process: subprocess.Popen[str]) -> None:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def pfx(keyed: KeyedCertificate, password: str = PASSWORD) -> dict[str, str]:
    return {"pfx_base64": base64.b64encode(to_quick_pfx(keyed, password)).decode(), "password": password}


def eventually(look: Callable[[], _T | None], *, what: str, deadline_seconds: float = DEADLINE_SECONDS) -> _T:
    """Look until there is something to see."""
    deadline = time.monotonic() + deadline_seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(what)
