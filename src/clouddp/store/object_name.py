"""Which names an object may have, so that every store can keep it and none is led outside of itself."""

import re
from typing import Final

from clouddp.model.errors import InvalidInputError

_LONGEST_NAME: Final = 1_000  # characters; Azure and S3 both take 1,024
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,199}")


def check_object_name(name: str) -> None:
    """Refuse a name that is not a plain relative path; raises InvalidInputError("store.name_not_usable")."""
    if len(name) > _LONGEST_NAME or not all(_SEGMENT.fullmatch(segment) for segment in name.split("/")):
        raise InvalidInputError("store.name_not_usable", name=name[:100])
