"""Asynchronous operations: accepted on disk, done by threads of this process, taken up again after a crash."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from clouddp.fabric.management.protocol_errors import ProtocolError, internal_error
from clouddp.fabric.operation_queue import DueQueue
from clouddp.fabric.state import Clock, StateFolder
from clouddp.telemetry.logs import ComponentLog

KEPT: Final = timedelta(days=90)
"""How long an ended operation is kept. A client that asks about it later is told that there is none."""

ENDED_LIMIT: Final = 5_000
"""How many ended operations are kept at most; the oldest are forgotten first, a few at a time."""

_FORGOTTEN_AT_ONCE: Final = 100
_THREADS: Final = 8
_SYNCHRONOUS: Final = "synchronous"
_SYNCHRONOUS_STATUS: Final = 200  # the real service says so even of a request that it answered 201

Work = Callable[[Mapping[str, str]], None]
"""Does what an operation of one kind is for; may run twice, so it looks before it acts."""


class OperationStatus(StrEnum):
    """What Get Operation Status says."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The request that asked for an operation, as lists of operations show it; `target` is the path of an object."""

    name: str = ""
    target: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    certificate_thumbprint: str = ""
    client_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One accepted operation; `id` is the `x-ms-request-id` of the request that asked for it."""

    id: str
    subscription_id: str
    kind: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    status: OperationStatus = OperationStatus.IN_PROGRESS
    http_status: int = 0
    error_code: str = ""
    error_message: str = ""
    accepted_at: datetime
    begins_at: datetime | None = None  # later than it was accepted, where trouble delays it
    ended_at: datetime | None = None
    origin: Origin = Origin()


class WorkInterruptedError(Exception):
    """The fabric is being closed; the work is taken up again at the next start."""


class Operations:
    """Keeps operations and does them. A kind of operation is registered before `start`."""

    def __init__(self, state: StateFolder, log: ComponentLog, *, now: Clock) -> None:
        self._documents = state.documents("operations", Operation)
        self._lock = state.lock
        self._log = log
        self._now = now
        self._origin: ContextVar[Origin] = ContextVar("origin")
        self._delay: ContextVar[timedelta] = ContextVar("delay")
        self._works: dict[str, Work] = {}
        self._queue: DueQueue[Operation] = DueQueue(now=now)
        self._threads: list[threading.Thread] = []
        everything = self._documents.all()
        self._under_way = {operation.id: operation for operation in everything if operation.ended_at is None}
        ended = sorted((operation.ended_at, operation.id) for operation in everything if operation.ended_at is not None)
        self._ended = deque(operation_id for _, operation_id in ended)

    def register(self, kind: str, work: Work) -> None:
        """Say what does the operations of a kind."""
        self._works[kind] = work

    def start(self) -> None:
        """Take up what was accepted before and not ended, and do what is accepted from now on."""
        with self._lock:
            self._forget_old()
            waiting = sorted(self._under_way.values(), key=lambda operation: operation.accepted_at)
        for operation in waiting:
            self._enqueue(operation)
        for number in range(_THREADS):
            thread = threading.Thread(target=self._serve, name=f"operation-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End the threads after the work under way."""
        self._queue.close()
        for thread in self._threads:
            thread.join()

    def get(self, subscription_id: str, operation_id: str) -> Operation | None:
        """Return an operation of a subscription."""
        operation = self._documents.get(operation_id)
        if operation is None or operation.subscription_id != subscription_id or self._is_old(operation):
            return None
        return operation

    def all(self, subscription_id: str) -> list[Operation]:
        """Return the operations of a subscription that are kept, the first accepted first."""
        found = [operation for operation in self._documents.all() if operation.subscription_id == subscription_id]
        kept = [operation for operation in found if not self._is_old(operation)]
        return sorted(kept, key=lambda operation: (operation.accepted_at, operation.id))

    @contextmanager
    def asked_by(self, origin: Origin) -> Iterator[None]:
        """Say which request asks for the operations that are accepted or recorded within the context."""
        token = self._origin.set(origin)
        try:
            yield
        finally:
            self._origin.reset(token)

    @contextmanager
    def begun_later(self, seconds: float) -> Iterator[None]:
        """Delay what is accepted within the context, in its document, so that a crash changes nothing."""
        token = self._delay.set(self._delay.get(timedelta()) + timedelta(seconds=seconds))
        try:
            yield
        finally:
            self._delay.reset(token)

    def accept(self, operation_id: str, subscription_id: str, kind: str, arguments: Mapping[str, str]) -> Operation:
        """Write down that something is to be done, and have it done by a thread.

        Who calls holds the state's lock until its own documents are written; the work's first act is to take it.
        """
        operation = self.write_down(operation_id, subscription_id, kind, arguments)
        self._enqueue(operation)
        return operation

    def write_down(self, operation_id: str, subscription_id: str, kind: str, arguments: Mapping[str, str]) -> Operation:
        """Write down that something is to be done; after a crash it is done at the next start."""
        operation = self._new(operation_id, subscription_id, kind, arguments)
        with self._lock:
            self._documents.put(operation.id, operation)
            self._under_way[operation.id] = operation
        return operation

    def do(self, operation: Operation) -> None:
        """Do what was written down, here and now.

        Raises:
            ProtocolError: it failed.

        """
        ended = self._do(operation)
        if ended.status is OperationStatus.FAILED:
            raise ProtocolError(ended.http_status, ended.error_code, ended.error_message)

    def record_done(self, operation_id: str, subscription_id: str) -> None:
        """Keep the outcome of a synchronous request, since clients may ask about it like any other."""
        if self._documents.get(operation_id) is not None:
            return
        operation = self._new(operation_id, subscription_id, _SYNCHRONOUS, {})
        self._end(operation, OperationStatus.SUCCEEDED, http_status=_SYNCHRONOUS_STATUS)

    def in_progress(self, **arguments: str) -> Operation | None:
        """Find an operation that is not ended and has these arguments."""
        with self._lock:
            for operation in self._under_way.values():
                if arguments.items() <= operation.arguments.items():
                    return operation
        return None

    def _enqueue(self, operation: Operation) -> None:
        self._queue.put(operation, due_at=operation.begins_at)

    def _new(self, operation_id: str, subscription_id: str, kind: str, arguments: Mapping[str, str]) -> Operation:
        accepted_at = self._now()
        delay = self._delay.get(timedelta())
        return Operation(
            id=operation_id,
            subscription_id=subscription_id,
            kind=kind,
            arguments=dict(arguments),
            accepted_at=accepted_at,
            begins_at=accepted_at + delay if delay else None,
            origin=self._origin.get(Origin()),
        )

    def _serve(self) -> None:
        while (operation := self._queue.get()) is not None:
            try:
                self._do(operation)
            except OSError as error:  # its end cannot be written: it stays under way, and is done at the next start
                self._log.error("fabric.operation_not_recorded", operation=operation.id, reason=error)

    def _do(self, operation: Operation) -> Operation:
        try:
            self._works[operation.kind](operation.arguments)
        except WorkInterruptedError:
            return operation
        except ProtocolError as error:
            return self._fail(operation, error)
        except Exception as error:  # noqa: BLE001 (a defect must end the operation, not the thread)
            self._log.error("fabric.operation_broke", operation=operation.id, kind=operation.kind, reason=repr(error))
            return self._fail(operation, internal_error())
        return self._end(operation, OperationStatus.SUCCEEDED, http_status=200)

    def _fail(self, operation: Operation, error: ProtocolError) -> Operation:
        failed = replace(operation, error_code=error.code, error_message=error.message)
        return self._end(failed, OperationStatus.FAILED, http_status=error.status)

    def _end(self, operation: Operation, status: OperationStatus, *, http_status: int) -> Operation:
        ended = replace(operation, status=status, http_status=http_status, ended_at=self._now())
        with self._lock:
            self._documents.put(ended.id, ended)
            self._under_way.pop(ended.id, None)
            self._ended.append(ended.id)
            self._forget_old()
        if ended.kind != _SYNCHRONOUS:
            self._log.information("fabric.operation_ended", operation=ended.id, kind=ended.kind, status=status)
        return ended

    def _forget_old(self) -> None:
        """Forget what was kept long enough, and the oldest where there are too many. Called with the lock held."""
        surplus = len(self._ended) - ENDED_LIMIT
        count = surplus if surplus >= _FORGOTTEN_AT_ONCE else 0
        while count < len(self._ended) and self._is_gone_or_old(self._ended[count]):
            count += 1
        if count:
            self._documents.remove(*(self._ended.popleft() for _ in range(count)))

    def _is_gone_or_old(self, operation_id: str) -> bool:
        operation = self._documents.get(operation_id)
        return operation is None or self._is_old(operation)

    def _is_old(self, operation: Operation) -> bool:
        return operation.ended_at is not None and operation.ended_at < self._now() - KEPT
