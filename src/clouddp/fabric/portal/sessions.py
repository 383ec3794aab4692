"""Who is logged in to the portal: the token that opens it, and the sessions of browsers."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from clouddp.disk.whole_files import write_whole
from clouddp.fabric.state import Clock

_LIFE: Final = timedelta(hours=8)
_SESSION_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in; its forms carry the CSRF token."""

    csrf_token: str
    expires_at: datetime


def open_token_file(path: Path) -> str:
    """Return the portal's token; it is made at the first start."""
    if not path.exists():
        write_whole(path, secrets.token_urlsafe(32).encode())
    return path.read_text(encoding="ascii").strip()


class PortalSessions:
    """Sessions, which live in memory: a restart of the fabric logs everybody out."""

    def __init__(self, token: str, *, now: Clock) -> None:
        self._token = token
        self._now = now
        self._sessions: dict[str, Session] = {}

    def is_token(self, given: str) -> bool:
        """Say whether this is the portal's token."""
        return hmac.compare_digest(given.encode(), self._token.encode())

    def log_in(self, given: str) -> str | None:
        """Open a session for who knows the token; None for who does not."""
        if not self.is_token(given):
            return None
        self._forget_ended()
        session_id = secrets.token_urlsafe(32)
        self._sessions[session_id] = Session(secrets.token_urlsafe(32), self._now() + _LIFE)
        return session_id

    def find(self, session_id: str) -> Session | None:
        """Return a session that is open."""
        session = self._sessions.get(session_id)
        return session if session is not None and session.expires_at > self._now() else None

    def log_out(self, session_id: str) -> None:
        """End a session."""
        self._sessions.pop(session_id, None)

    def _forget_ended(self) -> None:
        current = {key: session for key, session in self._sessions.items() if session.expires_at > self._now()}
        newest = sorted(current.items(), key=lambda item: item[1].expires_at)[-_SESSION_LIMIT:]
        self._sessions = dict(newest)
