"""Named secrets of the site: made once, kept sealed."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from sqlalchemy import Column, Connection, Engine, LargeBinary, String, Table, insert, select

from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.tables import metadata

Wrapping = Literal["site", "delivery"]

site_secret: Final = Table(
    "site_secret",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("wrapping", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)


class SiteSecrets:
    """Keeps secrets by name; `sealers` holds the wrapping keys this role may use."""

    def __init__(self, engine: Engine, sealers: Mapping[str, Sealer]) -> None:
        self._engine = engine
        self._sealers = sealers

    def obtain(self, name: str, *, wrapping: Wrapping, make: Callable[[], bytes]) -> bytes:
        """Give the secret of this name, made by `make` when there is none; the first of two makers wins."""
        with read(self._engine) as connection:
            known = self._find(connection, name)
        if known is not None:
            return known
        with write(self._engine) as connection:
            known = self._find(connection, name)
            if known is not None:
                return known
            plain = make()
            sealed = self._sealers[wrapping].seal(plain, table="site_secret", row=name, column="sealed")
            connection.execute(insert(site_secret).values(name=name, wrapping=wrapping, sealed=sealed))
            return plain

    def _find(self, connection: Connection, name: str) -> bytes | None:
        row = connection.execute(
            select(site_secret.c.wrapping, site_secret.c.sealed).where(site_secret.c.name == name)
        ).one_or_none()
        if row is None:
            return None
        return self._sealers[row.wrapping].open(row.sealed, table="site_secret", row=name, column="sealed")
