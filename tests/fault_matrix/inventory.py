"""The independent eye: what Microsoft's own clients see in the subscription, and what answers on its addresses."""

import contextlib
import hashlib
import http.client
import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from azure.servicemanagement import ServiceManagementService
from azure.storage.blob import BlobServiceClient
from defusedxml.ElementTree import fromstring

from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem

CONFIGURATION = "{http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration}"
OF_INSTANCES = ("usage/", "logs/")  # what front ends write, for the site to collect


@dataclass(frozen=True, kw_only=True)
class HostedServiceSeen:
    """A hosted service with all that is in it; tuples hold one entry for each deployment or instance."""

    certificates: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()  # their statuses
    instances: tuple[str, ...] = ()  # their statuses
    configured_instances: tuple[int, ...] = ()
    configured_certificates: tuple[str, ...] = ()
    presented_certificates: tuple[str, ...] = ()  # where the deployment is reached; "" where nobody answers


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that a subscription holds, without what is foreign."""

    services: dict[str, HostedServiceSeen] = field(default_factory=dict)
    accounts: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)  # containers with their blobs
    processes: int = 0  # front ends that run on this machine


class Eye:
    """Looks at one fabric as its clients do."""

    def __init__(self, fabric: dict[str, Any], management: KeyedCertificate, folder: Path) -> None:
        self._fabric = fabric
        pem = folder / "management.pem"
        pem.write_bytes(chain_pem(management) + key_pem(management))
        self._session = requests.Session()
        self._session.cert, self._session.verify, self._session.trust_env = str(pem), fabric["ca_file"], False
        host = fabric["management_url"].removeprefix("https://")
        self.cloud = ServiceManagementService(fabric["subscription_id"], host=host, request_session=self._session)
        self._foreign: frozenset[str] = frozenset()

    def close(self) -> None:
        self._session.close()

    def keep_out(self, *names: str) -> None:
        """Take these for somebody else's."""
        self._foreign |= frozenset(names)

    def look(self) -> Seen:
        """See everything but what is foreign."""
        return Seen(
            services={name: self._look_into(name) for name in self.service_names() if name not in self._foreign},
            accounts={name: self.containers(name) for name in self.account_names() if name not in self._foreign},
            processes=len(list(self._processes())),
        )

    def describe_foreign(self) -> dict[str, Any]:
        """Give all that can be seen of what is foreign, to be compared with what it was before."""
        services = [name for name in self.service_names() if name in self._foreign]
        accounts = [name for name in self.account_names() if name in self._foreign]
        return {
            "services": {name: (self._modified(name), self._look_into(name)) for name in services},
            "accounts": {name: (self._key(name), self.containers(name)) for name in accounts},
        }

    def service_names(self) -> list[str]:
        return [str(one.service_name) for one in self.cloud.list_hosted_services()]

    def account_names(self) -> list[str]:
        return [str(one.service_name) for one in self.cloud.list_storage_accounts()]

    def certificates(self, service: str) -> list[str]:
        return sorted(str(one.thumbprint) for one in self.cloud.list_service_certificates(service))

    def deployments(self, service: str) -> list[Any]:
        return list(self.cloud.get_hosted_service_properties(service, embed_detail=True).deployments)

    def storage(self, account: str) -> BlobServiceClient:
        """Open an account's storage with the key that the cloud gives."""
        return BlobServiceClient(
            f"{self._fabric['storage_url']}/{account}",
            {"account_name": account, "account_key": self._key(account)},
            connection_verify=self._fabric["ca_file"],
        )

    def containers(self, account: str) -> dict[str, tuple[str, ...]]:
        """List an account's containers (by their folders: the fabric lists none), and what the site has put there."""
        folder = Path(self._fabric["state"]) / "storage" / account
        names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.exists() else []
        with self.storage(account) as storage:
            return {name: tuple(_stable(storage.get_container_client(name).list_blob_names())) for name in names}

    def _key(self, account: str) -> str:
        return str(self.cloud.get_storage_account_keys(account).storage_service_keys.primary)

    def _modified(self, service: str) -> str:
        properties = self.cloud.get_hosted_service_properties(service).hosted_service_properties
        return str(properties.date_last_modified)

    def _look_into(self, name: str) -> HostedServiceSeen:
        deployments = self.deployments(name)
        configurations = [fromstring(one.configuration) for one in deployments]
        return HostedServiceSeen(
            certificates=tuple(self.certificates(name)),
            deployments=tuple(str(one.status) for one in deployments),
            instances=tuple(str(each.instance_status) for one in deployments for each in one.role_instance_list),
            configured_instances=tuple(
                int(each.get("count", "0")) for one in configurations for each in one.iter(f"{CONFIGURATION}Instances")
            ),
            configured_certificates=tuple(
                each.get("thumbprint", "") for one in configurations for each in one.iter(f"{CONFIGURATION}Certificate")
            ),
            presented_certificates=tuple(presented_certificate(*_address(one)) for one in deployments),
        )

    def _processes(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
                if b"distribution-point" in command and (entry / "cwd").readlink().is_relative_to(
                    self._fabric["state"]
                ):
                    yield int(entry.name)  # each works in a folder of its own


def presented_certificate(host: str, port: int) -> str:
    """Ask a front end for its health; the thumbprint of the certificate it presents, "" if it does not answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # compared by its thumbprint
    connection = http.client.HTTPSConnection(host, port, context=context, timeout=10)
    try:
        connection.connect()
        certificate = connection.sock.getpeercert(binary_form=True)
        connection.request("GET", "/health")
        is_well = connection.getresponse().status == 200
    except OSError:
        return ""
    finally:
        connection.close()
    return hashlib.sha1(certificate or b"").hexdigest().upper() if is_well else ""  # noqa: S324 (a name, as the cloud's)


def _address(deployment: Any) -> tuple[str, int]:
    ports = [int(end.public_port) for each in deployment.role_instance_list for end in each.instance_endpoints or ()]
    return str(next(iter(deployment.virtual_ips or ())).address), (ports or [1])[0]


def _stable(names: Iterable[str]) -> list[str]:
    """Leave out what instances write; a service package is numbered by the change that wanted it."""
    return sorted(re.sub(r"^package/\d+", "package/N", name) for name in names if not name.startswith(OF_INSTANCES))
