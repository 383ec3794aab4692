"""Remember the assertions that were accepted, so that none is accepted twice."""

import threading
from collections import OrderedDict
from datetime import datetime
from typing import Final

from clouddp.model.errors import RefusedError, TemporaryError
from clouddp.network.tokens import AssertionClaims

_LIMIT: Final = 200_000
_RETRY_SECONDS: Final = 30


class SeenAssertions:
    """Keeps the ids of assertions until they end by themselves; bounded, and safe to use from many threads."""

    def __init__(self, *, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def remember(self, client_id: str, claims: AssertionClaims, *, now: datetime) -> None:
        """Remember an assertion that is being accepted.

        Raises:
            RefusedError: it was accepted before.
            TemporaryError: there is no room to remember more; forgetting early would let one be replayed.

        """
        key = (client_id, claims.token_id)
        with self._lock:
            self._forget_ended(now)
            if key in self._seen:
                raise RefusedError("management_point.assertion_replayed")
            if len(self._seen) >= self._limit:
                raise TemporaryError("management_point.busy", retry_after_seconds=_RETRY_SECONDS)
            self._seen[key] = claims.expires_at

    def _forget_ended(self, now: datetime) -> None:
        """Forget from the oldest on; their ends differ by a minute or two at most, so one that waits waits shortly."""
        while self._seen:
            key, ends = next(iter(self._seen.items()))
            if ends > now:
                return
            del self._seen[key]
