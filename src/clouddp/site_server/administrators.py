"""Who may administer the site: API tokens."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from clouddp.model.errors import RefusedError
from clouddp.site_server.database.api_tokens import ApiTokenRepository

TOKEN_LIFETIME: Final = timedelta(days=365)


class Administrators:
    """Makes and checks API tokens. A token has 256 random bits, so a plain hash of it is enough at rest."""

    def __init__(self, tokens: ApiTokenRepository, *, now: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._now = now

    def new_token(self, name: str) -> str:
        """Make a token, which is shown once and kept only as a hash."""
        token = secrets.token_urlsafe(32)
        created = self._now()
        self._tokens.add(_digest(token), name=name, created_at=created, expires_at=created + TOKEN_LIFETIME)
        return token

    def authenticate(self, token: str) -> None:
        """Accept a token that is known and has not ended.

        Raises:
            RefusedError: it is not.
        """
        expires_at = self._tokens.expiry(_digest(token))
        if expires_at is None or expires_at <= self._now():
            raise RefusedError("admin.token_refused")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
