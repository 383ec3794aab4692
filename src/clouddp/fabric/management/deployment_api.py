"""Management REST of deployments."""

from collections.abc import Mapping
from typing import Final

from clouddp.fabric.compute.deployments import Deployment, Deployments, NewDeployment
from clouddp.fabric.compute.hosted_services import HostedServices
from clouddp.fabric.compute.service_configuration import read_service_configuration
from clouddp.fabric.management.deployment_documents import DeploymentDocuments
from clouddp.fabric.management.documents import RequestDocument, read_document
from clouddp.fabric.management.protocol_errors import bad_request
from clouddp.fabric.management.routes import Reply, Request, Route

_SERVICE: Final = "/services/hostedservices/{name}"
_INSTANCE: Final = "/roleinstances/{instance}"
_MODES: Final = ("", "auto", "simultaneous")


class DeploymentApi:
    """Answers what concerns deployments, which are named by slot or by name."""

    def __init__(
        self, services: HostedServices, deployments: Deployments, deployment_documents: DeploymentDocuments
    ) -> None:
        self._services = services
        self._deployments = deployments
        self._deployment_documents = deployment_documents

    def routes(self) -> list[Route]:
        """Return the routes of these operations."""
        routes = [Route("POST", f"{_SERVICE}/deploymentslots/{{slot}}", "create-deployment", self._create)]
        for path in (f"{_SERVICE}/deploymentslots/{{slot}}", f"{_SERVICE}/deployments/{{deployment}}"):
            routes += [
                Route("GET", path, "get-deployment", self._get),
                Route("DELETE", path, "delete-deployment", self._delete),
                # The media of a deployment are its machines' disks, which a role's instances do not have.
                Route("DELETE", path, "delete-deployment", self._delete, comp="media"),
                Route("POST", path, "update-deployment-status", self._set_status, comp="status"),
                Route("POST", path, "change-configuration", self._change_configuration, comp="config"),
                Route("POST", path, "upgrade-deployment", self._upgrade, comp="upgrade"),
                Route("POST", f"{path}{_INSTANCE}", "reboot-role-instance", self._reboot, comp="reboot"),
                Route("POST", f"{path}{_INSTANCE}", "reimage-role-instance", self._reimage, comp="reimage"),
            ]
        return routes

    def _create(self, request: Request, names: Mapping[str, str]) -> Reply:
        service = self._services.get(request.subscription_id, names["name"])
        document = read_document(request.body, "CreateDeployment")
        document.is_set("TreatWarningsAsError")  # there are no warnings; what is said must be true or false
        wanted = NewDeployment(
            slot=names["slot"],
            name=document.needed_text("Name"),
            label=document.label(),
            package_url=document.needed_text("PackageUrl"),
            configuration=_configuration(document),
            starts=document.is_set("StartDeployment"),
            extended_properties=document.extended_properties(),
        )
        self._deployments.create(request.id, service, wanted)
        return Reply(status=202)

    def _get(self, request: Request, names: Mapping[str, str]) -> Reply:
        return Reply(body=self._deployment_documents.document(self._find(request, names)))

    def _delete(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._deployments.delete(request.id, self._find(request, names))
        return Reply(status=202)

    def _set_status(self, request: Request, names: Mapping[str, str]) -> Reply:
        deployment = self._find(request, names)
        status = read_document(request.body, "UpdateDeploymentStatus").needed_text("Status")
        if status == "Running":
            self._deployments.set_running(request.id, deployment)
        elif status == "Suspended":
            self._deployments.set_suspended(request.id, deployment)
        else:
            raise bad_request("The Status element must be Running or Suspended.")
        return Reply(status=202)

    def _change_configuration(self, request: Request, names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "ChangeConfiguration")
        document.is_set("TreatWarningsAsError")
        return self._change(request, names, document, {"configuration": _configuration(document)})

    def _upgrade(self, request: Request, names: Mapping[str, str]) -> Reply:
        document = read_document(request.body, "UpgradeDeployment")
        document.is_set("Force")
        configuration = _configuration(document)
        role = document.text("RoleToUpgrade")
        if role not in ("", read_service_configuration(configuration).role):
            raise bad_request("The role {} was not found in the service configuration.", role)
        wanted = {
            "configuration": configuration,
            "package_url": document.needed_text("PackageUrl"),
            "label": document.label(),
        }
        return self._change(request, names, document, wanted)

    def _change(
        self, request: Request, names: Mapping[str, str], document: RequestDocument, wanted: Mapping[str, str]
    ) -> Reply:
        if document.text("Mode").lower() not in _MODES:
            raise bad_request("The Mode element must be Auto: upgrade domains are walked by the cloud itself.")
        deployment = self._find(request, names)
        service = self._services.get(request.subscription_id, names["name"])
        properties = document.extended_properties()
        self._deployments.change(request.id, service, deployment, wanted, extended_properties=properties)
        return Reply(status=202)

    def _reboot(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._deployments.reboot(request.id, self._find(request, names), names["instance"])
        return Reply(status=202)

    def _reimage(self, request: Request, names: Mapping[str, str]) -> Reply:
        self._deployments.reimage(request.id, self._find(request, names), names["instance"])
        return Reply(status=202)

    def _find(self, request: Request, names: Mapping[str, str]) -> Deployment:
        service = self._services.get(request.subscription_id, names["name"])
        if "slot" in names:
            return self._deployments.get_by_slot(service.name, names["slot"])
        return self._deployments.get_by_name(service.name, names["deployment"])


def _configuration(document: RequestDocument) -> str:
    try:
        return document.needed_bytes("Configuration").decode()
    except UnicodeDecodeError as error:
        raise bad_request("The Configuration element is not text in UTF-8.") from error
