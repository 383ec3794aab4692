"""The service configuration (.cscfg) of a deployment: which role, how many instances, with what settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from clouddp.fabric.management.documents import parse_xml
from clouddp.fabric.management.protocol_errors import ProtocolError, bad_request

INSTANCE_LIMIT: Final = 20

_NAMESPACE: Final = "{http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration}"
_ROLE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfiguration:
    """What a .cscfg says of its one role; certificates are thumbprints by name."""

    role: str
    instance_count: int
    settings: Mapping[str, str]
    certificates: Mapping[str, str]

    @property
    def instance_names(self) -> list[str]:
        """The names of the role's instances."""
        return [f"{self.role}_IN_{number}" for number in range(self.instance_count)]


def read_service_configuration(text: str) -> ServiceConfiguration:
    """Parse a .cscfg.

    Raises:
        ProtocolError: it is none, or says what the fabric cannot do.

    """
    try:
        root = parse_xml(text.encode())
    except ProtocolError as error:
        raise _invalid("it is not XML") from error
    roles = root.findall(f"{_NAMESPACE}Role")
    if root.tag != f"{_NAMESPACE}ServiceConfiguration" or len(roles) != 1:
        raise _invalid("it must be a ServiceConfiguration with one Role")
    role = roles[0]
    name = role.get("name", "")
    if not _ROLE_NAME.fullmatch(name):
        raise _invalid("the name of the Role is not valid")
    return ServiceConfiguration(
        role=name,
        instance_count=_instance_count(role),
        settings=_attributes(role, "ConfigurationSettings/Setting", "value"),
        certificates=_certificates(role),
    )


def _instance_count(role: Element) -> int:
    instances = role.find(f"{_NAMESPACE}Instances")
    count = instances.get("count", "") if instances is not None else ""
    if not count.isascii() or not count.isdigit() or not 1 <= int(count[:6]) <= INSTANCE_LIMIT:
        raise _invalid("the count of Instances must be from 1 to {}", INSTANCE_LIMIT)
    return int(count)


def _certificates(role: Element) -> dict[str, str]:
    certificates = _attributes(role, "Certificates/Certificate", "thumbprint")
    for thumbprint in certificates.values():
        if not _THUMBPRINT.fullmatch(thumbprint):
            raise _invalid("the thumbprint of a Certificate is not valid")
    return {name: thumbprint.upper() for name, thumbprint in certificates.items()}


def _attributes(role: Element, path: str, attribute: str) -> dict[str, str]:
    """Read `name` and another attribute of each element; a name given twice is refused."""
    found: dict[str, str] = {}
    for item in role.iterfind("/".join(_NAMESPACE + step for step in path.split("/"))):
        name, value = item.get("name"), item.get(attribute)
        if not name or value is None or name in found:
            raise _invalid("an element {} lacks its name or {}, or is there twice", path, attribute)
        found[name] = value
    return found


def _invalid(reason: str, *values: object) -> ProtocolError:
    return bad_request("The service configuration is not valid: {}.", reason.format(*values))
