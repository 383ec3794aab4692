"""The marks by which a site knows what it has made in a cloud, whoever else has things there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SITE_CODE: Final = "clouddp_site_code"
_SITE_ID: Final = "clouddp_site_id"
_SERVICE_ID: Final = "clouddp_service_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The site that things in a cloud belong to; two sites may bear one code, `site_id` tells them apart."""

    site_code: str
    site_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Whose a thing is: of which site, made for which cloud distribution point."""

    owner: Owner
    service_id: str


def write_mark(mark: Mark) -> Mapping[str, str]:
    """Give a mark as a cloud keeps it: short names and values, which its portal shows."""
    return {
        _SITE_CODE: mark.owner.site_code,
        _SITE_ID: mark.owner.site_id,
        _SERVICE_ID: mark.service_id,
    }


def read_mark(marks: Mapping[str, str]) -> Mark | None:
    """Read a mark among whatever else is written there; None unless all of it is."""
    if not all(marks.get(name) for name in (_SITE_CODE, _SITE_ID, _SERVICE_ID)):
        return None
    owner = Owner(site_code=marks[_SITE_CODE], site_id=marks[_SITE_ID])
    return Mark(owner=owner, service_id=marks[_SERVICE_ID])
