"""Hosted services of the fabric, and their service certificates."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.disk.whole_files import write_whole
from clouddp.fabric.locations import find_location
from clouddp.fabric.management.documents import merge_properties
from clouddp.fabric.management.protocol_errors import bad_request, conflict, not_found
from clouddp.fabric.operations import Operations
from clouddp.fabric.state import Clock, StateFolder, remove_folder
from clouddp.fabric.subscriptions import QuotaLookup, check_quota
from clouddp.model.errors import InvalidInputError
from clouddp.network.certificates import chain_pem, key_pem, load_certificate, load_pfx, thumbprint

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCertificate:
    """A certificate of a hosted service: `data` is its DER in Base-64; its key, if it has one, is in a file."""

    thumbprint: str
    data: str
    has_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedService:
    """One hosted service; `label` is in Base-64, as it came."""

    name: str
    subscription_id: str
    label: str
    description: str
    location: str
    extended_properties: tuple[tuple[str, str], ...] = ()
    certificates: tuple[ServiceCertificate, ...] = ()
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHostedService:
    """What Create Hosted Service asks for."""

    name: str
    label: str
    description: str
    location: str
    extended_properties: tuple[tuple[str, str], ...] = ()


class HostedServices:
    """The hosted services of all subscriptions; names are unique among them, without regard to case."""

    def __init__(
        self,
        state: StateFolder,
        operations: Operations,
        *,
        quotas: QuotaLookup,
        now: Clock,
        used_thumbprints: Callable[[str], frozenset[str] | None],
    ) -> None:
        """`used_thumbprints` names the certificates that a service's deployments use; None without a deployment."""
        self._documents = state.documents("hosted_services", HostedService)
        self._state = state
        self._operations = operations
        self._quotas = quotas
        self._now = now
        self._used_thumbprints = used_thumbprints
        operations.register("add-service-certificate", self._finish_adding_certificate)
        operations.register("delete-service-certificate", self._finish_deleting_certificate)
        operations.register("delete-hosted-service", lambda arguments: self.remove(arguments["service"]))

    def is_available(self, name: str) -> bool:
        """Say whether the name may be given to a new service."""
        check_service_name(name)
        return self._documents.get(name.lower()) is None

    def all(self, subscription_id: str) -> list[HostedService]:
        """Return the services of a subscription."""
        return [service for service in self._documents.all() if service.subscription_id == subscription_id]

    def get(self, subscription_id: str, name: str) -> HostedService:
        """Return a service of a subscription.

        Raises:
            ProtocolError: there is none.

        """
        service = self._documents.get(name.lower())
        if service is None or service.subscription_id != subscription_id:
            raise not_found("The hosted service does not exist.")
        return service

    def create(self, subscription_id: str, wanted: NewHostedService) -> None:
        """Make a service."""
        check_service_name(wanted.name)
        find_location(wanted.location)
        with self._state.lock:
            if not self.is_available(wanted.name):
                raise conflict("The specified DNS name is already taken.")
            limit = self._quotas(subscription_id).hosted_services
            check_quota("hosted service count", limit, current=len(self.all(subscription_id)))
            moment = self._now()
            self._put(
                HostedService(
                    name=wanted.name,
                    subscription_id=subscription_id,
                    label=wanted.label,
                    description=wanted.description,
                    location=wanted.location,
                    extended_properties=wanted.extended_properties,
                    created_at=moment,
                    modified_at=moment,
                )
            )

    def update(
        self,
        subscription_id: str,
        name: str,
        *,
        label: str,
        description: str,
        extended_properties: tuple[tuple[str, str], ...],
    ) -> None:
        """Change label or description; an empty one stays as it is. Extended properties are added or replaced."""
        with self._state.lock:
            service = self.get(subscription_id, name)
            changed = replace(
                service,
                label=label or service.label,
                description=description or service.description,
                extended_properties=merge_properties(service.extended_properties, extended_properties),
                modified_at=self._now(),
            )
            self._put(changed)

    def delete(self, operation_id: str, subscription_id: str, name: str) -> None:
        """Remove a service that has no deployment."""
        with self._state.lock:
            service = self.get(subscription_id, name)
            if self._used_thumbprints(service.name) is not None:
                raise conflict("The hosted service has a deployment. Delete the deployment first.")
            arguments = {"service": service.name}
            self._operations.do(
                self._operations.write_down(operation_id, subscription_id, "delete-hosted-service", arguments)
            )

    def remove(self, name: str) -> None:
        """Forget a service with its certificates; an absent one is fine."""
        remove_folder(self._state.certificates(name.lower()))
        with self._state.lock:
            self._documents.remove(name.lower())

    def get_certificate(self, subscription_id: str, name: str, wanted: str) -> ServiceCertificate:
        """Return a service certificate by its thumbprint.

        Raises:
            ProtocolError: there is none.

        """
        for certificate in self.get(subscription_id, name).certificates:
            if certificate.thumbprint == wanted.upper():
                return certificate
        raise not_found("The certificate was not found.")

    def add_certificate(
        self, operation_id: str, subscription_id: str, name: str, *, data: bytes, kind: str, password: str
    ) -> None:
        """Accept a certificate; a .pfx keeps its key in a file that only the fabric reads."""
        service = self.get(subscription_id, name)
        certificate = self._save_certificate(service.name, data, kind, password)
        arguments = {
            "service": service.name,
            "thumbprint": certificate.thumbprint,
            "data": certificate.data,
            "has_key": "true" if certificate.has_key else "false",
        }
        with self._state.lock:
            self.get(subscription_id, name)
            self._operations.accept(operation_id, subscription_id, "add-service-certificate", arguments)

    def delete_certificate(self, operation_id: str, subscription_id: str, name: str, wanted: str) -> None:
        """Accept that a certificate which no deployment uses is removed."""
        with self._state.lock:
            certificate = self.get_certificate(subscription_id, name, wanted)
            if certificate.thumbprint in (self._used_thumbprints(name) or ()):
                raise conflict("The certificate is used by a deployment.")
            arguments = {"service": self.get(subscription_id, name).name, "thumbprint": certificate.thumbprint}
            self._operations.accept(operation_id, subscription_id, "delete-service-certificate", arguments)

    def _save_certificate(self, service_name: str, data: bytes, kind: str, password: str) -> ServiceCertificate:
        folder = self._state.certificates(service_name.lower())
        try:
            if kind == "pfx":
                keyed = load_pfx(data, password, name=service_name)
                certificate = keyed.certificate
                write_whole(folder / f"{keyed.thumbprint}.key", key_pem(keyed))
                write_whole(folder / f"{keyed.thumbprint}.pem", chain_pem(keyed))
            elif kind == "cer":
                certificate = load_certificate(data, name=service_name)
            else:
                raise bad_request("The CertificateFormat element must be pfx or cer.")
        except InvalidInputError as error:
            raise bad_request("The certificate data cannot be read, or the password is not right.") from error
        der = certificate.public_bytes(Encoding.DER)
        return ServiceCertificate(
            thumbprint=thumbprint(certificate), data=base64.b64encode(der).decode(), has_key=kind == "pfx"
        )

    def _finish_adding_certificate(self, arguments: Mapping[str, str]) -> None:
        with self._state.lock:
            service = self._documents.get(arguments["service"].lower())
            if service is None:
                raise not_found("The hosted service does not exist.")
            added = ServiceCertificate(
                thumbprint=arguments["thumbprint"], data=arguments["data"], has_key=arguments["has_key"] == "true"
            )
            others = tuple(known for known in service.certificates if known.thumbprint != added.thumbprint)
            self._put(replace(service, certificates=(*others, added), modified_at=self._now()))

    def _finish_deleting_certificate(self, arguments: Mapping[str, str]) -> None:
        with self._state.lock:
            service = self._documents.get(arguments["service"].lower())
            if service is None:
                return
            wanted = arguments["thumbprint"]
            if wanted in (self._used_thumbprints(service.name) or ()):
                raise conflict("The certificate is used by a deployment.")
            kept = tuple(certificate for certificate in service.certificates if certificate.thumbprint != wanted)
            self._put(replace(service, certificates=kept, modified_at=self._now()))
            for suffix in (".key", ".pem"):
                (self._state.certificates(service.name.lower()) / f"{wanted}{suffix}").unlink(missing_ok=True)

    def _put(self, service: HostedService) -> None:
        self._documents.put(service.name.lower(), service)


def check_service_name(name: str) -> None:
    """Make sure that a name may be a hosted service's, which is a label of a host name.

    Raises:
        ProtocolError: it may not.

    """
    if not _NAME.fullmatch(name):
        raise bad_request(
            "The hosted service name is not valid. It must be between 1 and 63 characters in length and use letters, "
            "numbers and hyphens only, beginning and ending with a letter or number."
        )
