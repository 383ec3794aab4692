"""What an administrator does with cloud distribution points: create, look, delete, retry."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from clouddp.cloud_services.preflight import Plan, Preflight
from clouddp.model.cloud_service import CloudService, DesiredState, ServiceState
from clouddp.model.errors import ConflictError, InvalidInputError, SiteError
from clouddp.model.settings import Quotas
from clouddp.model.status import Component, Severity
from clouddp.network.certificates import KeyedCertificate, host_names, load_pfx
from clouddp.site_server.database.cloud_service_progress import CloudServiceProgress
from clouddp.site_server.database.cloud_service_secrets import CertificateFile
from clouddp.site_server.database.cloud_services import CloudServiceRepository, NewCloudService
from clouddp.site_server.status import StatusLog

_CREATED: Final = 12000
_DELETION_ACCEPTED: Final = 12003


@dataclass(frozen=True, slots=True, kw_only=True)
class PfxUpload:
    """A .pfx file on its way in."""

    pfx_base64: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationRequest:
    """What the wizard, the command line or a program asks for."""

    provider: str
    management_url: str
    subscription_id: str
    management_authorities_pem: str | None
    management_certificate: PfxUpload
    service_certificate: PfxUpload
    service_fqdn: str | None
    accept_wildcard: bool
    region: str
    description: str
    instance_count: int
    quotas: Quotas


class CloudServices:
    """The use cases of cloud distribution points; `wake` tells the cloud services manager that there is work."""

    def __init__(
        self,
        *,
        repository: CloudServiceRepository,
        progress: CloudServiceProgress,
        preflight: Preflight,
        status: StatusLog,
        wake: Callable[[], None],
    ) -> None:
        self._repository = repository
        self._progress = progress
        self._preflight = preflight
        self._status = status
        self._wake = wake

    def find_faults(self, request: CreationRequest) -> tuple[SiteError, ...]:
        """Say everything that would stop the creation; create nothing."""
        return _read_request(request).faults_with(self._preflight)

    def create(self, request: CreationRequest, *, idempotency_key: str | None) -> CloudService:
        """Accept a cloud distribution point; the manager brings it into being.

        Raises:
            InvalidInputError: preflight found faults, which are all in it.
            ConflictError: the idempotency key was used for another request, or the service FQDN is in use.
        """
        digest = _digest(request)
        known = None if idempotency_key is None else self._repository.find_by_key(idempotency_key)
        if known is not None:
            return _same_request(known, digest)
        reading = _read_request(request)
        faults = reading.faults_with(self._preflight)
        if faults:
            raise InvalidInputError("cloud.preflight_failed", faults=faults, name=reading.fqdn or request.region)
        service = self._repository.create(reading.accepted(idempotency_key, digest))
        self._tell(_CREATED, service)
        self._wake()
        return service

    def list(self) -> Sequence[CloudService]:
        """Give all cloud distribution points."""
        return self._repository.list()

    def get(self, service_id: str) -> CloudService:
        """Give one.

        Raises:
            NotFoundError: there is none of this id.
        """
        return self._repository.get(service_id)

    def list_steps(self, service: CloudService) -> Sequence[tuple[str, datetime]]:
        """Give the steps that were finished for what is wanted now."""
        return self._progress.list_steps(service.id, generation=service.generation)

    def delete(self, service_id: str) -> CloudService:
        """Have a cloud distribution point removed from the cloud, then from the site; asking twice is asking once."""
        service = self._repository.get(service_id)
        if service.desired is DesiredState.DELETED:
            return service
        service = self._repository.want(service_id, desired=DesiredState.DELETED, state=ServiceState.DELETING)
        self._tell(_DELETION_ACCEPTED, service)
        self._wake()
        return service

    def retry(self, service_id: str) -> CloudService:
        """Have the work that ended in an error done again.

        Raises:
            ConflictError: nothing ended in an error.
        """
        service = self._repository.get(service_id)
        if service.state is not ServiceState.ERROR:
            raise ConflictError("cloud.nothing_to_retry", name=service.service_fqdn)
        is_leaving = service.desired is DesiredState.DELETED
        state = ServiceState.DELETING if is_leaving else ServiceState.PROVISIONING
        service = self._repository.want(service_id, desired=service.desired, state=state)
        self._wake()
        return service

    def _tell(self, number: int, service: CloudService) -> None:
        self._status.report(
            number,
            Severity.INFORMATIONAL,
            Component.CLOUD_SERVICES_MANAGER,
            object_id=service.id,
            name=service.service_fqdn,
            service=service.service_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A request whose files were opened, as far as they could be."""

    request: CreationRequest
    management: CertificateFile | None
    service: CertificateFile | None
    faults: tuple[SiteError, ...]

    @property
    def fqdn(self) -> str | None:
        """The FQDN asked for, or the one that the service certificate names."""
        if self.request.service_fqdn:
            return self.request.service_fqdn.lower().removesuffix(".")
        return None if self.service is None else _only_host(self.service.keyed)

    def faults_with(self, preflight: Preflight) -> tuple[SiteError, ...]:
        """Join what could not be read with what preflight finds in the rest."""
        request = self.request
        plan = Plan(
            provider=request.provider,
            management_url=request.management_url,
            subscription_id=request.subscription_id,
            authorities_pem=request.management_authorities_pem,
            management_certificate=None if self.management is None else self.management.keyed,
            service_certificate=None if self.service is None else self.service.keyed,
            service_fqdn=self.fqdn,
            accept_wildcard=request.accept_wildcard,
            region=request.region,
            instance_count=request.instance_count,
            quotas=request.quotas,
        )
        return (*self.faults, *preflight.find_faults(plan))

    def accepted(self, idempotency_key: str | None, digest: str) -> NewCloudService:
        """Make the record of a request in which no fault was found."""
        request = self.request
        assert self.management is not None  # noqa: S101 (what cannot be read is a fault)
        assert self.service is not None  # noqa: S101 (as above)
        assert self.fqdn is not None  # noqa: S101 (as above)
        return NewCloudService(
            provider=request.provider,
            management_url=request.management_url.rstrip("/"),
            subscription_id=request.subscription_id,
            authorities_pem=request.management_authorities_pem,
            region=request.region,
            service_fqdn=self.fqdn,
            description=request.description,
            instance_count=request.instance_count,
            quotas=request.quotas,
            management_certificate=self.management,
            service_certificate=self.service,
            idempotency_key=idempotency_key,
            request_digest=digest,
        )


def _read_request(request: CreationRequest) -> _Reading:
    faults: list[SiteError] = []
    management = _open_pfx(request.management_certificate, "management.pfx", faults)
    service = _open_pfx(request.service_certificate, "service.pfx", faults)
    return _Reading(request=request, management=management, service=service, faults=tuple(faults))


def _open_pfx(upload: PfxUpload, name: str, faults: list[SiteError]) -> CertificateFile | None:
    try:
        pfx = base64.b64decode(upload.pfx_base64, validate=True)
        return CertificateFile(load_pfx(pfx, upload.password, name=name), pfx, upload.password)
    except binascii.Error:
        faults.append(InvalidInputError("cloud.upload_not_base64", name=name))
    except SiteError as error:
        faults.append(error)
    return None


def _only_host(certificate: KeyedCertificate) -> str | None:
    names = host_names(certificate.certificate)
    return names[0] if len(names) == 1 and not names[0].startswith("*") else _subject_host(certificate, names)


def _subject_host(certificate: KeyedCertificate, names: tuple[str, ...]) -> str | None:
    subject = certificate.subject_common_name.lower()
    return subject if subject in names and not subject.startswith("*") else None


def _digest(request: CreationRequest) -> str:
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


def _same_request(known: tuple[CloudService, str], digest: str) -> CloudService:
    service, made_by = known
    if made_by != digest:
        raise ConflictError("cloud.idempotency_key_reused", name=service.service_fqdn)
    return service
