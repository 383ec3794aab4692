"""The XML documents of Azure Service Management: written in the documented order, read by element name."""

import base64
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring  # written only; what is read is defused

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clouddp.model.errors import CloudError

NAMESPACE: Final = "http://schemas.microsoft.com/windowsazure"


Field = tuple[str, "str | list[Field]"]
"""An element's name, and its text or its children."""


def write_document(root: str, fields: Sequence[Field]) -> bytes:
    """Write a document whose children are in the order given."""
    element = Element(root, xmlns=NAMESPACE)
    _append(element, fields)
    return bytes(tostring(element, encoding="utf-8", xml_declaration=True))


def _append(element: Element, fields: Sequence[Field]) -> None:
    for name, content in fields:
        child = SubElement(element, name)
        if isinstance(content, str):
            child.text = content
        else:
            _append(child, content)


def encoded(text: str | bytes) -> str:
    """Encode what the protocol carries in Base-64: labels, configurations, certificates."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode("ascii")


def read_document(body: bytes, *, url: str, status: int) -> "Node":
    """Read an answer.

    Raises:
        CloudError: it is no document of this protocol; a proxy or a wrong address may have answered.
    """
    try:
        return Node(fromstring(body, forbid_dtd=True))
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise CloudError("cloud.answer_not_understood", url=url, status=status) from error


class Node:
    """An element whose children are found by name, whatever their namespace."""

    def __init__(self, element: Element) -> None:
        self._element = element

    def text(self, *path: str) -> str:
        """Give the text at a path; empty where there is none."""
        found = self.find(*path)
        return "" if found is None else (found._element.text or "").strip()  # noqa: SLF001 (of its own class)

    def number(self, *path: str) -> int:
        """Give the number at a path; 0 where there is none."""
        text = self.text(*path)
        return int(text) if text.isascii() and text.isdecimal() else 0

    def find(self, *path: str) -> "Node | None":
        """Give the element at a path."""
        node: Node | None = self
        for name in path:
            node = None if node is None else next(node.children(name), None)
        return node

    def children(self, name: str) -> Iterator["Node"]:
        """Give all children of one name."""
        for child in self._element:
            if isinstance(child.tag, str) and child.tag.rpartition("}")[2] == name:
                yield Node(child)
