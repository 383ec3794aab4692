"""The table of administrators' API tokens; only their hashes are kept."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, Engine, LargeBinary, String, Table, insert, select

from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

api_token: Final = Table(
    "api_token",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)


class ApiTokenRepository:
    """Keeps the SHA-256 of each token and when it ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, digest: bytes, *, name: str, created_at: datetime, expires_at: datetime) -> None:
        """Keep a new token."""
        with write(self._engine) as connection:
            connection.execute(
                insert(api_token).values(digest=digest, name=name, created_at=created_at, expires_at=expires_at)
            )

    def expiry(self, digest: bytes) -> datetime | None:
        """Say when the token ends; None when it is not known."""
        with read(self._engine) as connection:
            return connection.execute(select(api_token.c.expires_at).where(api_token.c.digest == digest)).scalar()
