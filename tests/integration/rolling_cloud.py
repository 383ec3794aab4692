"""A cloud with real front ends and a signed state, and clients that connect to it all the while."""

import http.client
import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.compute.deployment_roles import ROLE_PROGRAMS
from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.certificates import KeyedCertificate, certificate_pem
from clouddp.network.issuing import issue_service_certificate, make_authority
from clouddp.network.signed import sign_state
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.network.tls import client_context
from tests.unit.fabric.builders import NAMESPACE, Cloud, certificate_document, configuration, encoded, running_cloud

FQDN = "clouddp1.contoso.com"
NAME = "d1594d4527614a09b934d470"
SERVICE = f"/services/hostedservices/{NAME}"
DEPLOYMENT = f"{SERVICE}/deployments/main"
SERVICE_ID = "0" * 32


class RollingCloud:
    """One deployment of real front ends, which hold a valid state; anybody may ask them for `/health`."""

    def __init__(self, cloud: Cloud) -> None:
        now = datetime.now(UTC)
        self.cloud = cloud
        self.authority = make_authority("Contoso CA", now=now)
        self.first, self.second = (
            issue_service_certificate([FQDN], authority=self.authority, now=now) for _ in range(2)
        )
        self.key = new_signing_key()
        cloud.make_service()
        self.add_certificate(self.first)
        state = ServiceStateDocument(
            service_id=SERVICE_ID, epoch=1, sequence=1, issued_at=now, expires_at=now + timedelta(hours=24),
            running=True, token_keys=(), blocked_clients={},
        )  # fmt: skip
        folder = blob_folder(cloud.state.root, "store1", "clouddp") / "state"
        folder.mkdir()
        (folder / "service").write_text(sign_state(state, key=self.key), encoding="ascii")

    def configuration(self, certificate: KeyedCertificate, *, count: int = 2) -> str:
        key = json.dumps(public_jwk(self.key)).replace('"', "&quot;")
        return configuration(
            count=count, thumbprint=certificate.thumbprint, SiteStateKey=key, ServiceId=SERVICE_ID, UsageKey=""
        )

    def add_certificate(self, certificate: KeyedCertificate) -> None:
        added = self.cloud.call("POST", f"{SERVICE}/certificates", certificate_document(certificate))
        assert self.cloud.wait_for(added.request_id).text("Status") == "Succeeded"

    def deploy(self) -> None:
        deployed = self.cloud.deploy(cscfg=self.configuration(self.first))
        assert self.cloud.wait_for(deployed.request_id).text("Status") == "Succeeded"
        self.cloud.wait_until_ready()

    def ask(self, comp: str, root: str, **values: str) -> None:
        parts = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        body = f'<{root} xmlns="{NAMESPACE}">{parts}</{root}>'
        asked = self.cloud.call("POST", f"{DEPLOYMENT}/?comp={comp}", body)
        assert self.cloud.wait_for(asked.request_id).text("Status") == "Succeeded"

    def change(self, certificate: KeyedCertificate, *, count: int = 2) -> None:
        self.ask("config", "ChangeConfiguration", Configuration=encoded(self.configuration(certificate, count=count)))

    @property
    def address(self) -> tuple[str, int]:
        shown = self.cloud.deployment()
        return shown.text("VirtualIPs/VirtualIP/Address"), int(shown.text(".//InstanceEndpoint/PublicPort"))

    def context(self) -> ssl.SSLContext:
        return client_context(authorities_pem=certificate_pem(self.authority.certificate).decode())

    def process_ids(self) -> dict[str, int | None]:
        return {name: each.process_id for name, each in self.cloud.plane.roles.running(f"{NAME}.production").items()}


class Client(http.client.HTTPSConnection):
    """Asks the deployment by its name, at its address."""

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(FQDN, timeout=20, context=context)
        self._address = address
        self._trust = context

    def connect(self) -> None:
        self.sock = self._trust.wrap_socket(socket.create_connection(self._address, 20), server_hostname=FQDN)

    def health(self) -> bytes:
        """Ask once and return the certificate that was shown; raises what a person would call a lost connection."""
        self.request("GET", "/health")
        shown = self.sock.getpeercert(binary_form=True)
        answer = self.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n")
        return shown or b""


class Load:
    """Clients that ask all the while: some connect anew each time, some keep their connection while they may."""

    def __init__(self, rolling: RollingCloud) -> None:
        self._address = rolling.address
        self._context = rolling.context()
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self.answered: Counter[bytes] = Counter()
        self.lost: list[str] = []

    @contextmanager
    def running(self, *, new: int, kept: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(number < new,)) for number in range(new + kept)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ends.set()
            for thread in threads:
                thread.join()

    def _ask(self, anew: bool) -> None:
        client = Client(self._address, self._context)
        while not self._ends.wait(0.005):
            try:
                shown = client.health()
                with self._lock:
                    self.answered[shown] += 1
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.lost.append(f"{'new' if anew else 'kept'}: {error!r}")
                client.close()
            if anew:
                client.close()
        client.close()


@contextmanager
def rolling_cloud(root: Path) -> Iterator[RollingCloud]:
    with running_cloud(root, programs=ROLE_PROGRAMS) as cloud:
        rolling = RollingCloud(cloud)
        rolling.deploy()
        yield rolling
