"""What was asked of the cloud: written down before it is asked, and looked after until it has ended."""

from collections.abc import Callable
from typing import Final

from clouddp.model.errors import SiteError, TemporaryError
from clouddp.providers.azure_classic.documents import Node
from clouddp.providers.azure_classic.failures import UnansweredError, failure_by_code
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.base import OperationJournal

UNANSWERED_SECONDS: Final = 60.0  # a request without an answer has arrived by then, or never will


class Operations:
    """The operations of one connection; a subject is a thing in words, of which one at a time is changed."""

    def __init__(self, api: ManagementApi, journal: OperationJournal) -> None:
        self._api = api
        self._journal = journal

    def ask(self, subject: str, send: Callable[[], str]) -> None:
        """Ask for something; `send` gives the request's id, by which the cloud tells how it ended."""
        is_repeated = self.is_unanswered(subject)
        if not is_repeated:
            self._journal.note(subject, "")
        try:
            request_id = send()
        except UnansweredError:
            self._journal.note(subject, "")
            raise
        except SiteError:
            if not is_repeated:  # refused, so nothing was done; an older request may still arrive
                self._journal.forget(subject)
            raise
        if request_id:
            self._journal.note(subject, request_id)
        else:
            self._journal.forget(subject)  # there is nothing to ask about; the thing itself is looked at

    def is_under_way(self, subject: str) -> bool:
        """Say whether the cloud is still at it; raises the cloud's error, once, when the operation failed."""
        asked = self._journal.find(subject)
        if asked is None or not asked.request_id:
            return False
        operation = self._api.read(f"/operations/{asked.request_id}")
        if _is_in_progress(operation):
            return True
        self._journal.forget(subject)
        if operation is not None and operation.text("Status") == "Failed":
            raise failure_by_code(
                operation.number("HttpStatusCode"),
                operation.text("Error", "Code"),
                operation.text("Error", "Message"),
            )
        return False

    def is_unanswered(self, subject: str) -> bool:
        """Say whether a request got no answer, and may still arrive."""
        asked = self._journal.find(subject)
        return asked is not None and not asked.request_id and asked.age_seconds < UNANSWERED_SECONDS

    def may_still_come(self, subject: str) -> bool:
        """Say whether a thing that is not there may yet come; True once more after its operation has ended."""
        asked = self._journal.find(subject)
        if asked is None:
            return False
        if self.is_unanswered(subject):
            return True
        if asked.request_id and _is_in_progress(self._api.read(f"/operations/{asked.request_id}")):
            return True
        self._journal.forget(subject)
        return True

    def note_seen(self, subject: str) -> None:
        """Drop a request that got no answer: the thing is there, so it has arrived."""
        if self.is_unanswered(subject):
            self._journal.forget(subject)

    def forget(self, subject: str) -> None:
        """Drop what has ended."""
        if self._journal.find(subject) is not None:
            self._journal.forget(subject)


def still_unknown(subject: str) -> TemporaryError:
    """Say that the cloud knows a thing already that it does not show yet."""
    return TemporaryError(
        "cloud.busy", retry_after_seconds=5, cloud_code="ConflictError", detail=f"{subject} is not to be seen yet."
    )


def _is_in_progress(operation: Node | None) -> bool:
    return operation is not None and operation.text("Status") == "InProgress"
