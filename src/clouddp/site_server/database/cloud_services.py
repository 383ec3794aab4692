"""The table of cloud distribution points: what is wanted of each, and what was seen of it."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
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

from clouddp.model.cloud_service import CloudService, DesiredState, Problem, ServiceState
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.model.settings import Quotas
from clouddp.site_server.database.cloud_service_secrets import CertificateFile, CloudServiceSecrets
from clouddp.site_server.database.engine import read, write
from clouddp.site_server.database.tables import Moment, metadata

_SERVICE_NAME_BYTES: Final = 12  # 24 hexadecimal digits, which the documents call the GUID

cloud_service: Final = Table(
    "cloud_service",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("provider", String(32), nullable=False),
    Column("management_url", String(512), nullable=False),
    Column("subscription_id", String(64), nullable=False),
    Column("region", String(128), nullable=False),
    Column("service_fqdn", String(253), nullable=False),
    Column("service_name", String(24), nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("storage_quota_bytes", BigInteger, nullable=False),
    Column("transfer_quota_bytes", BigInteger, nullable=False),
    Column("warning_percent", Integer, nullable=False),
    Column("critical_percent", Integer, nullable=False),
    Column("desired", String(16), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("settled_generation", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("activity", String(64), nullable=False),
    Column("problem", Text),
    Column("service_certificate_thumbprint", String(40), nullable=False),
    Column("management_certificate_thumbprint", String(40), nullable=False),
    Column("virtual_ip", String(45)),
    Column("port", Integer),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("idempotency_key", String(255), unique=True),
    Column("request_digest", String(64)),
)
Index("uq_cloud_service_fqdn_without_case", func.lower(cloud_service.c.service_fqdn), unique=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCloudService:
    """What it takes to record a cloud distribution point that is wanted."""

    provider: str
    management_url: str
    subscription_id: str
    authorities_pem: str | None
    region: str
    service_fqdn: str
    description: str
    instance_count: int
    quotas: Quotas
    management_certificate: CertificateFile
    service_certificate: CertificateFile
    idempotency_key: str | None = None
    request_digest: str | None = field(default=None, repr=False)


class CloudServiceRepository:
    """Keeps the cloud distribution points."""

    def __init__(self, engine: Engine, kept: CloudServiceSecrets, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._secrets = kept
        self._now = now

    def create(self, new: NewCloudService) -> CloudService:
        """Record a service, its generated name and its certificates, all or nothing.

        Raises:
            ConflictError: another one has this service FQDN.
        """
        identifier = uuid4().hex
        try:
            with write(self._engine) as connection:
                connection.execute(insert(cloud_service).values(id=identifier, **self._columns(new)))
                self._secrets.keep(
                    connection,
                    identifier,
                    management=new.management_certificate,
                    service=new.service_certificate,
                    authorities_pem=new.authorities_pem,
                )
        except IntegrityError as error:
            raise ConflictError("cloud.fqdn_in_use", fqdn=new.service_fqdn) from error
        return self.get(identifier)

    def get(self, service_id: str) -> CloudService:
        """Give a service.

        Raises:
            NotFoundError: there is none of this id.
        """
        service = self.find(service_id)
        if service is None:
            raise NotFoundError("cloud.distribution_point_unknown", id=service_id)
        return service

    def find(self, service_id: str) -> CloudService | None:
        """Give a service; None when there is none of this id."""
        with read(self._engine) as connection:
            row = connection.execute(select(cloud_service).where(cloud_service.c.id == service_id)).one_or_none()
        return None if row is None else _service(row)

    def list(self) -> Sequence[CloudService]:
        """Give all services, oldest first."""
        with read(self._engine) as connection:
            rows = connection.execute(select(cloud_service).order_by(cloud_service.c.created_at, cloud_service.c.id))
            return [_service(row) for row in rows]

    def is_fqdn_taken(self, fqdn: str) -> bool:
        """Say whether a service has this FQDN, without regard to case."""
        query = select(cloud_service.c.id).where(func.lower(cloud_service.c.service_fqdn) == fqdn.lower())
        with read(self._engine) as connection:
            return connection.execute(query).first() is not None

    def find_by_key(self, idempotency_key: str) -> tuple[CloudService, str] | None:
        """Give the service that a request with this key has made, and the digest of that request."""
        query = select(cloud_service).where(cloud_service.c.idempotency_key == idempotency_key)
        with read(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (_service(row), row.request_digest)

    def want(self, service_id: str, *, desired: DesiredState, state: ServiceState) -> CloudService:
        """Note that something new is wanted: a new generation, whose work begins in `state`."""
        changed = {
            "desired": desired,
            "state": state,
            "generation": cloud_service.c.generation + 1,
            "problem": None,
            "activity": "",
        }
        with write(self._engine) as connection:
            self._change(connection, service_id, changed)
        return self.get(service_id)

    def set_activity(self, service_id: str, *, generation: int, activity: str) -> None:
        """Note what is going on."""
        self._change_generation(service_id, generation, {"activity": activity})

    def set_address(self, service_id: str, *, generation: int, virtual_ip: str | None, port: int | None) -> None:
        """Note where the front ends are reached."""
        self._change_generation(service_id, generation, {"virtual_ip": virtual_ip, "port": port})

    def settle(self, service_id: str, *, generation: int, state: ServiceState, problem: Problem | None) -> None:
        """Note how the work for a generation ended."""
        told = None if problem is None else json.dumps({"code": problem.code, "arguments": dict(problem.arguments)})
        ended = {"state": state, "problem": told, "activity": "", "settled_generation": generation}
        self._change_generation(service_id, generation, ended)

    def remove(self, service_id: str, *, generation: int) -> None:
        """Remove a service with its secrets."""
        wanted = (cloud_service.c.id == service_id) & (cloud_service.c.generation == generation)
        with write(self._engine) as connection:
            if connection.execute(delete(cloud_service).where(wanted)).rowcount:
                self._secrets.forget(connection, service_id)

    def _columns(self, new: NewCloudService) -> dict[str, Any]:
        now = self._now()
        return {
            "provider": new.provider,
            "management_url": new.management_url,
            "subscription_id": new.subscription_id,
            "region": new.region,
            "service_fqdn": new.service_fqdn,
            "service_name": secrets.token_hex(_SERVICE_NAME_BYTES),
            "description": new.description,
            "instance_count": new.instance_count,
            "storage_quota_bytes": new.quotas.storage_bytes,
            "transfer_quota_bytes": new.quotas.transfer_bytes,
            "warning_percent": new.quotas.warning_percent,
            "critical_percent": new.quotas.critical_percent,
            "desired": DesiredState.RUNNING,
            "generation": 1,
            "settled_generation": 0,
            "state": ServiceState.PROVISIONING,
            "activity": "",
            "service_certificate_thumbprint": new.service_certificate.keyed.thumbprint,
            "management_certificate_thumbprint": new.management_certificate.keyed.thumbprint,
            "created_at": now,
            "changed_at": now,
            "idempotency_key": new.idempotency_key,
            "request_digest": new.request_digest,
        }

    def _change(self, connection: Connection, service_id: str, changed: Mapping[str, Any]) -> None:
        query = update(cloud_service).where(cloud_service.c.id == service_id)
        connection.execute(query.values(**changed, changed_at=self._now()))

    def _change_generation(self, service_id: str, generation: int, changed: Mapping[str, Any]) -> None:
        current = (cloud_service.c.id == service_id) & (cloud_service.c.generation == generation)
        with write(self._engine) as connection:
            connection.execute(update(cloud_service).where(current).values(**changed, changed_at=self._now()))


def _service(row: Row[Any]) -> CloudService:
    return CloudService(
        id=row.id,
        provider=row.provider,
        management_url=row.management_url,
        subscription_id=row.subscription_id,
        region=row.region,
        service_fqdn=row.service_fqdn,
        service_name=row.service_name,
        description=row.description,
        instance_count=row.instance_count,
        quotas=Quotas(
            storage_bytes=row.storage_quota_bytes,
            transfer_bytes=row.transfer_quota_bytes,
            warning_percent=row.warning_percent,
            critical_percent=row.critical_percent,
        ),
        desired=DesiredState(row.desired),
        generation=row.generation,
        settled_generation=row.settled_generation,
        state=ServiceState(row.state),
        activity=row.activity,
        problem=None if row.problem is None else Problem(**json.loads(row.problem)),
        service_certificate_thumbprint=row.service_certificate_thumbprint,
        management_certificate_thumbprint=row.management_certificate_thumbprint,
        virtual_ip=row.virtual_ip,
        port=row.port,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
