"""Storage accounts of the fabric: their keys, where they are, and the operations that make and remove them."""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from clouddp.fabric.blob_storage.files import remove_account_files
from clouddp.fabric.locations import STORAGE_ACCOUNT_TYPES, find_location
from clouddp.fabric.management.documents import merge_properties
from clouddp.fabric.management.protocol_errors import bad_request, conflict, not_found
from clouddp.fabric.operations import Operations
from clouddp.fabric.state import Clock, StateFolder
from clouddp.fabric.subscriptions import QuotaLookup, check_quota

_NAME: Final = re.compile(r"[a-z0-9]{3,24}")
_KEY_BYTES: Final = 64
_ZONE_REPLICATED: Final = "Standard_ZRS"  # chosen for an account's life, as in the real service


class AccountStatus(StrEnum):
    """Status of a storage account; it has keys and answers when it is created."""

    CREATING = "Creating"
    CREATED = "Created"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccount:
    """One storage account; `label` is in Base-64, as it came."""

    name: str
    subscription_id: str
    label: str
    description: str
    location: str
    account_type: str
    extended_properties: tuple[tuple[str, str], ...]
    status: AccountStatus
    primary_key: str
    secondary_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStorageAccount:
    """What Create Storage Account asks for."""

    name: str
    label: str
    description: str
    location: str
    account_type: str
    extended_properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccountChange:
    """What Update Storage Account asks for; what is empty stays as it is, extended properties are added."""

    label: str
    description: str
    account_type: str
    extended_properties: tuple[tuple[str, str], ...] = ()


class StorageAccounts:
    """The storage accounts of all subscriptions; names are unique among them. The storage's `AccountDirectory`."""

    def __init__(self, state: StateFolder, operations: Operations, *, quotas: QuotaLookup, now: Clock) -> None:
        self._documents = state.documents("storage_accounts", StorageAccount)
        self._state = state
        self._operations = operations
        self._quotas = quotas
        self._now = now
        operations.register("create-storage-account", self._finish_creating)
        operations.register("delete-storage-account", self._finish_deleting)

    def keys(self, account: str) -> tuple[str, str] | None:
        """Return primary and secondary key; None while there is no such account."""
        found = self._documents.get(account)
        if found is None or found.status is not AccountStatus.CREATED:
            return None
        return found.primary_key, found.secondary_key

    def is_available(self, name: str) -> bool:
        """Say whether the name may be given to a new account."""
        check_account_name(name)
        return self._documents.get(name) is None

    def all(self, subscription_id: str) -> list[StorageAccount]:
        """Return the accounts of a subscription."""
        return [account for account in self._documents.all() if account.subscription_id == subscription_id]

    def get(self, subscription_id: str, name: str) -> StorageAccount:
        """Return an account of a subscription.

        Raises:
            ProtocolError: there is none.

        """
        account = self._documents.get(name)
        if account is None or account.subscription_id != subscription_id:
            raise not_found("The storage account '{}' was not found.", name)
        return account

    def get_created(self, subscription_id: str, name: str) -> StorageAccount:
        """Return an account that has its keys.

        Raises:
            ProtocolError: there is none, or it is still being created.

        """
        account = self.get(subscription_id, name)
        if account.status is not AccountStatus.CREATED:
            raise conflict("The storage account '{}' is in the state {}.", name, account.status)
        return account

    def create(self, operation_id: str, subscription_id: str, wanted: NewStorageAccount) -> None:
        """Accept a new account; it answers when the operation has succeeded."""
        check_account_name(wanted.name)
        find_location(wanted.location)
        _check_account_type(wanted.account_type)
        with self._state.lock:
            if not self.is_available(wanted.name):
                raise conflict("A storage account named '{}' already exists.", wanted.name)
            limit = self._quotas(subscription_id).storage_accounts
            check_quota("storage account count", limit, current=len(self.all(subscription_id)))
            self._operations.accept(operation_id, subscription_id, "create-storage-account", {"account": wanted.name})
            self._documents.put(wanted.name, self._new(subscription_id, wanted))

    def update(self, subscription_id: str, name: str, wanted: StorageAccountChange) -> None:
        """Change what an account is called and how it is replicated."""
        with self._state.lock:
            account = self.get_created(subscription_id, name)
            kind = wanted.account_type or account.account_type
            _check_account_type(kind)
            if kind != account.account_type and _ZONE_REPLICATED in (kind, account.account_type):
                raise bad_request("The account type of '{}' cannot be changed to or from {}.", name, _ZONE_REPLICATED)
            changed = replace(
                account,
                label=wanted.label or account.label,
                description=wanted.description or account.description,
                account_type=kind,
                extended_properties=merge_properties(account.extended_properties, wanted.extended_properties),
            )
            self._documents.put(name, changed)

    def regenerate_key(self, subscription_id: str, name: str, key_type: str) -> StorageAccount:
        """Replace one of an account's two keys; the old one is void at once."""
        if key_type not in ("Primary", "Secondary"):
            raise bad_request("The KeyType element must be Primary or Secondary.")
        with self._state.lock:
            account = self.get_created(subscription_id, name)
            if key_type == "Primary":
                account = replace(account, primary_key=_new_key())
            else:
                account = replace(account, secondary_key=_new_key())
            self._documents.put(name, account)
        return account

    def delete(self, operation_id: str, subscription_id: str, name: str) -> None:
        """Remove an account with all that is in it."""
        with self._state.lock:
            self.get_created(subscription_id, name)
            if self._operations.in_progress(account=name) is not None:
                raise conflict("Another operation on the storage account '{}' is in progress.", name)
            arguments = {"account": name}
            operation = self._operations.write_down(operation_id, subscription_id, "delete-storage-account", arguments)
        self._operations.do(operation)

    def used_bytes(self, name: str) -> int:
        """Add up what the account's files take."""
        return sum(path.stat().st_size for path in self._folder(name).rglob("*") if path.is_file())

    def _new(self, subscription_id: str, wanted: NewStorageAccount) -> StorageAccount:
        return StorageAccount(
            name=wanted.name,
            subscription_id=subscription_id,
            label=wanted.label,
            description=wanted.description,
            location=wanted.location,
            account_type=wanted.account_type,
            extended_properties=wanted.extended_properties,
            status=AccountStatus.CREATING,
            primary_key=_new_key(),
            secondary_key=_new_key(),
            created_at=self._now(),
        )

    def _finish_creating(self, arguments: Mapping[str, str]) -> None:
        name = arguments["account"]
        with self._state.lock:
            account = self._documents.get(name)
            if account is None:
                raise not_found("The storage account '{}' was not found.", name)
            self._folder(name).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._documents.put(name, replace(account, status=AccountStatus.CREATED))

    def _finish_deleting(self, arguments: Mapping[str, str]) -> None:
        name = arguments["account"]
        with self._state.lock:
            account = self._documents.get(name)
            if account is not None:
                self._documents.put(name, replace(account, status=AccountStatus.DELETING))
        remove_account_files(self._state.root, name)
        with self._state.lock:
            self._documents.remove(name)

    def _folder(self, name: str) -> Path:
        return self._state.storage / name


def check_account_name(name: str) -> None:
    """Make sure that a name may be a storage account's.

    Raises:
        ProtocolError: it may not.

    """
    if not _NAME.fullmatch(name):
        raise bad_request(
            "The name is not a valid storage account name. Storage account names must be between 3 and 24 characters "
            "in length and use numbers and lower-case letters only."
        )


def _check_account_type(name: str) -> None:
    if name not in STORAGE_ACCOUNT_TYPES:
        raise bad_request("The account type '{}' is not valid.", name)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
