"""What administrators ask for about cloud distribution points, and how their files are opened."""

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass, field, replace

from clouddp.cloud_services.preflight import Examination, Plan, Preflight
from clouddp.model.errors import InvalidInputError, SiteError
from clouddp.model.settings import Quotas
from clouddp.network.certificates import KeyedCertificate, host_names, load_pfx
from clouddp.site_server.database.cloud_service_secrets import CertificateFile
from clouddp.site_server.database.cloud_services import NewCloudService


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

    @property
    def digest(self) -> str:
        """Tell this request from any other."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """What is to be different; None leaves it as it is."""

    description: str | None = None
    instance_count: int | None = None
    storage_quota_bytes: int | None = None
    transfer_quota_bytes: int | None = None
    warning_percent: int | None = None
    critical_percent: int | None = None

    def quotas(self, present: Quotas) -> Quotas:
        """Give the quotas with what is to be different."""
        return Quotas(
            storage_bytes=_chosen(self.storage_quota_bytes, present.storage_bytes),
            transfer_bytes=_chosen(self.transfer_quota_bytes, present.transfer_bytes),
            warning_percent=_chosen(self.warning_percent, present.warning_percent),
            critical_percent=_chosen(self.critical_percent, present.critical_percent),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A creation whose files were opened, as far as they could be."""

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

    def examined_by(self, preflight: Preflight) -> Examination:
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
        found = preflight.examine(plan)
        return replace(found, faults=(*self.faults, *found.faults))

    def accepted(self, idempotency_key: str | None, service_name: str) -> NewCloudService:
        """Make the record of a request in which no fault was found, under a name that is free in the cloud."""
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
            service_name=service_name,
            description=request.description,
            instance_count=request.instance_count,
            quotas=request.quotas,
            management_certificate=self.management,
            service_certificate=self.service,
            idempotency_key=idempotency_key,
            request_digest=request.digest,
        )


def read_creation(request: CreationRequest) -> Reading:
    """Open the files of a creation; what cannot be read is among the faults."""
    faults: list[SiteError] = []
    management = _open_or_note(request.management_certificate, "management.pfx", faults)
    service = _open_or_note(request.service_certificate, "service.pfx", faults)
    return Reading(request=request, management=management, service=service, faults=tuple(faults))


def open_pfx(upload: PfxUpload, name: str) -> CertificateFile:
    """Open a .pfx.

    Raises:
        InvalidInputError: it is none, or the password is wrong.
    """
    try:
        pfx = base64.b64decode(upload.pfx_base64, validate=True)
    except binascii.Error as error:
        raise InvalidInputError("cloud.upload_not_base64", name=name) from error
    return CertificateFile(load_pfx(pfx, upload.password, name=name), upload.password)


def _open_or_note(upload: PfxUpload, name: str, faults: list[SiteError]) -> CertificateFile | None:
    try:
        return open_pfx(upload, name)
    except SiteError as error:
        faults.append(error)
        return None


def _chosen(wanted: int | None, present: int) -> int:
    return present if wanted is None else wanted


def _only_host(certificate: KeyedCertificate) -> str | None:
    names = host_names(certificate.certificate)
    return names[0] if len(names) == 1 and not names[0].startswith("*") else _subject_host(certificate, names)


def _subject_host(certificate: KeyedCertificate, names: tuple[str, ...]) -> str | None:
    subject = certificate.subject_common_name.lower()
    return subject if subject in names and not subject.startswith("*") else None
