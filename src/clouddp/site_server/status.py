"""Report and read status messages."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from clouddp.language.translate import translate
from clouddp.model.status import Component, Severity, StatusMessage
from clouddp.site_server.database.status_messages import StatusMessageRepository

_STEP_CODE: Final = "cloud.step_"


class StatusLog:
    """The site's status messages; every component reports here."""

    def __init__(self, messages: StatusMessageRepository, *, now: Callable[[], datetime]) -> None:
        self._messages = messages
        self._now = now

    def report(
        self, number: int, severity: Severity, component: Component, *, object_id: str | None = None, **insertions: str
    ) -> None:
        """Keep a message of this moment; its text is the catalogue's `status.m<number>`."""
        message = StatusMessage(
            number=number,
            severity=severity,
            component=component,
            reported_at=self._now(),
            object_id=object_id,
            insertions=insertions,
        )
        self._messages.add(message)

    def list(
        self, *, object_id: str | None = None, number: int | None = None, limit: int = 200
    ) -> Sequence[StatusMessage]:
        """Give the newest messages, newest first."""
        return self._messages.list(object_id=object_id, number=number, limit=limit)


def status_text(message: StatusMessage, language: str) -> str:
    """Put a status message into words; a step is kept by its code, so that each reader has it in their language."""
    insertions = {name: _in_words(value, language) for name, value in message.insertions.items()}
    return translate(f"status.m{message.number}", insertions, language=language)


def _in_words(insertion: str, language: str) -> str:
    if not insertion.startswith(_STEP_CODE):
        return insertion
    try:
        return translate(insertion, language=language)
    except KeyError:  # a step of an earlier version, which the catalogue has no more
        return insertion
