"""The loss of what storage accounts hold: the accounts stay, their containers are gone."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from uuid import uuid4

from clouddp.fabric.blob_storage.files import remove_account_files
from clouddp.fabric.state import StateFolder
from clouddp.fabric.storage_accounts import StorageAccount
from clouddp.fabric.trouble.decision import Trouble
from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule
from clouddp.fabric.trouble.troubles import Troubles
from clouddp.model.errors import NotFoundError


class StorageLoss:
    """Strikes at once, and once; a loss that a crash cut off is finished at the next start."""

    def __init__(
        self, troubles: Troubles, state: StateFolder, *, list_accounts: Callable[[], Iterable[StorageAccount]]
    ) -> None:
        self._troubles = troubles
        self._state = state
        self._list_accounts = list_accounts

    def add(self, rule: TroubleRule) -> Trouble:
        """Write the rule down, and lose what it names.

        Raises:
            NotFoundError: no account has such a name.

        """
        if not self._names(rule):
            raise NotFoundError("trouble.no_such_account", name=rule.name)
        return self._strike(self._troubles.add(replace(rule, times=1)))

    def resume(self) -> None:
        """Finish what an earlier process began."""
        for trouble in self._troubles.all():
            if trouble.rule.kind is TroubleKind.LOST_STORAGE and not trouble.is_spent:
                self._strike(trouble)

    def _strike(self, trouble: Trouble) -> Trouble:
        for name in self._names(trouble.rule):
            self._lose(name)
        spent = replace(trouble, struck=1)
        self._troubles.count_strike(spent)
        return spent

    def _lose(self, account: str) -> None:
        """Take the containers away all at once, then what else there is of them."""
        folder = self._state.storage / account
        grave = self._state.root / "storage-unfinished" / f"lost-{uuid4().hex}"
        grave.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.exists():
            folder.rename(grave)
        remove_account_files(self._state.root, account)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(grave, ignore_errors=True)

    def _names(self, rule: TroubleRule) -> list[str]:
        return [
            account.name
            for account in self._list_accounts()
            if fnmatchcase(account.name, rule.name) and fnmatchcase(account.subscription_id.lower(), rule.subscription)
        ]
