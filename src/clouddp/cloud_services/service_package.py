"""The service package and its configuration: data alone, from which the cloud starts our front ends."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring  # written only

from clouddp.model.cloud_service import CloudService

PACKAGE_FOLDER: Final = "package"

_NAMESPACE: Final = "http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration"
_ROLE: Final = "DistributionPoint"
_ROLE_VERSION: Final = 1
_ANY_DATE: Final = (2012, 1, 1, 0, 0, 0)  # the same package every time


def build_package() -> bytes:
    """Make the service package: a zip that names the role, and holds nothing that runs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        role = json.dumps({"role": _ROLE, "version": _ROLE_VERSION})
        package.writestr(zipfile.ZipInfo("role.json", _ANY_DATE), role)
    return buffer.getvalue()


def package_name(service: CloudService) -> str:
    """Name the object that the wanted service package is in."""
    return f"{PACKAGE_FOLDER}/{service.package_generation}.cspkg"


def package_label(service: CloudService) -> str:
    """Name the wanted service package, as the label of a deployment made from it."""
    return f"clouddp{service.package_generation}"


def build_configuration(
    service_name: str, *, instance_count: int, settings: Mapping[str, str], certificate_thumbprint: str
) -> bytes:
    """Make the service configuration (.cscfg)."""
    root = Element("ServiceConfiguration", xmlns=_NAMESPACE, serviceName=service_name, osFamily="4", osVersion="*")
    role = SubElement(root, "Role", name=_ROLE)
    SubElement(role, "Instances", count=str(instance_count))
    configuration = SubElement(role, "ConfigurationSettings")
    for name, value in settings.items():
        SubElement(configuration, "Setting", name=name, value=value)
    certificates = SubElement(role, "Certificates")
    SubElement(
        certificates,
        "Certificate",
        name="Service",
        thumbprint=certificate_thumbprint,
        thumbprintAlgorithm="sha1",
    )
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
