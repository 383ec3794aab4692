"""One correlation id follows a piece of work from the administrator's request to the log lines it causes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")


def correlation_id() -> str:
    """Name the work going on in this thread or task; empty outside of any."""
    return _correlation_id.get()


@contextmanager
def correlated(identifier: str | None = None) -> Iterator[str]:
    """Give all work inside one correlation id: the one handed in, or a new one."""
    chosen = identifier or uuid4().hex
    token = _correlation_id.set(chosen)
    try:
        yield chosen
    finally:
        _correlation_id.reset(token)
