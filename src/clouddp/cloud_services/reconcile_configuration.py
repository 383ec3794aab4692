"""Read a service configuration (.cscfg) back from the cloud, where somebody may have changed it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_ROLE: Final = "DistributionPoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfiguration:
    """What a configuration says of our role; thumbprints are in capitals, by the certificate's name."""

    instance_count: int
    settings: Mapping[str, str]
    certificates: Mapping[str, str]


def read_configuration(data: bytes) -> ServiceConfiguration | None:
    """Read a configuration; None when it is no such document, or one without our role."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    role = next((role for role in _all(root, "Role") if role.get("name") == _ROLE), None)
    if role is None:
        return None
    counts = [element.get("count", "") for element in _all(role, "Instances")]
    return ServiceConfiguration(
        instance_count=int(counts[0]) if counts and counts[0].isascii() and counts[0].isdecimal() else 0,
        settings={element.get("name", ""): element.get("value", "") for element in _all(role, "Setting")},
        certificates={
            element.get("name", ""): element.get("thumbprint", "").upper() for element in _all(role, "Certificate")
        },
    )


def differing_names(wanted: ServiceConfiguration, found: ServiceConfiguration) -> tuple[str, ...]:
    """Name the settings and certificates that are not as wanted; their values may be secret and stay untold."""
    pairs = ((wanted.settings, found.settings), (wanted.certificates, found.certificates))
    return tuple(
        sorted(
            name for ours, theirs in pairs for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
        )
    )


def _all(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if str(element.tag).rpartition("}")[2] == name)
