"""The regions of the embedded cloud, and what each offers."""

from dataclasses import dataclass
from typing import Final

from clouddp.fabric.management.protocol_errors import bad_request

AVAILABLE_SERVICES: Final = ("Compute", "Storage")
ROLE_SIZES: Final = ("ExtraSmall", "Small", "Medium", "Large", "ExtraLarge")
STORAGE_ACCOUNT_TYPES: Final = ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS")


@dataclass(frozen=True, slots=True)
class Location:
    """One region; each has a partner that its storage is replicated to."""

    name: str
    partner: str


LOCATIONS: Final = (
    Location("North Europe", "West Europe"),
    Location("West Europe", "North Europe"),
    Location("East US", "West US"),
    Location("West US", "East US"),
    Location("East Asia", "Southeast Asia"),
    Location("Southeast Asia", "East Asia"),
)


def find_location(name: str) -> Location:
    """Return the region of this name.

    Raises:
        ProtocolError: there is none.

    """
    for location in LOCATIONS:
        if location.name == name:
            return location
    raise bad_request("The location constraint is not valid.")
