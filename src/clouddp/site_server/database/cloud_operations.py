"""What was asked of the cloud for each cloud distribution point, and is not known to have ended."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Column, ColumnElement, Engine, ForeignKey, String, Table, delete, insert, select

from clouddp.providers.base import AskedOperation, OperationJournal
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

cloud_operation: Final = Table(
    "cloud_operation",
    metadata,
    Column("service_id", ForeignKey("cloud_service.id", ondelete="CASCADE"), primary_key=True),
    Column("subject", String(160), primary_key=True),
    Column("request_id", String(64), nullable=False),
    Column("asked_at", Moment, nullable=False),
)


class CloudOperations:
    """Keeps a journal for each cloud distribution point."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def journal_of(self, service_id: str) -> OperationJournal:
        """Give the journal of one, which goes when its record goes."""
        return _Journal(self._engine, service_id, self._now)


class _Journal:
    def __init__(self, engine: Engine, service_id: str, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._service_id = service_id
        self._now = now

    def note(self, subject: str, request_id: str) -> None:
        """Keep what was asked."""
        place = {"service_id": self._service_id, "subject": subject}
        with write(self._engine) as connection:
            connection.execute(delete(cloud_operation).where(self._is(subject)))
            asked = insert(cloud_operation).values(**place, request_id=request_id, asked_at=self._now())
            connection.execute(asked)

    def find(self, subject: str) -> AskedOperation | None:
        """Give what was asked last."""
        with read(self._engine) as connection:
            row = connection.execute(select(cloud_operation).where(self._is(subject))).one_or_none()
        if row is None:
            return None
        age = (self._now() - row.asked_at).total_seconds()
        return AskedOperation(request_id=row.request_id, age_seconds=max(0.0, age))

    def forget(self, subject: str) -> None:
        """Drop what has ended."""
        with write(self._engine) as connection:
            connection.execute(delete(cloud_operation).where(self._is(subject)))

    def _is(self, subject: str) -> ColumnElement[bool]:
        return (cloud_operation.c.service_id == self._service_id) & (cloud_operation.c.subject == subject)
