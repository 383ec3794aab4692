"""The certificates and keys of the cloud distribution points, sealed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, LargeBinary, Row, String, Table, Text, delete, insert, select, update

from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import NotFoundError
from clouddp.network.certificates import KeyedCertificate, chain_pem, key_pem, load_known_pem, load_pfx
from clouddp.providers.base import ConnectionSettings
from clouddp.site_server.database.engine import read
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.tables import metadata

_TABLE: Final = "cloud_service_secret"
_USAGE_KEY_BYTES: Final = 32
_PEM: Final = b"-----BEGIN"

cloud_service_secret: Final = Table(
    _TABLE,
    metadata,
    Column("service_id", String(32), primary_key=True),
    Column("management_pfx", LargeBinary, nullable=False),
    Column("management_password", LargeBinary, nullable=False),
    Column("service_pfx", LargeBinary, nullable=False),
    Column("service_password", LargeBinary, nullable=False),
    Column("usage_key", LargeBinary, nullable=False),
    Column("authorities_pem", Text),
)


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """What is in a .pfx that was handed in, and the password that opened it."""

    keyed: KeyedCertificate
    password: str = field(repr=False)


class CloudServiceSecrets:
    """Keeps the secrets, each sealed for its row and column."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    def keep(
        self,
        connection: Connection,
        service_id: str,
        *,
        management: CertificateFile,
        service: CertificateFile,
        authorities_pem: str | None,
    ) -> None:
        """Keep the secrets of a new service, in the transaction that records it."""
        plain = {
            "management_pfx": _plain(management),
            "management_password": management.password.encode(),
            "service_pfx": _plain(service),
            "service_password": service.password.encode(),
            "usage_key": secrets.token_urlsafe(_USAGE_KEY_BYTES).encode(),
        }
        sealed = self._sealed(service_id, plain)
        connection.execute(
            insert(cloud_service_secret).values(service_id=service_id, authorities_pem=authorities_pem, **sealed)
        )

    def replace_service_certificate(self, connection: Connection, service_id: str, service: CertificateFile) -> None:
        """Put another certificate in the old one's place, in the transaction that wants it; nothing of the old stays.

        The front ends go on with the copy that the cloud has, until it is told of the new one.
        """
        plain = {"service_pfx": _plain(service), "service_password": service.password.encode()}
        row = cloud_service_secret.c.service_id == service_id
        connection.execute(update(cloud_service_secret).where(row).values(self._sealed(service_id, plain)))

    def forget(self, connection: Connection, service_id: str) -> None:
        """Drop the secrets of a service that is gone, in the transaction that removes it."""
        connection.execute(delete(cloud_service_secret).where(cloud_service_secret.c.service_id == service_id))

    def connection_settings(self, service: CloudService) -> ConnectionSettings:
        """Open what it takes to speak to the cloud of a service."""
        row = self._row(service.id)
        return ConnectionSettings(
            management_url=service.management_url,
            subscription_id=service.subscription_id,
            authorities_pem=row.authorities_pem,
            management_certificate=self._certificate(row, "management"),
        )

    def service_certificate(self, service_id: str) -> KeyedCertificate:
        """Open the certificate that the front ends present."""
        return self._certificate(self._row(service_id), "service")

    def usage_key(self, service_id: str) -> str:
        """Open the key with which front ends sign their usage records."""
        return self._open(self._row(service_id), "usage_key").decode("ascii")

    def _sealed(self, service_id: str, plain: Mapping[str, bytes]) -> dict[str, bytes]:
        return {
            column: self._sealer.seal(value, table=_TABLE, row=service_id, column=column)
            for column, value in plain.items()
        }

    def _row(self, service_id: str) -> Row[Any]:
        query = select(cloud_service_secret).where(cloud_service_secret.c.service_id == service_id)
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError("cloud.distribution_point_unknown", id=service_id)
        return row

    def _certificate(self, row: Row[Any], kind: str) -> KeyedCertificate:
        opened = self._open(row, f"{kind}_pfx")
        if opened.startswith(_PEM):
            return load_known_pem(opened)
        password = self._open(row, f"{kind}_password").decode()  # a row of an earlier version has the file itself
        return load_pfx(opened, password, name=f"{kind}.pfx")

    def _open(self, row: Row[Any], column: str) -> bytes:
        sealed: bytes = row._mapping[column]  # noqa: SLF001 (SQLAlchemy's documented way to a column by name)
        return self._sealer.open(sealed, table=_TABLE, row=row.service_id, column=column)


def _plain(file: CertificateFile) -> bytes:
    """Write what is in the file: it is sealed, so what protects a .pfx would only cost time whenever it is opened."""
    return key_pem(file.keyed) + chain_pem(file.keyed)
