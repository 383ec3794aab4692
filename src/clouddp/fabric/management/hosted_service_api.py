"""Management REST of hosted services and service certificates."""

from collections.abc import Mapping
from typing import Final

from clouddp.fabric.compute.hosted_services import HostedService, HostedServices, NewHostedService, ServiceCertificate
from clouddp.fabric.compute.service_removal import ServiceRemoval
from clouddp.fabric.locations import ROLE_SIZES
from clouddp.fabric.management.deployment_documents import DeploymentDocuments
from clouddp.fabric.management.documents import (
    element,
    extended_properties_element,
    moment_text,
    nil_element,
    read_document,
    reply_document,
    text_element,
)
from clouddp.fabric.management.protocol_errors import bad_request, not_found
from clouddp.fabric.management.routes import CERTIFICATE_VERSION, Reply, Request, Route

_PATH: Final = "/services/hostedservices"


class HostedServiceApi:
    """Answers what concerns hosted services."""

    def __init__(
        self, services: HostedServices, removal: ServiceRemoval, deployment_documents: DeploymentDocuments
    ) -> None:
        self._services = services
        self._removal = removal
        self._deployment_documents = deployment_documents

    def routes(self) -> list[Route]:
        """Return the routes of these operations."""
        certificates = f"{_PATH}/{{name}}/certificates"
        return [
            Route("GET", _PATH, "list-hosted-services", self._list),
            Route("POST", _PATH, "create-hosted-service", self._create),
            Route(
                "GET",
                f"{_PATH}/operations/isavailable/{{name}}",
                "check-hosted-service-name",
                self._check_name,
                version=CERTIFICATE_VERSION,
            ),
            Route("GET", f"{_PATH}/{{name}}", "get-hosted-service", self._get),
            Route("PUT", f"{_PATH}/{{name}}", "update-hosted-service", self._update),
            Route("DELETE", f"{_PATH}/{{name}}", "delete-hosted-service", self._delete),
            Route("DELETE", f"{_PATH}/{{name}}", "delete-hosted-service", self._delete_all, comp="media"),
            Route("GET", certificates, "list-service-certificates", self._list_certificates),
            Route("POST", certificates, "add-service-certificate", self._add_certificate),
            Route("GET", f"{certificates}/{{certificate}}", "get-service-certificate", self._get_certificate),
            Route("DELETE", f"{certificates}/{{certificate}}", "delete-service-certificate", self._delete_certificate),
        ]

    def _check_name(self, _request: Request, names: Mapping[str, str]) -> Reply:
        if self._services.is_available(names["name"]):
            free = (text_element("Result", "true"), nil_element("Reason", ""))
            return Reply(body=reply_document("AvailabilityResponse", *free))
        reason = text_element("Reason", "A hosted service with the specified name already exists.")
        return Reply(body=reply_document("AvailabilityResponse", text_element("Result", "false"), reason))

    def _list(self, request: Request, _names: Mapping[str, str]) -> Reply:
        services = self._services.all(request.subscription_id)
        found = (element("HostedService", *_service(request, service)) for service in services)
        return Reply(body=reply_document("HostedServices", *found))

    def _get(self, request: Request, names: Mapping[str, str]) -> Reply:
        service = self._services.get(request.subscription_id, names["name"])
        parts = _service(request, service)
        if request.query.get("embed-detail", "").lower() == "true":
            parts.insert(-1, element("Deployments", *self._deployment_documents.embedded(service.name)))
        return Reply(body=reply_document("HostedService", *parts))

    def _create(self, request: Request, _names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "CreateHostedService")
        if document.text("AffinityGroup"):
            raise bad_request("The affinity group does not exist.")
        wanted = NewHostedService(
            name=document.needed_text("ServiceName"),
            label=document.label(),
            description=document.description(),
            location=document.needed_text("Location"),
            extended_properties=document.extended_properties(),
        )
        self._services.create(request.subscription_id, wanted)
        url = f"{request.base_url}/subscriptions/{request.subscription_id}/compute/{wanted.name}"
        return Reply(status=201, location=url)

    def _update(self, request: Request, names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "UpdateHostedService")
        self._services.update(
            request.subscription_id,
            names["name"],
            label=document.optional_label(),
            description=document.description(),
            extended_properties=document.extended_properties(),
        )
        return Reply()

    def _delete(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._services.delete(request.id, request.subscription_id, names["name"])
        return Reply()

    def _delete_all(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._removal.delete(request.id, request.subscription_id, names["name"])
        return Reply(status=202)

    def _list_certificates(self, request: Request, names: Mapping[str, str]) -> Reply:
        service = self._services.get(request.subscription_id, names["name"])
        found = (_listed_certificate(request, service, certificate) for certificate in service.certificates)
        return Reply(body=reply_document("Certificates", *found))

    def _get_certificate(self, request: Request, names: Mapping[str, str]) -> Reply:
        thumbprint = _thumbprint(names["certificate"])
        certificate = self._services.get_certificate(request.subscription_id, names["name"], thumbprint)
        return Reply(body=reply_document("Certificate", text_element("Data", certificate.data)))

    def _add_certificate(self, request: Request, names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "CertificateFile")
        self._services.add_certificate(
            request.id,
            request.subscription_id,
            names["name"],
            data=document.needed_bytes("Data"),
            kind=document.needed_text("CertificateFormat").lower(),
            password=document.exact_text("Password"),
        )
        return Reply(status=202)

    def _delete_certificate(self, request: Request, names: Mapping[str, str]) -> Reply:
        thumbprint = _thumbprint(names["certificate"])
        self._services.delete_certificate(request.id, request.subscription_id, names["name"], thumbprint)
        return Reply(status=202)


def _thumbprint(name: str) -> str:
    """Take the thumbprint out of `sha1-<thumbprint>`."""
    algorithm, _, thumbprint = name.partition("-")
    if algorithm.lower() != "sha1" or not thumbprint:
        raise not_found("The certificate was not found.")
    return thumbprint


def _service(request: Request, service: HostedService) -> list[str]:
    sizes = [text_element("RoleSize", size.name) for size in ROLE_SIZES]
    return [
        text_element("Url", _url(request, service)),
        text_element("ServiceName", service.name),
        element(
            "HostedServiceProperties",
            nil_element("Description", service.description),
            text_element("Location", service.location),
            text_element("Label", service.label),
            text_element("Status", "Created"),
            text_element("DateCreated", moment_text(service.created_at)),
            text_element("DateLastModified", moment_text(service.modified_at)),
            extended_properties_element(service.extended_properties),
        ),
        element("ComputeCapabilities", element("WebWorkerRoleSizes", *sizes), element("VirtualMachinesRoleSizes")),
    ]


def _listed_certificate(request: Request, service: HostedService, certificate: ServiceCertificate) -> str:
    url = f"{_url(request, service)}/certificates/sha1-{certificate.thumbprint}"
    return element(
        "Certificate",
        text_element("CertificateUrl", url),
        text_element("Thumbprint", certificate.thumbprint),
        text_element("ThumbprintAlgorithm", "sha1"),
        text_element("Data", certificate.data),
    )


def _url(request: Request, service: HostedService) -> str:
    return f"{request.base_url}/{request.subscription_id}{_PATH}/{service.name}"
