"""Someone's hands in the portal: Microsoft's own clients delete and change parts of a cloud service."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from azure.common import AzureMissingResourceHttpError
from azure.servicemanagement import ServiceManagementService
from azure.storage.blob import BlobServiceClient

from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem, to_pfx
from clouddp.network.issuing import issue_service_certificate
from tests.integration.fabric_process import FabricProcess
from tests.unit.cloud_services.site_bench import authority, management_certificate

SLOT = "production"


class Hand:
    """Does what a person does, and waits until the cloud has done it."""

    def __init__(self, fabric: FabricProcess, client: ServiceManagementService) -> None:
        self._fabric = fabric
        self.client = client

    def delete_storage_account(self, name: str) -> None:
        self.client.delete_storage_account(name)
        self._until_gone(lambda: self.client.get_storage_account_properties(name))

    def delete_container(self, account: str) -> None:
        with self._blobs(account) as blobs:
            blobs.delete_container("clouddp")

    def delete_blob(self, account: str, name: str) -> None:
        with self._blobs(account) as blobs:
            blobs.get_container_client("clouddp").delete_blob(name)

    def overwrite_blob(self, account: str, name: str, data: bytes) -> None:
        with self._blobs(account) as blobs:
            blobs.get_container_client("clouddp").upload_blob(name, data, overwrite=True)

    def delete_deployment(self, service: str) -> None:
        self._wait(self.client.delete_deployment(service, self._deployment(service).name))

    def delete_hosted_service(self, service: str) -> None:
        self.client.delete_hosted_service(service)
        self._until_gone(lambda: self.client.get_hosted_service_properties(service))

    def delete_certificate(self, service: str, thumbprint: str) -> None:
        self._wait(self.client.delete_service_certificate(service, "sha1", thumbprint))

    def add_certificate(self, service: str) -> KeyedCertificate:
        keyed = issue_service_certificate(["other.contoso.com"], authority=authority(), now=datetime.now(UTC))
        data = base64.b64encode(to_pfx(keyed, "secret")).decode()
        self._wait(self.client.add_service_certificate(service, data, "pfx", "secret"))
        return keyed

    def certificates(self, service: str) -> list[str]:
        return [certificate.thumbprint for certificate in self.client.list_service_certificates(service)]

    def set_status(self, service: str, status: str) -> None:
        self._wait(self.client.update_deployment_status(service, self._deployment(service).name, status))

    def change_configuration(self, service: str, change: Callable[[str], str]) -> None:
        deployment = self._deployment(service)
        changed = change(str(deployment.configuration))
        encoded = base64.b64encode(changed.encode()).decode()
        self._wait(self.client.change_deployment_configuration(service, deployment.name, encoded))

    def instance_statuses(self, service: str) -> list[str]:
        return [instance.instance_status for instance in self._deployment(service).role_instance_list]

    def create_storage_account(self, name: str, *, region: str, properties: dict[str, str] | None = None) -> None:
        self._wait(
            self.client.create_storage_account(name, "by hand", name, location=region, extended_properties=properties)
        )

    def create_hosted_service(self, name: str, *, region: str, properties: dict[str, str] | None = None) -> None:
        self.client.create_hosted_service(name, name, "by hand", location=region, extended_properties=properties)

    def names(self) -> tuple[set[str], set[str]]:
        accounts = {account.service_name for account in self.client.list_storage_accounts()}
        return accounts, {service.service_name for service in self.client.list_hosted_services()}

    def _deployment(self, service: str) -> Any:
        return self.client.get_deployment_by_slot(service, SLOT)

    @contextmanager
    def _blobs(self, account: str) -> Iterator[BlobServiceClient]:
        key = self.client.get_storage_account_keys(account).storage_service_keys.primary
        endpoint = f"{self._fabric.addresses['storage_url']}/{account}"
        credential = {"account_name": account, "account_key": key}
        with BlobServiceClient(endpoint, credential, connection_verify=self._fabric.addresses["ca_file"]) as service:
            yield service

    def _wait(self, accepted: Any) -> None:
        self.client.wait_for_operation_status(
            accepted.request_id, timeout=60, sleep_interval=0.05, progress_callback=None, success_callback=None
        )

    def _until_gone(self, look: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                look()
            except AzureMissingResourceHttpError:
                return
            time.sleep(0.02)
        raise TimeoutError


@contextmanager
def open_hand(fabric: FabricProcess, folder: Path) -> Iterator[Hand]:
    pem = folder / "hand.pem"
    keyed = management_certificate()
    pem.write_bytes(chain_pem(keyed) + key_pem(keyed))
    with requests.Session() as session:
        session.cert, session.verify, session.trust_env = str(pem), fabric.addresses["ca_file"], False
        client = ServiceManagementService(
            fabric.addresses["subscription_id"],
            host=fabric.addresses["management_url"].removeprefix("https://"),
            request_session=session,
        )
        yield Hand(fabric, client)
