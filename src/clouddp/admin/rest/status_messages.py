"""REST: status messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from clouddp.admin.rest.application import request_language
from clouddp.model.status import StatusMessage
from clouddp.site_server.status import status_text

LIMIT = 1000


class StatusMessages(Protocol):
    """Where status messages are read."""

    def list(
        self, *, object_id: str | None = None, number: int | None = None, limit: int = 200
    ) -> Sequence[StatusMessage]:
        """Give the newest messages, newest first."""


class StatusMessageView(BaseModel):
    """One message, with its text in the caller's language."""

    number: int
    severity: str
    component: str
    reported_at: datetime
    object_id: str | None
    insertions: dict[str, str]
    text: str


def status_message_routes(messages: StatusMessages, *, language: str) -> APIRouter:
    """Make the routes below `/status-messages`."""
    routes = APIRouter(prefix="/status-messages", tags=["status messages"])

    @routes.get("")
    def list_status_messages(
        request: Request,
        object_id: str | None = None,
        number: int | None = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT)] = 200,
    ) -> list[StatusMessageView]:
        """Give the newest messages, newest first."""
        chosen = request_language(request, language)
        return [_view(message, chosen) for message in messages.list(object_id=object_id, number=number, limit=limit)]

    return routes


def _view(message: StatusMessage, language: str) -> StatusMessageView:
    return StatusMessageView(
        number=message.number,
        severity=message.severity,
        component=message.component,
        reported_at=message.reported_at,
        object_id=message.object_id,
        insertions=dict(message.insertions),
        text=status_text(message, language),
    )
