"""Where trouble strikes requests for blobs: before they are looked at."""

import asyncio
from collections.abc import Callable
from typing import Final

from clouddp.fabric.blob_storage.errors import BlobError
from clouddp.fabric.blob_storage.requests import BlobRequest
from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.trouble.decision import Visit
from clouddp.fabric.trouble.rules import TroubleKind
from clouddp.fabric.trouble.troubles import Troubles

_KINDS: Final = frozenset({TroubleKind.SLOW_STORAGE, TroubleKind.UNAVAILABLE_STORAGE})


class StorageStrikes:
    """Asked before each request for a blob or container is answered."""

    def __init__(self, troubles: Troubles, *, find_subscription: Callable[[str], str]) -> None:
        """`find_subscription` gives the subscription of an account; an empty text for none."""
        self._troubles = troubles
        self._find_subscription = find_subscription

    async def __call__(self, request: BlobRequest) -> None:
        """Let the request through, soon or late.

        Raises:
            BlobError: it is refused.

        """
        if not self._troubles.has_any(_KINDS):
            return
        account = request.path.account
        visit = Visit(operation=blob_operation(request), name=account, subscription_id=self._find_subscription(account))
        decision = await asyncio.to_thread(self._troubles.strike, _KINDS, visit)
        try:
            for wait in decision.waits:
                await self._troubles.hold_storage(wait)
        except ProtocolError as error:
            raise _busy(error.retry_after) from error
        if decision.blow is not None:
            raise _busy(decision.blow.rule.retry_after)


def blob_operation(request: BlobRequest) -> str:
    """Name what is asked for: the method, and `comp` or the kind of resource, as in `put-blob` and `put-blocklist`."""
    method, kind, comp = request.operation
    return "-".join(word.lower() for word in (method, comp or kind) if word)


def _busy(retry_after: int | None) -> BlobError:
    error = BlobError("ServerBusy")
    if retry_after is not None:
        error.headers["retry-after"] = str(retry_after)
    return error
