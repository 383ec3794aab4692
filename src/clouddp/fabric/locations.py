"""The regions of the embedded cloud, and what each offers."""

from dataclasses import dataclass
from typing import Final

from clouddp.fabric.management.protocol_errors import bad_request

AVAILABLE_SERVICES: Final = ("Compute", "Storage")
STORAGE_ACCOUNT_TYPES: Final = ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS")
GEO_REPLICATED_TYPES: Final = ("Standard_GRS", "Standard_RAGRS")


@dataclass(frozen=True, slots=True)
class RoleSize:
    """One size that an instance of a role can have."""

    name: str
    cores: int
    memory_mb: int
    data_disks: int
    disk_mb: int


ROLE_SIZES: Final = (
    RoleSize("ExtraLarge", 8, 14_336, 16, 2_088_960),
    RoleSize("ExtraSmall", 1, 768, 1, 20_480),
    RoleSize("Large", 4, 7_168, 8, 1_024_000),
    RoleSize("Medium", 2, 3_584, 4, 501_760),
    RoleSize("Small", 1, 1_792, 2, 230_400),
)
"""As the real service describes its standard sizes. Every instance of the fabric is Small, so it counts one core."""


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
