"""XML documents of the management protocol: read from requests, and written for replies."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clouddp.fabric.management.protocol_errors import bad_request, invalid_xml

NAMESPACE = "http://schemas.microsoft.com/windowsazure"
INSTANCE_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"

LABEL_LIMIT: Final = 100
DESCRIPTION_LIMIT: Final = 1024
PROPERTY_LIMIT: Final = 50

_PROPERTY_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_PROPERTY_VALUE_LIMIT: Final = 255
_UNWRITABLE: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


@dataclass(frozen=True, slots=True)
class RequestDocument:
    """The body of a request; its children are found by name, as the protocol's clients differ in their order."""

    root: Element

    def text(self, name: str) -> str:
        """Return the text of a child; empty where it is missing or nil."""
        return self.exact_text(name).strip()

    def exact_text(self, name: str) -> str:
        """Return the text of a child with the blanks around it, which count in a password."""
        return self.root.findtext(f"{{{NAMESPACE}}}{name}") or ""

    def needed_text(self, name: str) -> str:
        """Return the text of a child that must be there."""
        text = self.text(name)
        if not text:
            raise bad_request("The {} element is required.", name)
        return text

    def is_set(self, name: str) -> bool:
        """Read a child that says true or false; a missing one says false."""
        text = self.text(name).lower()
        if text not in ("", "true", "false", "1", "0"):
            raise invalid_xml()
        return text in ("true", "1")

    def needed_bytes(self, name: str) -> bytes:
        """Return the content of a child in Base-64 that must be there."""
        return _from_base64(self.needed_text(name), name)

    def label(self) -> str:
        """Return the label as it came, in Base-64, once it is known to be a short text in UTF-8."""
        label = self.needed_text("Label")
        try:
            text = _from_base64(label, "Label").decode()
        except UnicodeDecodeError as error:
            raise bad_request("The Label element is not text in UTF-8.") from error
        if len(text) > LABEL_LIMIT:
            raise bad_request("The label is longer than {} characters.", LABEL_LIMIT)
        return label

    def optional_label(self) -> str:
        """Return the label as `label` does; empty where it is missing or nil."""
        return self.label() if self.text("Label") else ""

    def description(self) -> str:
        """Return the description; empty where it is missing or nil."""
        description = self.text("Description")
        if len(description) > DESCRIPTION_LIMIT:
            raise bad_request("The description is longer than {} characters.", DESCRIPTION_LIMIT)
        return description

    def extended_properties(self) -> tuple[tuple[str, str], ...]:
        """Return names and values of the extended properties."""
        found = self.root.iterfind(f"{{{NAMESPACE}}}ExtendedProperties/{{{NAMESPACE}}}ExtendedProperty")
        properties = tuple(
            (
                (item.findtext(f"{{{NAMESPACE}}}Name") or "").strip(),
                (item.findtext(f"{{{NAMESPACE}}}Value") or "").strip(),
            )
            for item in found
        )
        _check_properties(properties)
        return properties


def _check_properties(properties: tuple[tuple[str, str], ...]) -> None:
    if len(properties) > PROPERTY_LIMIT:
        raise bad_request("There are more than {} extended properties.", PROPERTY_LIMIT)
    for name, value in properties:
        if not _PROPERTY_NAME.fullmatch(name):
            raise bad_request(
                "The name of an extended property must begin with a letter and have at most 64 letters, numbers and "
                "underscores."
            )
        if len(value) > _PROPERTY_VALUE_LIMIT:
            raise bad_request("The value of the extended property {} is too long.", name)
    if len({name for name, _ in properties}) < len(properties):
        raise bad_request("An extended property is there twice.")


def merge_properties(
    known: tuple[tuple[str, str], ...], changed: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Add extended properties to those there are; one of the same name is replaced.

    Raises:
        ProtocolError: there are too many now.

    """
    merged = tuple({**dict(known), **dict(changed)}.items())
    _check_properties(merged)
    return merged


def read_document(body: bytes, root_name: str) -> RequestDocument:
    """Parse the body of a request.

    Raises:
        ProtocolError: it is no XML, holds a document type, or another document.

    """
    root = parse_xml(body)
    if root.tag != f"{{{NAMESPACE}}}{root_name}":
        raise invalid_xml()
    return RequestDocument(root)


def parse_xml(body: bytes) -> Element:
    """Parse XML from outside: no document type, no entities.

    Raises:
        ProtocolError: it is no such XML.

    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise invalid_xml() from error
    return root


def _from_base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_request("The {} element is not Base-64.", name) from error


def reply_document(name: str, *children: str) -> str:
    """Write the document of a reply; children are markup."""
    return f'<{name} xmlns="{NAMESPACE}" xmlns:i="{INSTANCE_NAMESPACE}">{"".join(children)}</{name}>'


def element(name: str, *children: str) -> str:
    """Write an element of elements."""
    return f"<{name}>{''.join(children)}</{name}>" if children else f"<{name}/>"


def text_element(name: str, text: object) -> str:
    """Write an element of text."""
    content = escape(_UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", str(text)))
    return f"<{name}>{content}</{name}>" if content else f"<{name}/>"


def nil_element(name: str, text: str) -> str:
    """Write an element of text that is nil where there is none."""
    return text_element(name, text) if text else f'<{name} i:nil="true"/>'


def flag_element(name: str, *, value: bool) -> str:
    """Write an element that says true or false."""
    return text_element(name, "true" if value else "false")


def extended_properties_element(properties: Iterable[tuple[str, str]]) -> str:
    """Write the extended properties."""
    return element(
        "ExtendedProperties",
        *(
            element("ExtendedProperty", text_element("Name", name), text_element("Value", value))
            for name, value in properties
        ),
    )


def moment_text(moment: datetime) -> str:
    """Write a moment as most documents do, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def precise_moment_text(moment: datetime) -> str:
    """Write a moment as management certificates do, with seven digits of the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"
