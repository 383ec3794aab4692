"""Hosted services: their certificates, and the deployment in their production slot."""

import secrets
from typing import Final

from clouddp.model.errors import ConflictError
from clouddp.network.certificates import KeyedCertificate, to_pfx
from clouddp.providers.azure_classic.documents import Field, Node, encoded, write_document
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.marks import mark_fields
from clouddp.providers.azure_classic.operations import Operations
from clouddp.providers.base import Deployment, DeploymentPlan, Mark, RoleInstance

_PATH: Final = "/services/hostedservices"
_CERTIFICATE: Final = "add certificate"
_DEPLOYMENT: Final = "create deployment"
_REMOVAL: Final = "remove deployment"


class ClassicServices:
    """The hosted services of one subscription."""

    def __init__(self, api: ManagementApi, operations: Operations, *, mark: Mark | None) -> None:
        self._api = api
        self._operations = operations
        self._mark = mark

    def ensure_service(self, name: str, *, region: str, label: str) -> bool:
        """Create the hosted service unless it is there."""
        if self._api.read(f"{_PATH}/{name}") is not None:
            return True
        document = write_document(
            "CreateHostedService",
            [
                ("ServiceName", name),
                ("Label", encoded(label)),
                ("Description", "Cloud distribution point"),
                ("Location", region),
                *mark_fields(self._mark),
            ],
        )
        try:
            self._api.write("POST", _PATH, document)
        except ConflictError as error:
            if self._api.read(f"{_PATH}/{name}") is None:
                raise ConflictError("cloud.name_taken", name=name, detail=error.arguments["detail"]) from error
        return True

    def ensure_certificate(self, service: str, certificate: KeyedCertificate) -> bool:
        """Add the certificate, under a password used for this once, unless it is there."""
        path = f"{_PATH}/{service}/certificates"
        key = f"{service} {certificate.thumbprint}"
        if self._api.read(f"{path}/sha1-{certificate.thumbprint}") is not None:
            self._operations.forget(_CERTIFICATE, key)
            return True
        if not self._operations.is_under_way(_CERTIFICATE, key):
            password = secrets.token_urlsafe(24)
            fields: list[Field] = [
                ("Data", encoded(to_pfx(certificate, password))),
                ("CertificateFormat", "pfx"),
                ("Password", password),
            ]
            request_id = self._api.write("POST", path, write_document("CertificateFile", fields))
            self._operations.begin(_CERTIFICATE, key, request_id=request_id)
        return False

    def ensure_deployment(self, service: str, plan: DeploymentPlan) -> bool:
        """Create the production deployment unless it is there."""
        if self._read_deployment(service) is not None:
            return True
        if not self._operations.is_under_way(_DEPLOYMENT, service):
            request_id = self._create(service, plan)
            self._operations.begin(_DEPLOYMENT, service, request_id=request_id)
        return False

    def find_deployment(self, service: str) -> Deployment | None:
        """Read the production deployment; raises the cloud's error when its creation failed."""
        self._operations.is_under_way(_DEPLOYMENT, service)
        node = self._read_deployment(service)
        return None if node is None else _deployment(node)

    def remove_deployment(self, service: str) -> bool:
        """Delete the production deployment unless it is gone."""
        if self._read_deployment(service) is None:
            self._operations.forget(_REMOVAL, service)
            return self._operations.is_ended(_DEPLOYMENT, service)
        if not self._operations.is_under_way(_REMOVAL, service):
            request_id = self._api.remove(f"{_PATH}/{service}/deploymentslots/Production")
            self._operations.begin(_REMOVAL, service, request_id=request_id)
        return False

    def remove_service(self, service: str) -> bool:
        """Delete the hosted service unless it is gone."""
        if self._api.read(f"{_PATH}/{service}") is None:
            return True
        self._api.remove(f"{_PATH}/{service}")
        return self._api.read(f"{_PATH}/{service}") is None

    def _create(self, service: str, plan: DeploymentPlan) -> str:
        fields: list[Field] = [
            ("Name", plan.name),
            ("PackageUrl", plan.package_url),
            ("Label", encoded(plan.name)),
            ("Configuration", encoded(plan.configuration)),
            ("StartDeployment", "true"),
            ("TreatWarningsAsError", "false"),
        ]
        path = f"{_PATH}/{service}/deploymentslots/Production"
        return self._api.write("POST", path, write_document("CreateDeployment", fields))

    def _read_deployment(self, service: str) -> Node | None:
        return self._api.read(f"{_PATH}/{service}/deploymentslots/Production")


def _deployment(node: Node) -> Deployment:
    found = node.find("RoleInstanceList")
    instances = () if found is None else tuple(found.children("RoleInstance"))
    ports = [instance.number("InstanceEndpoints", "InstanceEndpoint", "PublicPort") for instance in instances]
    return Deployment(
        status=node.text("Status"),
        instances=tuple(
            RoleInstance(
                name=instance.text("InstanceName"),
                status=instance.text("InstanceStatus"),
                is_ready=instance.text("InstanceStatus") == "ReadyRole",
            )
            for instance in instances
        ),
        virtual_ip=node.text("VirtualIPs", "VirtualIP", "Address") or None,
        port=next((port for port in ports if port), None),
    )
