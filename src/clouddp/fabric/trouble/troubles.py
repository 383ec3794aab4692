"""The troubles in force: kept on disk, counted on disk before they strike, and the requests they hold."""

import asyncio
import secrets
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from clouddp.fabric.state import Clock, StateFolder
from clouddp.fabric.trouble.connection_cut import ConnectionCutError
from clouddp.fabric.trouble.decision import Decision, Trouble, Visit, decide, meets
from clouddp.fabric.trouble.rules import TroubleKind, TroubleRule
from clouddp.fabric.trouble.wire_errors import server_busy
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.telemetry.logs import ComponentLog

TROUBLE_LIMIT: Final = 100
HELD_LIMIT: Final = 30  # of the management server's threads; the others answer what no trouble holds
HELD_STORAGE_LIMIT: Final = 1_000

_LOOK_SECONDS: Final = 0.1


class Troubles:
    """Everybody asks this one object. Safe to use from many threads."""

    def __init__(self, state: StateFolder, log: ComponentLog, *, now: Clock) -> None:
        self._documents = state.documents("troubles", Trouble)
        self._troubles = {trouble.id: trouble for trouble in self._documents.all()}
        self._log = log
        self._now = now
        self._changed = threading.Condition()
        self._is_closing = False
        self._held = threading.BoundedSemaphore(HELD_LIMIT)
        self._held_storage = threading.BoundedSemaphore(HELD_STORAGE_LIMIT)

    def all(self) -> list[Trouble]:
        """Return every trouble, the oldest first, spent ones included."""
        return sorted(self._troubles.values(), key=lambda trouble: trouble.number)

    def add(self, rule: TroubleRule) -> Trouble:
        """Put a rule in force, from the next request on; where there are too many, the oldest spent one is forgotten.

        Raises:
            ConflictError: there are as many as there may be, and none is spent.

        """
        with self._changed:
            if len(self._troubles) >= TROUBLE_LIMIT:
                self._forget_spent()
            number = 1 + max((trouble.number for trouble in self._troubles.values()), default=0)
            trouble = Trouble(id=secrets.token_hex(4), number=number, rule=rule, added_at=self._now())
            self._keep(trouble)
        self._log.information("trouble.added", id=trouble.id, kind=rule.kind)
        return trouble

    def remove(self, trouble_id: str) -> None:
        """Take a rule away; requests that it holds go on at once.

        Raises:
            NotFoundError: there is none.

        """
        with self._changed:
            if trouble_id not in self._troubles:
                raise NotFoundError("trouble.not_found", id=trouble_id)
            self._forget(trouble_id)
        self._log.information("trouble.removed", id=trouble_id)

    def clear(self) -> None:
        """Take every rule away."""
        with self._changed:
            for trouble_id in list(self._troubles):
                self._forget(trouble_id)
        self._log.information("trouble.cleared")

    def has_any(self, kinds: Collection[TroubleKind]) -> bool:
        """Say whether a rule of one of these kinds may strike."""
        return any(trouble.rule.kind in kinds and not trouble.is_spent for trouble in self._troubles.values())

    def strike(self, kinds: Collection[TroubleKind], visit: Visit) -> Decision:
        """Say what strikes a request; it has been counted, on disk where the count matters."""
        with self._changed:
            decision = decide(list(self._troubles.values()), kinds, visit)
            for before, after in decision.moved:
                if before.is_counted:
                    self._keep(after)
                else:
                    self._troubles = {**self._troubles, after.id: after}
        for struck in (*decision.waits, *((decision.blow,) if decision.blow else ())):
            self._log.information(
                "trouble.struck", id=struck.id, kind=struck.rule.kind, operation=visit.operation, name=visit.name
            )
        return decision

    def count_strike(self, trouble: Trouble) -> None:
        """Write down that a trouble has struck which no request meets."""
        with self._changed:
            self._keep(trouble)

    def stands(self, kind: TroubleKind, *, name: str = "", subscription_id: str) -> bool:
        """Say whether something is in a trouble that is a state of things, rather than a blow to a request."""
        visit = Visit(operation="", name=name, subscription_id=subscription_id)
        return any(
            trouble.rule.kind is kind and trouble.is_due and meets(trouble.rule, visit)
            for trouble in self._troubles.values()
        )

    def hold(self, trouble: Trouble) -> None:
        """Keep a thread waiting for as long as the rule says, or until it is removed.

        Raises:
            ConnectionCutError: the fabric is being closed.
            ProtocolError: too many requests are held already.

        """
        if not trouble.rule.seconds:
            return
        with _place(self._held), self._changed:
            self._changed.wait_for(lambda: self._lets_go(trouble), trouble.rule.seconds)
            if self._is_closing:
                raise ConnectionCutError

    async def hold_storage(self, trouble: Trouble) -> None:
        """Keep a request for a blob waiting likewise.

        Raises:
            ProtocolError: too many requests are held already.

        """
        with _place(self._held_storage):
            ends_at = time.monotonic() + (trouble.rule.seconds or 0)
            # No event of asyncio's: threads remove troubles, and there may be several loops.
            while (left := ends_at - time.monotonic()) > 0 and not self._lets_go(trouble):  # noqa: ASYNC110
                await asyncio.sleep(min(left, _LOOK_SECONDS))

    def close(self) -> None:
        """Let go of every request, since the fabric is being closed."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def _lets_go(self, trouble: Trouble) -> bool:
        return self._is_closing or trouble.id not in self._troubles

    def _keep(self, trouble: Trouble) -> None:
        self._documents.put(trouble.id, trouble)
        self._troubles = {**self._troubles, trouble.id: trouble}

    def _forget_spent(self) -> None:
        spent = next((trouble for trouble in self.all() if trouble.is_spent), None)
        if spent is None:
            raise ConflictError("trouble.too_many", limit=TROUBLE_LIMIT)
        self._forget(spent.id)

    def _forget(self, trouble_id: str) -> None:
        self._documents.remove(trouble_id)
        self._troubles = {key: trouble for key, trouble in self._troubles.items() if key != trouble_id}
        self._changed.notify_all()


@contextmanager
def _place(places: threading.BoundedSemaphore) -> Iterator[None]:
    """Take one of the places, or none is left and the server is busy."""
    if not places.acquire(blocking=False):
        raise server_busy()
    try:
        yield
    finally:
        places.release()
