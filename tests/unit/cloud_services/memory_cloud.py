"""A cloud in memory that counts what it makes, and fails when told to."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from clouddp.model.errors import NotFoundError, RefusedError, SiteError
from clouddp.network.certificates import KeyedCertificate
from clouddp.providers.base import (
    Connection,
    ConnectionSettings,
    Deployment,
    DeploymentPlan,
    OperationJournal,
    Region,
    RoleInstance,
    Subscription,
)
from clouddp.store.base import ObjectStore
from clouddp.store.folder import FolderStore


class MemoryCloud:
    """Provider, cloud, storage host and service host in one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.accounts: list[str] = []
        self.services: list[str] = []
        self.certificates: list[str] = []
        self.deployments: dict[str, DeploymentPlan] = {}
        self.suspended: set[str] = set()
        self.made: list[str] = []
        self.failures: dict[str, list[SiteError]] = {}
        self.container_looks = 0
        self.opened = 0
        self.old_keys = 0
        self.statuses: Iterator[str] = iter(())
        self.taken_names: Iterator[bool] = iter(())  # what the next questions for a free name are answered
        self.subscription = Subscription(
            id="s",
            name="Trial",
            storage_accounts=0,
            storage_accounts_limit=20,
            hosted_services=0,
            hosted_services_limit=20,
            cores=0,
            cores_limit=20,
        )

    def lose_everything(self) -> None:
        """Do what somebody with the portal can do."""
        for account in self.accounts:
            shutil.rmtree(self._folder / account, ignore_errors=True)
        self.accounts.clear()
        self.services.clear()
        self.certificates.clear()
        self.deployments.clear()

    def connect(self, settings: ConnectionSettings, *, journal: OperationJournal | None = None) -> Connection:
        return Connection(cloud=self, storage=self, services=self, deployments=self)

    def check_access(self) -> Subscription:
        self._fail_if_told("check_access")
        return self.subscription

    def list_regions(self) -> tuple[Region, ...]:
        return (Region(name="West Europe", display_name="West Europe"),)

    def is_service_name_free(self, name: str) -> bool:
        return name not in self.services and next(self.taken_names, True)

    def is_account_name_free(self, name: str) -> bool:
        return name not in self.accounts and next(self.taken_names, True)

    def ensure_storage_account(self, name: str, *, region: str, marks: Mapping[str, str]) -> bool:
        self._fail_if_told("ensure_storage_account")
        self._make("account", name, self.accounts)
        return True

    def ensure_container(self, account: str, container: str) -> bool:
        self.container_looks -= 1
        return self.container_looks < 0

    def open_container(self, account: str, container: str) -> ObjectStore:
        if account not in self.accounts:
            raise NotFoundError("cloud.storage_account_missing", account=account)
        self.opened += 1
        store = FolderStore(self._folder / account)
        if self.old_keys:
            self.old_keys -= 1
            return RefusingOnce(store)
        return store

    def container_url(self, account: str, container: str) -> str:
        return f"https://storage.test/{account}/{container}"

    def remove_storage_account(self, name: str) -> bool:
        return self._remove(name, self.accounts)

    def ensure_service(self, name: str, *, region: str, label: str, marks: Mapping[str, str]) -> bool:
        self._fail_if_told("ensure_service")
        self._make("service", name, self.services)
        return True

    def ensure_certificate(self, service: str, certificate: KeyedCertificate) -> bool:
        self._make("certificate", certificate.thumbprint, self.certificates)
        return True

    def ensure_deployment(self, service: str, plan: DeploymentPlan) -> bool:
        if service not in self.deployments:
            self.made.append(f"deployment {service}")
        self.deployments.setdefault(service, plan)
        return True

    def ensure_configuration(self, service: str, configuration: bytes) -> bool:
        self._fail_if_told("ensure_configuration")
        present = self._deployment(service)
        if present.configuration == configuration:
            return True
        self.deployments[service] = replace(present, configuration=configuration)
        self.made.append(f"configuration {service}")
        return False

    def ensure_package(self, service: str, plan: DeploymentPlan) -> bool:
        self._fail_if_told("ensure_package")
        if self._deployment(service) == plan:
            return True
        self.deployments[service] = plan
        self.made.append(f"package {plan.name}")
        return False

    def ensure_running(self, service: str) -> bool:
        self._fail_if_told("ensure_running")
        self._deployment(service)
        self.suspended.discard(service)
        return True

    def ensure_suspended(self, service: str) -> bool:
        self._fail_if_told("ensure_suspended")
        if service in self.deployments:
            self.suspended.add(service)
        return True

    def remove_other_certificates(self, service: str, *, kept_thumbprint: str) -> bool:
        self.certificates = [each for each in self.certificates if each == kept_thumbprint]
        return True

    def _deployment(self, service: str) -> DeploymentPlan:
        if service not in self.deployments:
            raise NotFoundError("cloud.deployment_missing", service=service)
        return self.deployments[service]

    def find_deployment(self, service: str) -> Deployment | None:
        if service not in self.deployments:
            return None
        status = "StoppedVM" if service in self.suspended else next(self.statuses, "ReadyRole")
        instances = tuple(
            RoleInstance(name=f"DistributionPoint_IN_{number}", status=status, is_ready=status == "ReadyRole")
            for number in range(_instance_count(self.deployments[service]))
        )
        deployed = "Suspended" if service in self.suspended else "Running"
        return Deployment(status=deployed, instances=instances, virtual_ip="127.8.8.8", port=8443)

    def remove_deployment(self, service: str) -> bool:
        return self.deployments.pop(service, None) is None

    def remove_service(self, service: str) -> bool:
        assert service not in self.deployments
        self._fail_if_told("remove_service")
        return self._remove(service, self.services)

    def _make(self, kind: str, name: str, existing: list[str]) -> None:
        if name not in existing:
            existing.append(name)
            self.made.append(f"{kind} {name}")

    def _remove(self, name: str, existing: list[str]) -> bool:
        if name in existing:
            existing.remove(name)
            return False
        return True

    def _fail_if_told(self, call: str) -> None:
        if self.failures.get(call):
            raise self.failures[call].pop(0)


def _instance_count(plan: DeploymentPlan) -> int:
    return int(plan.configuration.partition(b'<Instances count="')[2].partition(b'"')[0])


class RefusingOnce:
    """A store whose key is refused the first time it is used."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._is_refusing = True

    def put(self, name: str, body: bytes) -> None:
        self._refuse_once(name)
        self._store.put(name, body)

    def get(self, name: str) -> bytes:
        self._refuse_once(name)
        return self._store.get(name)

    def length(self, name: str) -> int | None:
        self._refuse_once(name)
        return self._store.length(name)

    def delete(self, name: str) -> None:
        self._refuse_once(name)
        self._store.delete(name)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        self._refuse_once(prefix)
        return self._store.list(prefix)

    def _refuse_once(self, name: str) -> None:
        if self._is_refusing:
            self._is_refusing = False
            raise RefusedError("store.refused", name=name, reason="key")
