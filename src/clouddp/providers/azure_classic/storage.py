"""Storage accounts, and the one container that each of ours has."""

from collections.abc import Mapping
from typing import Final

from clouddp.model.errors import CloudError, ConflictError, NotFoundError
from clouddp.providers.azure_classic.blob_containers import BlobContainers
from clouddp.providers.azure_classic.documents import Field, Node, encoded, write_document
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.marks import mark_fields
from clouddp.providers.azure_classic.operations import Operations, still_unknown
from clouddp.providers.base import ConnectionSettings
from clouddp.store.base import ObjectStore
from clouddp.store.object_store import open_azure_container

_PATH: Final = "/services/storageservices"


class ClassicStorage:
    """The storage accounts of one subscription."""

    def __init__(self, api: ManagementApi, operations: Operations, settings: ConnectionSettings) -> None:
        self._api = api
        self._operations = operations
        self._settings = settings
        self._containers = BlobContainers(authorities_pem=settings.authorities_pem, proxy_url=settings.proxy_url)

    def ensure_storage_account(self, name: str, *, region: str, marks: Mapping[str, str]) -> bool:
        """Look, create, look again."""
        account = self._find(name)
        if account is not None and account.text("StorageServiceProperties", "Status") == "Created":
            self._operations.forget(_subject(name))
            return True
        if not self._operations.is_under_way(_subject(name)) and account is None:
            self._create(name, region, marks)
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
            authorities_pem=self._settings.authorities_pem,
            proxy_url=self._settings.proxy_url,
        )

    def container_url(self, account: str, container: str) -> str:
        """Put the container below the account's blob endpoint."""
        return f"{self._endpoint(account)}/{container}"

    def remove_storage_account(self, name: str) -> bool:
        """Remove the account, and wait for one that was asked for and is not to be seen yet."""
        if self._find(name) is None:
            return not self._operations.may_still_come(_subject(name))
        self._operations.note_seen(_subject(name))
        self._api.remove(f"{_PATH}/{name}")
        return False

    def _create(self, name: str, region: str, marks: Mapping[str, str]) -> None:
        fields: list[Field] = [
            ("ServiceName", name),
            ("Description", "Content of a cloud distribution point"),
            ("Label", encoded(name)),
            ("Location", region),
            *mark_fields(marks),
            ("AccountType", "Standard_LRS"),
        ]
        document = write_document("CreateStorageServiceInput", fields)
        try:
            self._operations.ask(_subject(name), lambda: self._api.write("POST", _PATH, document))
        except ConflictError as error:
            if self._find(name) is not None:
                return
            if self._operations.is_unanswered(_subject(name)):
                raise still_unknown(_subject(name)) from error
            raise ConflictError("cloud.name_taken", name=name, detail=error.arguments["detail"]) from error

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


def _subject(name: str) -> str:
    return f"storage account {name}"
