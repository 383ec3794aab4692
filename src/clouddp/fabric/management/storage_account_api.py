"""Management REST of storage accounts."""

from collections.abc import Callable, Mapping
from typing import Final

from clouddp.fabric.locations import GEO_REPLICATED_TYPES, find_location
from clouddp.fabric.management.documents import (
    element,
    extended_properties_element,
    moment_text,
    nil_element,
    read_document,
    reply_document,
    text_element,
)
from clouddp.fabric.management.protocol_errors import bad_request, invalid_query
from clouddp.fabric.management.routes import CERTIFICATE_VERSION, Reply, Request, Route
from clouddp.fabric.storage_accounts import (
    AccountStatus,
    NewStorageAccount,
    StorageAccount,
    StorageAccountChange,
    StorageAccounts,
)

_PATH: Final = "/services/storageservices"
_DEFAULT_TYPE: Final = "Standard_GRS"


class StorageAccountApi:
    """Answers what concerns storage accounts."""

    def __init__(self, accounts: StorageAccounts, *, storage_url: Callable[[], str]) -> None:
        self._accounts = accounts
        self._storage_url = storage_url

    def routes(self) -> list[Route]:
        """Return the routes of these operations."""
        return [
            Route("GET", _PATH, "list-storage-accounts", self._list),
            Route("POST", _PATH, "create-storage-account", self._create),
            Route(
                "GET",
                f"{_PATH}/operations/isavailable/{{name}}",
                "check-storage-account-name",
                self._check_name,
                version=CERTIFICATE_VERSION,
            ),
            Route("GET", f"{_PATH}/{{name}}", "get-storage-account", self._get),
            Route("PUT", f"{_PATH}/{{name}}", "update-storage-account", self._update),
            Route("DELETE", f"{_PATH}/{{name}}", "delete-storage-account", self._delete),
            Route("GET", f"{_PATH}/{{name}}/keys", "get-storage-account-keys", self._get_keys),
            Route("POST", f"{_PATH}/{{name}}/keys", "regenerate-storage-account-keys", self._regenerate_key),
        ]

    def _check_name(self, _request: Request, names: Mapping[str, str]) -> Reply:
        is_free = self._accounts.is_available(names["name"])
        reason = "" if is_free else f"The storage account named '{names['name']}' is already taken."
        parts = (text_element("Result", "true" if is_free else "false"), nil_element("Reason", reason))
        return Reply(body=reply_document("AvailabilityResponse", *parts))

    def _list(self, request: Request, _names: Mapping[str, str]) -> Reply:
        accounts = self._accounts.all(request.subscription_id)
        found = (element("StorageService", *self._account(request, account)) for account in accounts)
        return Reply(body=reply_document("StorageServices", *found))

    def _get(self, request: Request, names: Mapping[str, str]) -> Reply:
        account = self._accounts.get(request.subscription_id, names["name"])
        return Reply(body=reply_document("StorageService", *self._account(request, account)))

    def _create(self, request: Request, _names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "CreateStorageServiceInput")
        if document.text("AffinityGroup"):
            raise bad_request("The affinity group does not exist.")
        wanted = NewStorageAccount(
            name=document.needed_text("ServiceName"),
            label=document.label(),
            description=document.description(),
            location=document.needed_text("Location"),
            account_type=document.text("AccountType") or _DEFAULT_TYPE,
            extended_properties=document.extended_properties(),
        )
        self._accounts.create(request.id, request.subscription_id, wanted)
        url = f"{request.base_url}/subscriptions/{request.subscription_id}/storage/{wanted.name}"
        return Reply(status=202, location=url)

    def _update(self, request: Request, names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "UpdateStorageServiceInput")
        wanted = StorageAccountChange(
            label=document.optional_label(),
            description=document.description(),
            account_type=document.text("AccountType"),
            extended_properties=document.extended_properties(),
        )
        self._accounts.update(request.subscription_id, names["name"], wanted)
        return Reply()

    def _delete(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._accounts.delete(request.id, request.subscription_id, names["name"])
        return Reply()

    def _get_keys(self, request: Request, names: Mapping[str, str]) -> Reply:
        return _keys(request, self._accounts.get_created(request.subscription_id, names["name"]))

    def _regenerate_key(self, request: Request, names: Mapping[str, str]) -> Reply:
        if request.query.get("action", "").lower() != "regenerate":
            raise invalid_query()
        key_type = read_document(request.body, "RegenerateKeys").needed_text("KeyType")
        return _keys(request, self._accounts.regenerate_key(request.subscription_id, names["name"], key_type))

    def _account(self, request: Request, account: StorageAccount) -> list[str]:
        return [
            text_element("Url", _url(request, account)),
            text_element("ServiceName", account.name),
            self._properties(account),
            extended_properties_element(account.extended_properties),
            element("Capabilities", text_element("Capability", "PersistentVMRole")),
        ]

    def _properties(self, account: StorageAccount) -> str:
        is_created = account.status is AccountStatus.CREATED
        is_replicated = account.account_type in GEO_REPLICATED_TYPES
        endpoints = [text_element("Endpoint", f"{self._storage_url()}/{account.name}/")] if is_created else []
        return element(
            "StorageServiceProperties",
            nil_element("Description", account.description),
            text_element("Location", account.location),
            text_element("Label", account.label),
            text_element("Status", account.status),
            element("Endpoints", *endpoints),
            text_element("GeoPrimaryRegion", account.location),
            text_element("StatusOfPrimary", "Available"),
            text_element("GeoSecondaryRegion", find_location(account.location).partner if is_replicated else ""),
            text_element("StatusOfSecondary", "Available" if is_replicated else ""),
            text_element("CreationTime", moment_text(account.created_at)),
            element("CustomDomains"),
            text_element("AccountType", account.account_type),
        )


def _keys(request: Request, account: StorageAccount) -> Reply:
    primary, secondary = text_element("Primary", account.primary_key), text_element("Secondary", account.secondary_key)
    keys = element("StorageServiceKeys", primary, secondary)
    return Reply(body=reply_document("StorageService", text_element("Url", _url(request, account)), keys))


def _url(request: Request, account: StorageAccount) -> str:
    return f"{request.base_url}/{request.subscription_id}{_PATH}/{account.name}"
