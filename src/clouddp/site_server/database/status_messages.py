"""The table of status messages."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Engine, Index, Integer, Row, String, Table, Text, insert, select

from clouddp.model.status import Component, Severity, StatusMessage
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

status_message: Final = Table(
    "status_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("component", String(64), nullable=False),
    Column("reported_at", Moment, nullable=False),
    Column("object_id", String(64)),
    Column("insertions", Text, nullable=False),
    Index("ix_status_message_object_id", "object_id"),
    Index("ix_status_message_number", "number"),
)


class StatusMessageRepository:
    """Keeps status messages, newest first when read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, message: StatusMessage) -> None:
        """Keep one message."""
        with write(self._engine) as connection:
            connection.execute(
                insert(status_message).values(
                    number=message.number,
                    severity=message.severity,
                    component=message.component,
                    reported_at=message.reported_at,
                    object_id=message.object_id,
                    insertions=json.dumps(dict(message.insertions), ensure_ascii=False),
                )
            )

    def list(self, *, object_id: str | None = None, number: int | None = None, limit: int) -> Sequence[StatusMessage]:
        """Give at most `limit` messages, newest first."""
        query = select(status_message).order_by(status_message.c.id.desc()).limit(limit)
        if object_id is not None:
            query = query.where(status_message.c.object_id == object_id)
        if number is not None:
            query = query.where(status_message.c.number == number)
        with read(self._engine) as connection:
            return [_message(row) for row in connection.execute(query)]


def _message(row: Row[Any]) -> StatusMessage:
    return StatusMessage(
        number=row.number,
        severity=Severity(row.severity),
        component=Component(row.component),
        reported_at=row.reported_at,
        object_id=row.object_id,
        insertions=json.loads(row.insertions),
    )
