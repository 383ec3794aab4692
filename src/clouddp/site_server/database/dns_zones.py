"""The table of DNS zones that take our updates; the secret of each key is sealed."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Engine, Integer, LargeBinary, Row, String, Table, delete, insert, select

from clouddp.network.dns_update import ZoneAccess
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.tables import metadata

_TABLE: Final = "dns_zone"

dns_zone: Final = Table(
    _TABLE,
    metadata,
    Column("zone", String(253), primary_key=True),
    Column("server", String(253), nullable=False),
    Column("port", Integer, nullable=False),
    Column("key_name", String(253), nullable=False),
    Column("algorithm", String(32), nullable=False),
    Column("secret", LargeBinary, nullable=False),
)


class DnsZoneRepository:
    """Keeps where zones take updates, and with which key."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    def save(self, access: ZoneAccess) -> None:
        """Keep a zone in place of what was known of it."""
        secret = self._sealer.seal(access.secret.encode(), table=_TABLE, row=access.zone, column="secret")
        with write(self._engine) as connection:
            connection.execute(delete(dns_zone).where(dns_zone.c.zone == access.zone))
            connection.execute(
                insert(dns_zone).values(
                    zone=access.zone,
                    server=access.server,
                    port=access.port,
                    key_name=access.key_name,
                    algorithm=access.algorithm,
                    secret=secret,
                )
            )

    def list(self) -> Sequence[ZoneAccess]:
        """Give all zones."""
        with read(self._engine) as connection:
            return [self._access(row) for row in connection.execute(select(dns_zone).order_by(dns_zone.c.zone))]

    def _access(self, row: Row[Any]) -> ZoneAccess:
        return ZoneAccess(
            zone=row.zone,
            server=row.server,
            port=row.port,
            key_name=row.key_name,
            algorithm=row.algorithm,
            secret=self._sealer.open(row.secret, table=_TABLE, row=row.zone, column="secret").decode(),
        )
