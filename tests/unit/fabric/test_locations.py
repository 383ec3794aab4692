"""The regions have partners among themselves, and sizes and kinds are those that clients know."""

import pytest

from clouddp.fabric.locations import GEO_REPLICATED_TYPES, LOCATIONS, ROLE_SIZES, STORAGE_ACCOUNT_TYPES, find_location
from clouddp.fabric.management.protocol_errors import ProtocolError


def test_every_region_is_replicated_to_another_and_back() -> None:
    for location in LOCATIONS:
        partner = find_location(location.partner)
        assert partner != location
        assert partner.partner == location.name


@pytest.mark.parametrize("name", ["", "west europe", "West Europe ", "Atlantis"])
def test_a_region_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ProtocolError, match="location constraint"):
        find_location(name)


def test_what_is_replicated_elsewhere_is_a_kind_of_account() -> None:
    assert set(GEO_REPLICATED_TYPES) < set(STORAGE_ACCOUNT_TYPES)


def test_an_instance_counts_one_core() -> None:
    assert {size.name: size.cores for size in ROLE_SIZES}["Small"] == 1
