"""Service configurations (.cscfg): whether two say the same, however they are written."""

from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NAMESPACE: Final = "{http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration}"
_Content = frozenset[tuple[str, ...]]


def is_same_configuration(deployed: bytes, wanted: bytes) -> bool:
    """Compare roles, instance counts, settings and certificates; not the order, the spaces or the case of digits."""
    return _content(deployed) == _content(wanted)


def _content(configuration: bytes) -> _Content | None:
    """List what a configuration says; None when it is none, which equals no other that is."""
    try:
        root = fromstring(configuration, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return frozenset(line for role in root.iter(f"{_NAMESPACE}Role") for line in _lines(role))


def _lines(role: Element) -> list[tuple[str, ...]]:
    name = role.get("name", "")
    instances = role.find(f"{_NAMESPACE}Instances")
    count = "" if instances is None else instances.get("count", "")
    settings = [
        (name, "setting", each.get("name", ""), each.get("value", "")) for each in role.iter(f"{_NAMESPACE}Setting")
    ]
    certificates = [
        (name, "certificate", each.get("name", ""), each.get("thumbprint", "").upper())
        for each in role.iter(f"{_NAMESPACE}Certificate")
    ]
    return [(name, "instances", count), *settings, *certificates]
