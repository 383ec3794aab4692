"""How marks are written on a storage account or hosted service: as extended properties, which the portal shows.

The service takes 50 of them. A name has at most 64 letters, digits and underscores and begins with a letter; a value
has at most 255 characters.
"""

from collections.abc import Mapping

from clouddp.providers.azure_classic.documents import Field, Node


def mark_fields(marks: Mapping[str, str]) -> list[Field]:
    """Give what a document that creates something has to hold; nothing without marks."""
    written: list[Field] = [("ExtendedProperty", [("Name", name), ("Value", value)]) for name, value in marks.items()]
    return [("ExtendedProperties", written)] if written else []


def read_marks(properties: Node | None) -> Mapping[str, str]:
    """Read extended properties, whoever wrote them."""
    if properties is None:
        return {}
    return {item.text("Name"): item.text("Value") for item in properties.children("ExtendedProperty")}
