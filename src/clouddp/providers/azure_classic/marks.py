"""How a mark is written on a storage account or hosted service: as extended properties, which the portal shows.

The service takes 50 of them. A name has at most 64 letters, digits and underscores and begins with a letter; a value
has at most 255 characters.
"""

from typing import Final

from clouddp.providers.azure_classic.documents import Field, Node
from clouddp.providers.base import Mark, Owner

_SITE_CODE: Final = "clouddp_site_code"
_SITE_ID: Final = "clouddp_site_id"
_SERVICE_ID: Final = "clouddp_service_id"


def mark_fields(mark: Mark | None) -> list[Field]:
    """Give what a document that creates something has to hold; nothing without a mark."""
    if mark is None:
        return []
    properties = ((_SITE_CODE, mark.owner.site_code), (_SITE_ID, mark.owner.site_id), (_SERVICE_ID, mark.service_id))
    written: list[Field] = [("ExtendedProperty", [("Name", name), ("Value", value)]) for name, value in properties]
    return [("ExtendedProperties", written)]


def read_mark(properties: Node | None) -> Mark | None:
    """Read the mark among extended properties; None unless all of it is there."""
    if properties is None:
        return None
    found = {item.text("Name"): item.text("Value") for item in properties.children("ExtendedProperty")}
    if not all(found.get(name) for name in (_SITE_CODE, _SITE_ID, _SERVICE_ID)):
        return None
    owner = Owner(site_code=found[_SITE_CODE], site_id=found[_SITE_ID])
    return Mark(owner=owner, service_id=found[_SERVICE_ID])
