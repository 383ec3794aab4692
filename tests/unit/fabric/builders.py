"""A fabric's control plane on a real folder, and the documents that a client would send to it."""

import base64
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from cryptography.hazmat.primitives.serialization import Encoding
from defusedxml.ElementTree import fromstring

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.compute.deployment_roles import RoleProgram
from clouddp.fabric.control_plane import ControlPlane
from clouddp.fabric.management.management_api import CLIENT_CERTIFICATE
from clouddp.fabric.state import open_state
from clouddp.network.certificates import KeyedCertificate, to_quick_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.telemetry.logs import ComponentLog

T = TypeVar("T")

NOW = datetime.now(UTC)
PASSWORD = "p"
STORAGE_URL = "https://127.0.0.1:10000"
NAMESPACE = "http://schemas.microsoft.com/windowsazure"
PROGRAMS = {
    "DistributionPoint": RoleProgram((sys.executable, str(Path(__file__).parent / "compute" / "role_program.py")), 1),
    "Silent": RoleProgram((sys.executable, "-c", "import sys; sys.stdin.read()"), 1),
    "Dying": RoleProgram((sys.executable, "-c", "raise SystemExit(3)"), 1),
}

MANAGEMENT = issue_management_certificate("contoso", now=NOW)
SERVICE = issue_service_certificate(["clouddp1.contoso.com"], authority=make_authority("Contoso CA", now=NOW), now=NOW)


class Answer:
    """What the management endpoint answered."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body.decode()

    @property
    def request_id(self) -> str:
        return self.headers["x-ms-request-id"]

    @property
    def document(self) -> Element:
        root: Element = fromstring(self.body)
        return root

    def text(self, path: str) -> str:
        steps = "/".join(step if step in ("", ".") else f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
        return self.document.findtext(steps) or ""

    def pairs(self) -> dict[str, str]:
        """Return the extended properties."""
        found = self.document.iter(f"{{{NAMESPACE}}}ExtendedProperty")
        return {(item[0].text or ""): (item[1].text or "") for item in found}

    @property
    def error(self) -> str:
        return self.text("Code")


class Cloud:
    """A control plane and its management application, called without a network."""

    def __init__(self, root: Path, *, programs: Mapping[str, RoleProgram] = PROGRAMS) -> None:
        self.state = open_state(root)
        log = ComponentLog(root / "logs" / "fabric.log", "FABRIC")
        self.plane = ControlPlane(
            self.state, log, programs=programs, storage_url=lambda: STORAGE_URL, now=lambda: datetime.now(UTC)
        )
        self.application = self.plane.management_api()
        self.subscription_id = self.plane.subscriptions.all()[0].id
        self.plane.subscriptions.add_certificate(self.subscription_id, MANAGEMENT.certificate)
        self.version = "2014-10-01"

    def call(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        *,
        certificate: KeyedCertificate | None = MANAGEMENT,
        **environment: Any,
    ) -> Answer:
        path, _, query = path.partition("?")
        sent = body.encode() if isinstance(body, str) else body
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/{self.subscription_id}{path}",
            "QUERY_STRING": query,
            "HTTP_HOST": "127.0.0.1:8443",
            "HTTP_X_MS_VERSION": self.version,
            "CONTENT_LENGTH": str(len(sent)) if sent else "",
            "wsgi.input": io.BytesIO(sent),
            CLIENT_CERTIFICATE: certificate.certificate.public_bytes(Encoding.DER) if certificate else None,
            **environment,
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self.application(environ, lambda status, headers: started.append((status, headers)))
        status, headers = started[0]
        return Answer(int(status.split()[0]), dict(headers), b"".join(chunks))

    def wait_for(self, request_id: str) -> Answer:
        """Poll an operation until it is ended."""
        return wait_until(
            lambda: self.call("GET", f"/operations/{request_id}"), lambda answer: answer.text("Status") != "InProgress"
        )

    def make_account(self, name: str = "store1") -> None:
        answer = self.call("POST", "/services/storageservices", account_document(name))
        assert self.wait_for(answer.request_id).text("Status") == "Succeeded"

    def make_service(self, name: str = "d1594d4527614a09b934d470") -> None:
        """Make a hosted service that is ready for a deployment: account, package, certificate."""
        if self.plane.accounts.keys("store1") is None:
            self.make_account()
        container = blob_folder(self.state.root, "store1", "clouddp")
        container.mkdir(parents=True, exist_ok=True)
        (container / "1.cspkg").write_bytes(package())
        assert self.call("POST", "/services/hostedservices", service_document(name)).status == 201
        answer = self.call("POST", f"/services/hostedservices/{name}/certificates", certificate_document())
        assert self.wait_for(answer.request_id).text("Status") == "Succeeded"

    def deploy(self, name: str = "d1594d4527614a09b934d470", **values: Any) -> Answer:
        return self.call(
            "POST", f"/services/hostedservices/{name}/deploymentslots/production", deployment_document(**values)
        )

    def deployment(self, name: str = "d1594d4527614a09b934d470") -> Answer:
        return self.call("GET", f"/services/hostedservices/{name}/deploymentslots/Production")

    def instance_statuses(self, name: str = "d1594d4527614a09b934d470") -> list[str]:
        root = self.deployment(name).document
        return [found.text or "" for found in root.iter(f"{{{NAMESPACE}}}InstanceStatus")]

    def wait_until_ready(self, name: str = "d1594d4527614a09b934d470", count: int = 2) -> None:
        wait_until(lambda: self.instance_statuses(name), lambda found: found == ["ReadyRole"] * count)


@contextmanager
def running_cloud(root: Path, *, programs: Mapping[str, RoleProgram] = PROGRAMS) -> Iterator[Cloud]:
    cloud = Cloud(root, programs=programs)
    cloud.plane.start()
    try:
        yield cloud
    finally:
        cloud.plane.close()


def wait_until(ask: Callable[[], T], is_enough: Callable[[T], bool], seconds: float = 20) -> T:
    deadline = time.monotonic() + seconds
    while not is_enough(answer := ask()):
        assert time.monotonic() < deadline, f"still {answer}"
        time.sleep(0.01)
    return answer


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def document(name: str, **values: str) -> str:
    parts = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    return f'<?xml version="1.0" encoding="utf-8"?><{name} xmlns="{NAMESPACE}">{parts}</{name}>'


def properties(**values: str) -> str:
    """Write extended properties, as the content of their element."""
    items = (f"<Name>{name}</Name><Value>{value}</Value>" for name, value in values.items())
    return "".join(f"<ExtendedProperty>{item}</ExtendedProperty>" for item in items)


def account_document(name: str = "store1", **values: str) -> str:
    defaults = {"ServiceName": name, "Label": encoded(name), "Location": "West Europe", "AccountType": "Standard_LRS"}
    return document("CreateStorageServiceInput", **(defaults | values))


def service_document(name: str, **values: str) -> str:
    defaults = {"ServiceName": name, "Label": encoded(name), "Location": "West Europe"}
    return document("CreateHostedService", **(defaults | values))


def certificate_document(keyed: KeyedCertificate = SERVICE, password: str = PASSWORD) -> str:
    data = encoded(to_quick_pfx(keyed, PASSWORD))
    return document("CertificateFile", Data=data, CertificateFormat="pfx", Password=password)


def package(role: str = "DistributionPoint", version: int = 1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("role.json", json.dumps({"role": role, "version": version}))
    return buffer.getvalue()


def configuration(
    *,
    role: str = "DistributionPoint",
    count: int | str = 2,
    thumbprint: str = SERVICE.thumbprint,
    **changes: str | None,
) -> str:
    settings: dict[str, str | None] = {
        "ServiceId": "0" * 32,
        "SiteStateKey": "{}",
        "StorageKind": "azure",
        "StorageLocation": f"{STORAGE_URL}/store1/clouddp",
        "StorageCredential": "",
        "Delivery": "bytes",
        "UsageKey": "u",
        "ListenPort": "0",
        **changes,
    }
    written = "".join(
        f"<Setting name='{name}' value='{value}'/>" for name, value in settings.items() if value is not None
    )
    return (
        "<ServiceConfiguration serviceName='clouddp'"
        " xmlns='http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration'>"
        f"<Role name='{role}'><Instances count='{count}'/><ConfigurationSettings>{written}</ConfigurationSettings>"
        f"<Certificates><Certificate name='Service' thumbprint='{thumbprint}'/></Certificates>"
        "</Role></ServiceConfiguration>"
    )


def deployment_document(*, start: bool = True, cscfg: str | None = None, **values: str) -> str:
    defaults = {
        "Name": "main",
        "PackageUrl": f"{STORAGE_URL}/store1/clouddp/1.cspkg",
        "Label": encoded("main"),
        "Configuration": encoded(cscfg if cscfg is not None else configuration()),
        "StartDeployment": "true" if start else "false",
    }
    return document("CreateDeployment", **(defaults | values))
