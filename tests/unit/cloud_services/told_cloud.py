"""A cloud in memory that tells what it holds, with the marks of whoever made it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from clouddp.providers.base import (
    Connection,
    ConnectionSettings,
    FoundAccount,
    FoundDeployment,
    FoundService,
    OperationJournal,
)
from tests.unit.cloud_services.memory_cloud import MemoryCloud

REGION = "West Europe"


class ToldCloud(MemoryCloud):
    """Keeps marks beside what the memory cloud keeps; `when_listed` is called before a list is given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.marks: dict[str, Mapping[str, str]] = {}
        self.when_listed: Callable[[], None] = lambda: None

    def connect(self, settings: ConnectionSettings, *, journal: OperationJournal | None = None) -> Connection:
        return replace(super().connect(settings, journal=journal), inventory=_ToldInventory(self))

    def ensure_storage_account(self, name: str, *, region: str, marks: Mapping[str, str]) -> bool:
        self.marks[name] = marks
        return super().ensure_storage_account(name, region=region, marks=marks)


class _ToldInventory:
    def __init__(self, cloud: ToldCloud) -> None:
        self._cloud = cloud

    def list_accounts(self) -> tuple[FoundAccount, ...]:
        return tuple(
            FoundAccount(
                name=name,
                region=REGION,
                status="Created",
                is_ready=True,
                is_leaving=False,
                marks=self._cloud.marks.get(name, {}),
            )
            for name in self._cloud.accounts
        )

    def list_services(self) -> tuple[FoundService, ...]:
        self._cloud.when_listed()
        return tuple(
            FoundService(name=name, region=REGION, marks=self._cloud.marks.get(name, {}))
            for name in self._cloud.services
        )

    def list_certificates(self, service: str) -> tuple[str, ...]:
        return tuple(self._cloud.certificates) if service in self._cloud.services else ()

    def find_deployment(self, service: str) -> FoundDeployment | None:
        found = self._cloud.find_deployment(service)
        if found is None:
            return None
        plan = self._cloud.deployments[service]
        return FoundDeployment(
            status=found.status,
            is_suspended=found.status == "Suspended",
            label=plan.name,
            configuration=plan.configuration,
            instances=found.instances,
        )
