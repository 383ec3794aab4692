"""The document of a deployment: its roles, instances, addresses and configuration."""

import base64

from clouddp.fabric.compute.deployment_roles import DeploymentRoles
from clouddp.fabric.compute.deployments import Deployment, Deployments
from clouddp.fabric.compute.role_instances import POWER_STATES, InstanceStatus
from clouddp.fabric.compute.service_configuration import read_service_configuration
from clouddp.fabric.management.documents import (
    element,
    extended_properties_element,
    flag_element,
    moment_text,
    reply_document,
    text_element,
)


class DeploymentDocuments:
    """Writes what Get Deployment answers."""

    def __init__(self, deployments: Deployments, roles: DeploymentRoles) -> None:
        self._deployments = deployments
        self._roles = roles

    def embedded(self, service_name: str) -> list[str]:
        """Write the deployments of a hosted service as parts of its document."""
        deployments = self._deployments.of_service(service_name)
        return [element("Deployment", *self._deployment(deployment)) for deployment in deployments]

    def document(self, deployment: Deployment) -> str:
        """Write the document of one deployment."""
        return reply_document("Deployment", *self._deployment(deployment))

    def _deployment(self, deployment: Deployment) -> list[str]:
        statuses = self._roles.statuses(deployment)
        configuration = base64.b64encode(deployment.configuration.encode()).decode()
        role = read_service_configuration(deployment.configuration).role
        instances = (_instance(deployment, role, number, *item) for number, item in enumerate(statuses.items()))
        return [
            text_element("Name", deployment.name),
            text_element("DeploymentSlot", deployment.slot),
            text_element("PrivateID", deployment.private_id),
            text_element("Status", deployment.status),
            text_element("Label", deployment.label),
            text_element("Url", f"http://{deployment.host}/"),
            text_element("Configuration", configuration),
            element("RoleInstanceList", *instances),
            text_element("UpgradeDomainCount", len(statuses)),
            element("RoleList", element("Role", text_element("RoleName", role), text_element("OsVersion", ""))),
            text_element("SdkVersion", ""),
            *_input_endpoints(deployment, role),
            flag_element("Locked", value=False),
            flag_element("RollbackAllowed", value=False),
            text_element("CreatedTime", moment_text(deployment.created_at)),
            text_element("LastModifiedTime", moment_text(deployment.modified_at)),
            extended_properties_element(deployment.extended_properties),
            element("PersistentVMDowntime"),
            element("VirtualIPs", *_virtual_ips(deployment)),
            element("LoadBalancers"),
        ]


def _instance(deployment: Deployment, role: str, number: int, name: str, status: InstanceStatus) -> str:
    return element(
        "RoleInstance",
        text_element("RoleName", role),
        text_element("InstanceName", name),
        text_element("InstanceStatus", status),
        text_element("InstanceUpgradeDomain", number),
        text_element("InstanceFaultDomain", number % 2),
        text_element("InstanceSize", "Small"),
        text_element("InstanceStateDetails", ""),
        text_element("IpAddress", deployment.virtual_ip),
        element("InstanceEndpoints", *_instance_endpoints(deployment)),
        text_element("PowerState", POWER_STATES[status]),
        text_element("HostName", name.replace("_", "-")),
    )


def _instance_endpoints(deployment: Deployment) -> list[str]:
    if not deployment.virtual_ip:
        return []
    return [
        element(
            "InstanceEndpoint",
            text_element("Name", "Https"),
            text_element("Vip", deployment.virtual_ip),
            text_element("PublicPort", deployment.port),
            text_element("LocalPort", deployment.port),
            text_element("Protocol", "tcp"),
        )
    ]


def _input_endpoints(deployment: Deployment, role: str) -> list[str]:
    if not deployment.virtual_ip:
        return []
    parts = (
        text_element("RoleName", role),
        text_element("Vip", deployment.virtual_ip),
        text_element("Port", deployment.port),
    )
    return [element("InputEndpointList", element("InputEndpoint", *parts))]


def _virtual_ips(deployment: Deployment) -> list[str]:
    if not deployment.virtual_ip:
        return []
    address = text_element("Address", deployment.virtual_ip)
    is_named = flag_element("IsDnsProgrammed", value=deployment.slot == "Production")
    return [element("VirtualIP", address, is_named, text_element("Name", f"{deployment.service_name}ContractContract"))]
