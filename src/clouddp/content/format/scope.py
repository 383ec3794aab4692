"""The claims of a signed scope: the objects of one version that a front end may answer, and their lengths."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from clouddp.model.errors import DamagedError
from clouddp.model.exchange import Scope

SCOPE_LIMIT_BYTES = 256 * 2**20

_NAME = re.compile(r"[0-9a-f]{32}")
_CLAIMS = {"format", "service", "version", "objects"}


def scope_claims(scope: Scope) -> dict[str, Any]:
    """Write the claims to sign, names in order."""
    return {
        "format": 1,
        "service": scope.service_id,
        "version": scope.version_id,
        "objects": [[name, scope.lengths[name]] for name in sorted(scope.lengths)],
    }


def parse_scope(claims: Mapping[str, Any]) -> Scope:
    """Read verified claims.

    Raises: DamagedError when they are not a scope.
    """
    service, version, objects = claims.get("service"), claims.get("version"), claims.get("objects")
    if set(claims) != _CLAIMS or claims["format"] != 1 or not isinstance(objects, list):
        raise DamagedError("content.scope_not_valid")
    if not isinstance(service, str) or not isinstance(version, str) or not all(map(_is_object, objects)):
        raise DamagedError("content.scope_not_valid")
    names = [name for name, _length in objects]
    if any(earlier >= later for earlier, later in pairwise(names)):
        raise DamagedError("content.scope_not_valid")
    return Scope(service_id=service, version_id=version, lengths=dict(objects))


def _is_object(entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) != 2:
        return False
    name, length = entry
    return isinstance(name, str) and bool(_NAME.fullmatch(name)) and type(length) is int and length >= 0
