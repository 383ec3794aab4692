"""The cloud distribution points in the database: what is wanted of each, and what was seen of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from clouddp.model.cloud_service import CloudService, DesiredState, Problem, ServiceAction, ServiceState
from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.model.settings import Quotas
from clouddp.model.transitions import Transition
from clouddp.site_server.database.cloud_service_secrets import CertificateFile, CloudServiceSecrets
from clouddp.site_server.database.cloud_service_table import cloud_service, columns_of_quotas, service_of
from clouddp.site_server.database.engine import read, write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCloudService:
    """What it takes to record a cloud distribution point that is wanted."""

    provider: str
    management_url: str
    subscription_id: str
    authorities_pem: str | None
    region: str
    service_fqdn: str
    service_name: str  # free in the cloud when it was looked for
    description: str
    instance_count: int
    quotas: Quotas
    management_certificate: CertificateFile
    service_certificate: CertificateFile
    idempotency_key: str | None = None
    request_digest: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is wanted differently from now on; None leaves it as it is."""

    description: str | None = None
    quotas: Quotas | None = None
    instance_count: int | None = None
    service_certificate: CertificateFile | None = None
    has_new_package: bool = False
    region: str | None = None
    removed_first: tuple[str, ...] = ()  # by a repair; each generation has its own


NO_CHANGES: Final = Changes()


class CloudServiceRepository:
    """Keeps the cloud distribution points."""

    def __init__(self, engine: Engine, kept: CloudServiceSecrets, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._secrets = kept
        self._now = now

    def create(self, new: NewCloudService) -> CloudService:
        """Record a service, its generated name and its certificates, all or nothing.

        Raises:
            ConflictError: another one has this service FQDN, or was made with this idempotency key.
        """
        identifier = uuid4().hex
        try:
            with write(self._engine) as connection:
                connection.execute(insert(cloud_service).values(id=identifier, **self._new_columns(new)))
                self._secrets.keep(
                    connection,
                    identifier,
                    management=new.management_certificate,
                    service=new.service_certificate,
                    authorities_pem=new.authorities_pem,
                )
        except IntegrityError as error:
            if new.idempotency_key is not None and self.find_by_key(new.idempotency_key) is not None:
                raise ConflictError("cloud.idempotency_key_reused", name=new.service_fqdn) from error
            if self.is_fqdn_taken(new.service_fqdn):
                raise ConflictError("cloud.fqdn_in_use", fqdn=new.service_fqdn) from error
            raise
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
        return None if row is None else service_of(row)

    def list(self) -> Sequence[CloudService]:
        """Give all services, oldest first."""
        with read(self._engine) as connection:
            rows = connection.execute(select(cloud_service).order_by(cloud_service.c.created_at, cloud_service.c.id))
            return [service_of(row) for row in rows]

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
        return None if row is None else (service_of(row), row.request_digest)

    def want(self, seen: CloudService, transition: Transition, *, changes: Changes = NO_CHANGES) -> CloudService:
        """Note that something new is wanted of a service as it was `seen`: a new generation, whose work begins.

        Raises:
            NotFoundError: the service is gone.
            ConflictError: somebody was faster; nothing was changed.
        """
        generation = seen.generation + 1
        values = {
            "desired": transition.desired,
            "action": transition.action,
            "state": transition.state,
            "generation": generation,
            "problem": None,
            "activity": "",
            "wanted_at": self._now(),
            "deadline_at": None,
            "changed_at": self._now(),
            **_changed_columns(seen, changes, generation),
        }
        unchanged = (cloud_service.c.generation == seen.generation) & (cloud_service.c.state == seen.state)
        with write(self._engine) as connection:
            query = update(cloud_service).where(cloud_service.c.id == seen.id, unchanged)
            is_first = connection.execute(query.values(**values)).rowcount == 1
            if is_first and changes.service_certificate is not None:
                self._secrets.replace_service_certificate(connection, seen.id, changes.service_certificate)
        current = self.get(seen.id)
        if not is_first:
            raise ConflictError("cloud.changed_meanwhile", name=current.service_fqdn, state=current.state.value)
        return current

    def revise(self, seen: CloudService, changes: Changes) -> CloudService | None:
        """Note what is wanted differently without work in the cloud: description, quotas and thresholds.

        None when somebody else has changed one of these since the service was seen, or wants it deleted.
        """
        as_seen = [cloud_service.c[column] == value for column, value in columns_of_quotas(seen.quotas).items()]
        is_wanted = cloud_service.c.desired != DesiredState.DELETED
        values = {**_plain_columns(changes), "changed_at": self._now()}
        with write(self._engine) as connection:
            query = update(cloud_service).where(cloud_service.c.id == seen.id, is_wanted, *as_seen)
            is_revised = connection.execute(query.values(**values)).rowcount == 1
        return self.get(seen.id) if is_revised else None

    def set_activity(self, service_id: str, *, generation: int, activity: str, deadline_at: datetime) -> None:
        """Note what is going on, and when it gives up."""
        self._change_generation(service_id, generation, {"activity": activity, "deadline_at": deadline_at})

    def set_address(self, service_id: str, *, generation: int, virtual_ip: str | None, port: int | None) -> None:
        """Note where the front ends are reached."""
        self._change_generation(service_id, generation, {"virtual_ip": virtual_ip, "port": port})

    def forget_previous_certificates(self, service_id: str, *, generation: int) -> None:
        """Note that no front end presents an older service certificate any more."""
        self._change_generation(service_id, generation, {"previous_certificate_thumbprints": ""})

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

    def _new_columns(self, new: NewCloudService) -> dict[str, Any]:
        now = self._now()
        return {
            "provider": new.provider,
            "management_url": new.management_url,
            "subscription_id": new.subscription_id,
            "region": new.region,
            "service_fqdn": new.service_fqdn,
            "service_name": new.service_name,
            "description": new.description,
            "instance_count": new.instance_count,
            **columns_of_quotas(new.quotas),
            "desired": DesiredState.RUNNING,
            "action": ServiceAction.CREATE,
            "generation": 1,
            "settled_generation": 0,
            "package_generation": 1,
            "state": ServiceState.PROVISIONING,
            "activity": "",
            "service_certificate_thumbprint": new.service_certificate.keyed.thumbprint,
            "previous_certificate_thumbprints": "",
            "removed_first": "",
            "management_certificate_thumbprint": new.management_certificate.keyed.thumbprint,
            "created_at": now,
            "changed_at": now,
            "wanted_at": now,
            "idempotency_key": new.idempotency_key,
            "request_digest": new.request_digest,
        }

    def _change_generation(self, service_id: str, generation: int, changed: Mapping[str, Any]) -> None:
        current = (cloud_service.c.id == service_id) & (cloud_service.c.generation == generation)
        with write(self._engine) as connection:
            connection.execute(update(cloud_service).where(current).values(**changed, changed_at=self._now()))


def _changed_columns(seen: CloudService, changes: Changes, generation: int) -> dict[str, Any]:
    columns = _plain_columns(changes) | {"removed_first": " ".join(changes.removed_first)}
    if changes.region is not None:
        columns["region"] = changes.region
    if changes.instance_count is not None:
        columns["instance_count"] = changes.instance_count
    if changes.has_new_package:
        columns["package_generation"] = generation
    if changes.service_certificate is not None:
        thumbprint = changes.service_certificate.keyed.thumbprint
        known = dict.fromkeys((*seen.previous_certificate_thumbprints, seen.service_certificate_thumbprint))
        columns["service_certificate_thumbprint"] = thumbprint
        columns["previous_certificate_thumbprints"] = " ".join(known.keys() - {thumbprint})
    return columns


def _plain_columns(changes: Changes) -> dict[str, Any]:
    columns: dict[str, Any] = {} if changes.quotas is None else dict(columns_of_quotas(changes.quotas))
    if changes.description is not None:
        columns["description"] = changes.description
    return columns
