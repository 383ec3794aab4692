"""Storage accounts, and the one container that each of ours has."""

from typing import Final

from clouddp.model.errors import CloudError, ConflictError, NotFoundError
from clouddp.providers.azure_classic.blob_containers import BlobContainers
from clouddp.providers.azure_classic.documents import Node, encoded, write_document
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.marks import mark_fields
from clouddp.providers.azure_classic.operations import Operations
from clouddp.providers.base import Mark
from clouddp.store.base import ObjectStore
from clouddp.store.object_store import open_azure_container

_PATH: Final = "/services/storageservices"
_CREATION: Final = "create storage account"
_REMOVAL: Final = "remove storage account"


class ClassicStorage:
    """The storage accounts of one subscription."""

    def __init__(
        self, api: ManagementApi, operations: Operations, *, authorities_pem: str | None, mark: Mark | None
    ) -> None:
        self._api = api
        self._operations = operations
        self._mark = mark
        self._authorities_pem = authorities_pem
        self._containers = BlobContainers(authorities_pem=authorities_pem)

    def ensure_storage_account(self, name: str, *, region: str) -> bool:
        """Look, create, look again."""
        account = self._find(name)
        if account is not None:
            is_ready = account.text("StorageServiceProperties", "Status") == "Created"
            if is_ready:
                self._operations.forget(_CREATION, name)
            return is_ready
        if not self._operations.is_under_way(_CREATION, name):
            self._create(name, region)
        return False

    def ensure_container(self, account: str, container: str) -> bool:
        """Create the container unless it is there."""
        return self._containers.ensure(self._endpoint(account), account, key=self._key(account), container=container)

    def open_container(self, account: str, container: str) -> ObjectStore:
        """Open the container with the account's primary key."""
        return open_azure_container(
            endpoint=self._endpoint(account),
            account=account,
            key=self._key(account),
            container=container,
            authorities_pem=self._authorities_pem,
        )

    def container_url(self, account: str, container: str) -> str:
        """Put the container below the account's blob endpoint."""
        return f"{self._endpoint(account)}/{container}"

    def remove_storage_account(self, name: str) -> bool:
        """Remove the account unless it is gone."""
        if self._find(name) is None:
            self._operations.forget(_REMOVAL, name)
            return self._operations.is_ended(_CREATION, name)
        if not self._operations.is_under_way(_REMOVAL, name):
            request_id = self._api.remove(f"{_PATH}/{name}")
            self._operations.begin(_REMOVAL, name, request_id=request_id)
        return False

    def _create(self, name: str, region: str) -> None:
        document = write_document(
            "CreateStorageServiceInput",
            [
                ("ServiceName", name),
                ("Description", "Content of a cloud distribution point"),
                ("Label", encoded(name)),
                ("Location", region),
                *mark_fields(self._mark),
                ("AccountType", "Standard_LRS"),
            ],
        )
        try:
            request_id = self._api.write("POST", _PATH, document)
        except ConflictError as error:
            if self._find(name) is None:
                raise ConflictError("cloud.name_taken", name=name, detail=error.arguments["detail"]) from error
            return
        self._operations.begin(_CREATION, name, request_id=request_id)

    def _find(self, name: str) -> Node | None:
        return self._api.read(f"{_PATH}/{name}")

    def _endpoint(self, account: str) -> str:
        found = self._existing(account, self._find(account))
        endpoint = found.text("StorageServiceProperties", "Endpoints", "Endpoint").rstrip("/")
        if not endpoint:
            raise CloudError("cloud.storage_without_endpoint", account=account)
        return endpoint.replace("http://", "https://", 1)

    def _key(self, account: str) -> str:
        keys = self._existing(account, self._api.read(f"{_PATH}/{account}/keys"))
        return keys.text("StorageServiceKeys", "Primary")

    def _existing(self, account: str, found: Node | None) -> Node:
        if found is None:
            raise NotFoundError("cloud.storage_account_missing", account=account)
        return found
