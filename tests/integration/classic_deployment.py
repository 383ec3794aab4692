"""What a client of the classic management protocol deploys: a package and a signed state, and a configuration."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from azure.storage.blob import BlobServiceClient

from clouddp.model.exchange import ServiceStateDocument
from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem
from clouddp.network.issuing import issue_service_certificate, make_authority
from clouddp.network.signed import sign_state
from clouddp.network.signing_keys import new_signing_key, public_jwk
from clouddp.store.object_store import open_azure_container
from tests.integration.fabric_process import FabricProcess

T = TypeVar("T")

NOW = datetime.now(UTC)
SERVICE_ID = "5e" * 16
STATE_KEY = new_signing_key()
AUTHORITY = make_authority("Contoso CA", now=NOW)
OLD, NEW = (issue_service_certificate(["clouddp1.contoso.com"], authority=AUTHORITY, now=NOW) for _ in range(2))


def configuration(storage: str, *, count: int, certificate: KeyedCertificate) -> str:
    """Write the text of a .cscfg; `storage` is the URL of the account."""
    settings = {
        "ServiceId": SERVICE_ID,
        "SiteStateKey": json.dumps(public_jwk(STATE_KEY)).replace('"', "&quot;"),
        "StorageKind": "azure",
        "StorageLocation": f"{storage}/clouddp",
        "StorageCredential": "",
        "Delivery": "bytes",
        "UsageKey": "",
        "ListenPort": "0",
    }
    written = "".join(f'<Setting name="{name}" value="{value}"/>' for name, value in settings.items())
    return (
        '<ServiceConfiguration serviceName="clouddp"'
        ' xmlns="http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration">'
        f'<Role name="DistributionPoint"><Instances count="{count}"/>'
        f"<ConfigurationSettings>{written}</ConfigurationSettings><Certificates>"
        f'<Certificate name="Service" thumbprint="{certificate.thumbprint}" thumbprintAlgorithm="sha1"/>'
        "</Certificates></Role></ServiceConfiguration>"
    )


def encoded_configuration(storage: str, *, count: int, certificate: KeyedCertificate) -> str:
    """Write a .cscfg in Base-64."""
    return base64.b64encode(configuration(storage, count=count, certificate=certificate).encode()).decode()


def package_url(storage: str) -> str:
    """Name the blob of the package."""
    return f"{storage}/clouddp/package/1.cspkg"


def upload(fabric: FabricProcess, account: str, key: str) -> None:
    """Put package and signed state into an account, as a site would."""
    endpoint = f"{fabric.addresses['storage_url']}/{account}"
    credential = {"account_name": account, "account_key": key}
    with BlobServiceClient(endpoint, credential, connection_verify=fabric.addresses["ca_file"]) as service:
        service.create_container("clouddp")
    store = open_azure_container(
        endpoint=endpoint, account=account, key=key, container="clouddp", authorities_pem=fabric.authorities_pem
    )
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("role.json", json.dumps({"role": "DistributionPoint", "version": 1}))
    store.put("package/1.cspkg", package.getvalue())
    state = ServiceStateDocument(
        service_id=SERVICE_ID,
        epoch=1,
        sequence=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        running=True,
        token_keys=(public_jwk(new_signing_key()),),
        blocked_clients={},
    )
    store.put("state/service", sign_state(state, key=STATE_KEY).encode())


def write_pem(keyed: KeyedCertificate, folder: Path) -> Path:
    """Write certificate and key into one file, as these clients want them."""
    pem = folder / "management.pem"
    pem.write_bytes(chain_pem(keyed) + key_pem(keyed))
    return pem


def wait_until(ask: Callable[[], T], is_enough: Callable[[T], bool], seconds: float = 60) -> T:
    """Ask again and again until the answer is enough."""
    deadline = time.monotonic() + seconds
    while not is_enough(answer := ask()):
        assert time.monotonic() < deadline, f"still {answer}"
        time.sleep(0.05)
    return answer
