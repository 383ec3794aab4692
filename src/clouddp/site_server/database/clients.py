"""The tables of clients, of registration tokens and of client settings."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Engine,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from clouddp.model.client import RegisteredClient
from clouddp.model.errors import ConflictError
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

# A token that was being made while its client was blocked bears a time a little after the block's; it is void, too.
_BLOCK_MARGIN: Final = timedelta(seconds=60)

registration_token: Final = Table(
    "registration_token",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("secret_sha256", LargeBinary(32), nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

client: Final = Table(
    "client",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("key_thumbprint", String(64), nullable=False, unique=True),
    Column("public_key", Text, nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("blocked_at", Moment),
)

client_setting: Final = Table(
    "client_setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)


class ClientRepository:
    """Keeps clients, and the tokens by which they register; of a token only the SHA-256 of its secret."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_token(
        self, token_id: str, secret_sha256: bytes, *, uses: int, created_at: datetime, expires_at: datetime
    ) -> None:
        """Keep a new registration token; those that ended are forgotten."""
        values = {"id": token_id, "secret_sha256": secret_sha256, "uses_left": uses}
        with write(self._engine) as connection:
            connection.execute(delete(registration_token).where(registration_token.c.expires_at <= created_at))
            connection.execute(
                insert(registration_token).values(**values, created_at=created_at, expires_at=expires_at)
            )

    def token_secret(self, token_id: str) -> bytes | None:
        """Give the SHA-256 of a token's secret, also when it is used up; None when there is no such token."""
        query = select(registration_token.c.secret_sha256).where(registration_token.c.id == token_id)
        with read(self._engine) as connection:
            return connection.execute(query).scalar()

    def register(self, new: RegisteredClient, *, token_id: str) -> bool:
        """Use a token once and keep the client, or neither; False when the token is used up or expired.

        Raises:
            ConflictError: a client with this key is registered already.

        """
        try:
            return self._register(new, token_id)
        except IntegrityError as error:  # the token's use is undone with it
            raise ConflictError("management_point.key_registered") from error

    def has_key(self, thumbprint: str) -> bool:
        """Say whether a client with this public key is registered."""
        query = select(client.c.id).where(client.c.key_thumbprint == thumbprint)
        with read(self._engine) as connection:
            return connection.execute(query).first() is not None

    def find(self, client_id: str) -> RegisteredClient | None:
        """Give a client; None when there is none of this id."""
        with read(self._engine) as connection:
            row = connection.execute(select(client).where(client.c.id == client_id)).one_or_none()
        return None if row is None else _client(row)

    def list(self) -> Sequence[RegisteredClient]:
        """Give all clients, newest first."""
        with read(self._engine) as connection:
            return [_client(row) for row in connection.execute(select(client).order_by(client.c.registered_at.desc()))]

    def names_among(self, names: Collection[str]) -> Sequence[str]:
        """Give the names of clients that are among these, without regard to case."""
        query = select(client.c.name).where(func.lower(client.c.name).in_([name.lower() for name in names]))
        with read(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def block(self, client_id: str, *, now: datetime) -> bool:
        """Shut a client out from this moment; False when there is none of this id."""
        with write(self._engine) as connection:
            done = connection.execute(update(client).where(client.c.id == client_id).values(blocked_at=now))
            return done.rowcount == 1

    def blocked_clients(self) -> Mapping[str, datetime]:
        """Give each blocked client and the moment before which its tokens are void."""
        query = select(client.c.id, client.c.blocked_at).where(client.c.blocked_at.is_not(None))
        with read(self._engine) as connection:
            return {row.id: row.blocked_at + _BLOCK_MARGIN for row in connection.execute(query)}

    def setting(self, name: str) -> str | None:
        """Give a client setting; None when it was never changed."""
        with read(self._engine) as connection:
            return connection.execute(select(client_setting.c.value).where(client_setting.c.name == name)).scalar()

    def set_setting(self, name: str, value: str) -> None:
        """Change a client setting."""
        with write(self._engine) as connection:
            connection.execute(delete(client_setting).where(client_setting.c.name == name))
            connection.execute(insert(client_setting).values(name=name, value=value))

    def _register(self, new: RegisteredClient, token_id: str) -> bool:
        table = registration_token.c
        with write(self._engine) as connection:
            used = connection.execute(
                update(registration_token)
                .where(table.id == token_id, table.uses_left > 0, table.expires_at > new.registered_at)
                .values(uses_left=table.uses_left - 1)
            )
            if used.rowcount != 1:
                return False
            connection.execute(
                insert(client).values(
                    id=new.id,
                    name=new.name,
                    key_thumbprint=new.public_key["kid"],
                    public_key=json.dumps(dict(new.public_key)),
                    registered_at=new.registered_at,
                )
            )
        return True


def _client(row: Row[Any]) -> RegisteredClient:
    return RegisteredClient(
        id=row.id,
        name=row.name,
        public_key=json.loads(row.public_key),
        registered_at=row.registered_at,
        blocked_at=row.blocked_at,
    )
