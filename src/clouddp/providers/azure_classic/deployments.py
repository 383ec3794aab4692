"""The deployment in the production slot of each hosted service."""

import base64
import binascii
from typing import Final

from clouddp.model.errors import ConflictError, NotFoundError
from clouddp.providers.azure_classic.documents import Field, Node, encoded, write_document
from clouddp.providers.azure_classic.management_api import ManagementApi
from clouddp.providers.azure_classic.operations import Operations
from clouddp.providers.azure_classic.service_configuration import is_same_configuration
from clouddp.providers.azure_classic.services import SERVICES_PATH
from clouddp.providers.base import Deployment, DeploymentPlan, RoleInstance

_RUNNING: Final = "Running"
_SUSPENDED: Final = "Suspended"


class ClassicDeployments:
    """The deployments of one subscription. The cloud does one thing at a time to each."""

    def __init__(self, api: ManagementApi, operations: Operations) -> None:
        self._api = api
        self._operations = operations

    def ensure_deployment(self, service: str, plan: DeploymentPlan) -> bool:
        """Create the production deployment unless it is there."""
        if self._read(service) is not None:
            self._operations.note_seen(_creation(service))
            return True
        if not self._operations.is_under_way(_creation(service)):
            try:
                self._operations.ask(_creation(service), lambda: self._create(service, plan))
            except ConflictError:
                if self._read(service) is None:
                    raise
        return False

    def find_deployment(self, service: str) -> Deployment | None:
        """Read the production deployment; raises the cloud's error when what was asked of it failed."""
        self._is_under_way(service)
        node = self._read(service)
        return None if node is None else _deployment(node)

    def ensure_configuration(self, service: str, configuration: bytes) -> bool:
        """Send Change Configuration when the deployment follows another one."""
        node = self._existing(service)
        if self._is_busy(service, node):
            return False
        if is_same_configuration(_decoded(node, "Configuration"), configuration):
            return True
        fields: list[Field] = [
            ("Configuration", encoded(configuration)),
            ("TreatWarningsAsError", "false"),
            ("Mode", "Auto"),
        ]
        self._ask(service, "config", write_document("ChangeConfiguration", fields))
        return False

    def ensure_package(self, service: str, plan: DeploymentPlan) -> bool:
        """Send Upgrade Deployment when the deployment's label names another package."""
        node = self._existing(service)
        if _decoded(node, "Label") == plan.name.encode():
            return self.ensure_configuration(service, plan.configuration)
        if not self._is_busy(service, node):
            fields: list[Field] = [
                ("Mode", "Auto"),
                ("PackageUrl", plan.package_url),
                ("Configuration", encoded(plan.configuration)),
                ("Label", encoded(plan.name)),
                ("Force", "false"),
            ]
            self._ask(service, "upgrade", write_document("UpgradeDeployment", fields))
        return False

    def ensure_running(self, service: str) -> bool:
        """Send Update Deployment Status when it does not run."""
        return self._ensure_status(service, self._existing(service), _RUNNING)

    def ensure_suspended(self, service: str) -> bool:
        """Send Update Deployment Status when it runs."""
        node = self._read(service)
        if node is None:
            return not self._operations.may_still_come(_creation(service))
        return self._ensure_status(service, node, _SUSPENDED)

    def remove_deployment(self, service: str) -> bool:
        """Delete the production deployment, and wait for one that was asked for and is not to be seen yet."""
        if self._read(service) is None:
            return not self._operations.may_still_come(_creation(service))
        self._operations.note_seen(_creation(service))
        if not self._operations.is_under_way(_removal(service)):
            self._operations.ask(_removal(service), lambda: self._api.remove(_path(service)))
        return False

    def _ensure_status(self, service: str, node: Node, status: str) -> bool:
        if self._is_busy(service, node):
            return False
        if node.text("Status") == status:
            return True
        self._ask(service, "status", write_document("UpdateDeploymentStatus", [("Status", status)]))
        return False

    def _is_busy(self, service: str, node: Node) -> bool:
        return self._is_under_way(service) or node.text("Status") not in (_RUNNING, _SUSPENDED)

    def _is_under_way(self, service: str) -> bool:
        is_coming = self._operations.is_under_way(_creation(service))
        return self._operations.is_under_way(_change(service)) or is_coming

    def _ask(self, service: str, comp: str, document: bytes) -> None:
        self._operations.ask(
            _change(service), lambda: self._api.write("POST", f"{_path(service)}/?comp={comp}", document)
        )

    def _create(self, service: str, plan: DeploymentPlan) -> str:
        fields: list[Field] = [
            ("Name", plan.name),
            ("PackageUrl", plan.package_url),
            ("Label", encoded(plan.name)),
            ("Configuration", encoded(plan.configuration)),
            ("StartDeployment", "true"),
            ("TreatWarningsAsError", "false"),
        ]
        return self._api.write("POST", _path(service), write_document("CreateDeployment", fields))

    def _read(self, service: str) -> Node | None:
        return self._api.read(_path(service))

    def _existing(self, service: str) -> Node:
        node = self._read(service)
        if node is None:
            raise NotFoundError("cloud.deployment_missing", service=service)
        return node


def _path(service: str) -> str:
    return f"{SERVICES_PATH}/{service}/deploymentslots/Production"


def _creation(service: str) -> str:
    return f"deployment {service}"


def _change(service: str) -> str:
    return f"change of deployment {service}"


def _removal(service: str) -> str:
    return f"removal of deployment {service}"


def _decoded(node: Node, name: str) -> bytes:
    try:
        return base64.b64decode(node.text(name), validate=True)
    except binascii.Error:
        return b""


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
        package_label=_decoded(node, "Label").decode("utf-8", "replace"),
    )
