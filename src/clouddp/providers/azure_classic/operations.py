"""Operations that the cloud finishes later: which one is under way for which thing, and whether it failed."""

import contextlib
import threading

from clouddp.model.errors import CloudError, ConflictError, NotFoundError
from clouddp.providers.azure_classic.failures import failure_by_code
from clouddp.providers.azure_classic.management_api import ManagementApi


class Operations:
    """Remembers the operation of each thing in memory alone.

    After a crash none is remembered; then the thing itself is looked at, and made again when it is not there.
    """

    def __init__(self, api: ManagementApi) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._begun: dict[tuple[str, str], str] = {}

    def begin(self, kind: str, name: str, *, request_id: str) -> None:
        """Remember what was just asked for; without a request id there is nothing to ask about."""
        with self._lock:
            if request_id:
                self._begun[kind, name] = request_id

    def is_under_way(self, kind: str, name: str) -> bool:
        """Say whether the cloud is still at it; raises the cloud's error, once, when the operation failed."""
        with self._lock:
            request_id = self._begun.get((kind, name))
        if request_id is None:
            return False
        operation = self._api.read(f"/operations/{request_id}")
        status = "" if operation is None else operation.text("Status")
        if status == "InProgress":
            return True
        self.forget(kind, name)
        if operation is not None and status == "Failed":
            raise failure_by_code(
                operation.number("HttpStatusCode"),
                operation.text("Error", "Code"),
                operation.text("Error", "Message"),
            )
        return False

    def is_ended(self, kind: str, name: str) -> bool:
        """Say whether nothing is under way any more, whichever way it went."""
        with contextlib.suppress(CloudError, ConflictError, NotFoundError):
            return not self.is_under_way(kind, name)
        return True

    def forget(self, kind: str, name: str) -> None:
        """Drop what is finished."""
        with self._lock:
            self._begun.pop((kind, name), None)
