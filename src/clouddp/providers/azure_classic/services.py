"""Hosted services and their certificates."""

import secrets
from collections.abc import Mapping
from typing import Final

from clouddp.model.errors import ConflictError
from clouddp.network.certificates import KeyedCertificate, to_pfx
from clouddp.providers.azure_classic.documents import Field, encoded, write_document
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.marks import mark_fields
from clouddp.providers.azure_classic.operations import Operations, still_unknown

SERVICES_PATH: Final = "/services/hostedservices"


class ClassicServices:
    """The hosted services of one subscription."""

    def __init__(self, api: ManagementApi, operations: Operations) -> None:
        self._api = api
        self._operations = operations

    def ensure_service(self, name: str, *, region: str, label: str, marks: Mapping[str, str]) -> bool:
        """Create the hosted service unless it is there."""
        if not self._is_there(name):
            self._create(name, region, label, marks)
        self._operations.forget(_subject(name))
        return True

    def ensure_certificate(self, service: str, certificate: KeyedCertificate) -> bool:
        """Add the certificate, under a password used for this once, unless it is there."""
        path = f"{SERVICES_PATH}/{service}/certificates"
        subject = f"certificate {service} {certificate.thumbprint}"
        if self._api.read(f"{path}/sha1-{certificate.thumbprint}") is not None:
            self._operations.forget(subject)
            return True
        if not self._operations.is_under_way(subject):
            password = secrets.token_urlsafe(24)
            fields: list[Field] = [
                ("Data", encoded(to_pfx(certificate, password))),
                ("CertificateFormat", "pfx"),
                ("Password", password),
            ]
            document = write_document("CertificateFile", fields)
            self._operations.ask(subject, lambda: self._api.write("POST", path, document))
        return False

    def remove_other_certificates(self, service: str, *, kept_thumbprint: str) -> bool:
        """Delete each certificate that is not the kept one; one that is still used is deleted later."""
        path = f"{SERVICES_PATH}/{service}/certificates"
        listed = self._api.read(path)
        thumbprints = [] if listed is None else [each.text("Thumbprint") for each in listed.children("Certificate")]
        others = [thumbprint for thumbprint in thumbprints if thumbprint.upper() != kept_thumbprint.upper()]
        for other in others:
            subject = f"removal of certificate {service} {other}"
            if not self._operations.is_under_way(subject):
                removal = f"{path}/sha1-{other}"
                self._operations.ask(subject, lambda removal=removal: self._api.remove(removal))  # type: ignore[misc]
        return not others

    def remove_service(self, service: str) -> bool:
        """Delete the hosted service, and wait for one that was asked for and is not to be seen yet."""
        if not self._is_there(service):
            return not self._operations.may_still_come(_subject(service))
        self._operations.note_seen(_subject(service))
        self._api.remove(f"{SERVICES_PATH}/{service}")
        return False

    def _create(self, name: str, region: str, label: str, marks: Mapping[str, str]) -> None:
        fields: list[Field] = [
            ("ServiceName", name),
            ("Label", encoded(label)),
            ("Description", "Cloud distribution point"),
            ("Location", region),
            *mark_fields(marks),
        ]
        document = write_document("CreateHostedService", fields)
        try:
            self._operations.ask(_subject(name), lambda: self._api.write("POST", SERVICES_PATH, document))
        except ConflictError as error:
            if self._is_there(name):
                return
            if self._operations.is_unanswered(_subject(name)):
                raise still_unknown(_subject(name)) from error
            raise ConflictError("cloud.name_taken", name=name, detail=error.arguments["detail"]) from error

    def _is_there(self, name: str) -> bool:
        return self._api.read(f"{SERVICES_PATH}/{name}") is not None


def _subject(name: str) -> str:
    return f"hosted service {name}"
